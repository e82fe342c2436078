"""DOOR: nix on the owner's own computer builds a host of a flake, as the router would.

The same adapter looks at it, so the same derivations come of it.  Evaluation is impure only in that
the working tree counts as it is, with what is not committed.
"""

import hashlib
import json
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from appliance.errors import Problem, Refused
from appliance.model.closures import Closure
from appliance.model.pushed import Piece
from services.nix.assembly import wanted_files
from services.nix.calls import NO_CACHE
from services.nix.expression import literal, string
from services.nix.path_sizes import asked, read
from services.nix.recipe import Recipe, recipe

ADAPTER = Path(__file__).parent.parent / "adapter"
FEATURES = ("--extra-experimental-features", "nix-command flakes")
READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Built:
    """A host as it was built here, and its files by the hash of their bytes."""

    look: Mapping[str, Any]
    pieces: tuple[Piece, ...]
    revision: str
    nix: str
    where: str
    closure: Closure  # of its toplevel; empty where nix does not say it

    @contextmanager
    def opened(self, piece: Piece) -> Iterator[BinaryIO]:
        """The bytes of one of its pieces."""
        with _real(piece.path).open("rb") as file:
            yield file


def built(nix: Path | None, flake: str, host: str, *, as_built: bool) -> Built:
    """Look at a host of the flake at `flake` (a directory, or an address), and build it.

    `nix` is taken where the computer has none of its own.  What nix says goes to standard error.
    Raises Refused.
    """
    program = shutil.which("nix") or (str(nix) if nix else "")
    if not program:
        raise Refused(Problem(("nix",), "There is no nix here. Install it, then push again."))
    told = json.loads(
        _said(
            program, "eval", "--impure", "--json", *FEATURES, "--expr", _look(flake, host, as_built)
        )
    )
    made = recipe(told["look"])
    _said(
        str(Path(program).with_name("nix-store")), "--realise", "--no-gc-warning", *made.derivations
    )
    version = _said(program, "--version").split()[-1]
    pieces = tuple(_piece(path) for path in _files(made))
    closure = _contents(program, made.toplevel)
    return Built(told["look"], pieces, told["revision"], version, platform.node(), closure)


def address(flake: str) -> str:
    """The URL of a flake in a directory: of its working tree when git keeps it, as it is else."""
    place = Path(flake).resolve()
    if not place.is_dir():
        return flake
    for folder in (place, *place.parents):
        if (folder / ".git").exists():
            below = "" if folder == place else f"?dir={quote(str(place.relative_to(folder)))}"
            return f"git+file://{quote(str(folder))}{below}"
    return f"path:{quote(str(place))}"


def _look(flake: str, host: str, as_built: bool) -> str:
    return (
        f"let flake = builtins.getFlake {string(address(flake))}; in {{"
        f" look = import {ADAPTER}/introspect.nix"
        f" {{ inherit flake; host = {string(host)}; asBuilt = {literal(as_built)}; }};"
        ' revision = flake.sourceInfo.rev or flake.sourceInfo.dirtyRev or ""; }'
    )


def _said(*argv: str) -> str:
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        what = f"{Path(argv[0]).name} failed; what it said stands above. Nothing was pushed."
        raise Refused(Problem(("nix",), what))
    return done.stdout


def _contents(program: str, path: str) -> Closure:
    done = subprocess.run(
        (program, *asked(path), *NO_CACHE),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    try:
        return read(done.stdout)
    except ValueError:
        return {}


def _files(made: Recipe) -> list[str]:
    every = (made, *made.specialisations.values())
    return sorted({path for one in every for path in wanted_files(one).values()})


def _piece(path: str) -> Piece:
    told, place = hashlib.sha256(), _real(path)
    with place.open("rb", buffering=0) as file:
        while content := file.read(READ_BYTES):
            told.update(content)
    return Piece(path, told.hexdigest(), place.stat().st_size)


def _real(path: str) -> Path:
    """The regular file that is meant: a folder with one file in it is that file."""
    place = Path(path)
    if place.is_dir():
        found = [one for one in place.iterdir() if one.is_file() and not one.is_symlink()]
        if len(found) == 1:
            return found[0]
    if not place.is_file():
        raise Refused(Problem(("nix",), f"nix made no file {path}."))
    return place
