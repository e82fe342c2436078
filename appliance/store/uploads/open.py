"""The door to STATE/uploads: web writes it, build reads it.

A file is called by its SHA-256 once all of it is there, and `.<id>` as long as it comes.
"""

import hashlib
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from appliance.errors import Problem, Refused
from appliance.model.files import LARGEST_FILE
from appliance.model.kernels import HEAD_BYTES
from appliance.store.open import free_on

FOLDER = "uploads"
ROOM_BYTES = 256 << 20
"""What stays free on the disk for everything else."""
COMING_SECONDS = 3_600.0
"""A file of which nothing came for so long is not coming any more."""
KEPT_SECONDS = 86_400.0
"""How long a file waits for the form that names it."""


class Coming:
    """One file as it arrives; closed before it is kept, it leaves nothing.

    Raises Refused when it is larger than anything that boots, or than the disk has room for.
    """

    def __init__(self, folder: Path, ident: str) -> None:
        folder.mkdir(mode=0o750, exist_ok=True)
        self._folder = folder
        self._place = folder / f".{ident}"
        self._told = hashlib.sha256()
        self._room = min(LARGEST_FILE, free_on(folder) - ROOM_BYTES)
        self._file = self._place.open("xb", buffering=0)
        self.size = 0
        self.head = b""

    def __enter__(self) -> "Coming":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._place.unlink(missing_ok=True)

    def add(self, piece: bytes) -> None:
        """Take the next bytes."""
        self.size += len(piece)
        if self.size > self._room:
            raise Refused(Problem((), _no_room(self._room)))
        self.head += piece[: HEAD_BYTES - len(self.head)]
        self._told.update(piece)
        self._file.write(piece)

    def keep(self) -> str:
        """All of it is there: keep it under its SHA-256 (hex)."""
        digest = self._told.hexdigest()
        os.fchmod(self._file.fileno(), 0o640)
        os.fsync(self._file.fileno())
        self._place.replace(self._folder / digest)
        return digest


def folder(state: Path) -> Path:
    """Where they lie; the supervisor made it."""
    return state / FOLDER


def arrived(state: Path, sha256: str) -> Path | None:
    """The file with that SHA-256 (hex), None when it is not there."""
    place = folder(state) / sha256
    return place if sha256.isalnum() and place.is_file() else None


def head(state: Path, sha256: str) -> bytes:
    """How the file with that SHA-256 begins; nothing when it is not there."""
    place = arrived(state, sha256)
    if place is None:
        return b""
    with place.open("rb") as file:
        return file.read(HEAD_BYTES)


def sweep(
    state: Path, now: float, *, wanted: Collection[str] = (), had: Collection[str] = ()
) -> None:
    """Remove what stopped coming, and what nobody of `wanted` named for a day.

    What an image `had` goes after an hour: another host may be about to name it, too.
    """
    with suppress(FileNotFoundError):
        for place in folder(state).iterdir():
            short = place.name.startswith(".") or place.name in had
            with suppress(FileNotFoundError):
                age = now - place.stat().st_mtime
                kept = COMING_SECONDS if short else KEPT_SECONDS
                if place.name not in wanted and age > kept:
                    place.unlink()


def _no_room(room: int) -> str:
    if room >= LARGEST_FILE:
        return "This file has 4 GiB or more; firmware and iPXE load less. Send a smaller one."
    return (
        f"The router's disk has room for {max(room, 0) >> 20} MiB, and this file is larger. Remove "
        "hosts that are not used any more, or give it a larger disk."
    )
