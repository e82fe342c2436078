"""What a binary cache says of one store path, and what its signature is over.

Law: the Nix manual, "Binary Cache" (nix-cache-info, .narinfo); the signed text is
`1;path;sha256:hash;size;references`, references whole and separated by commas, in byte order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.nix.store_path import NAME, STORE, base32, is_derivation, is_store_path

HASH_PART = r"[0-9a-df-np-sv-z]{32}"
NAR_NAME = rf"({HASH_PART})-([0-9a-df-np-sv-z]{{52}})\.nar"
HASH_PART_ONLY = re.compile(HASH_PART)
KEY_NAME_DIGITS = 8
_FACT = re.compile(
    rf"^(StorePath|URL|NarSize): (/nix/store/{NAME}|nar/{NAR_NAME}|\d{{1,19}})$", re.M
)


@dataclass(frozen=True, slots=True)
class PathInfo:
    """A valid store path; `nar_hash` is SHA-256 in Nix's base 32, `deriver` "" when unknown."""

    path: str
    nar_hash: str
    nar_size: int  # bytes
    references: tuple[str, ...]
    deriver: str

    @property
    def hash_part(self) -> str:
        """What it is asked for by."""
        return hash_part(self.path)


@dataclass(frozen=True, slots=True)
class Told:
    """What the server has to know of a narinfo: where the path lies, what its archive is called."""

    path: str
    nar: str  # the name below nar/
    nar_size: int


@dataclass(frozen=True, slots=True)
class Offered:
    """What a cache says of a path, and the signatures under it."""

    info: PathInfo
    signatures: tuple[str, ...]


def hash_part(path: str) -> str:
    """The 32 digits of a store path."""
    return path[len(STORE) + 1 :][:32]


def registrations(dumped: str) -> Iterator[PathInfo]:
    """Read what `nix-store --dump-db` prints.  Raises ValueError on anything else."""
    lines = iter(dumped.splitlines())
    for path in lines:
        try:
            nar_hash = base32(bytes.fromhex(next(lines)))
            size, deriver = int(next(lines)), next(lines)
            references = tuple(next(lines) for _ in range(int(next(lines))))
        except StopIteration:
            raise ValueError(f"nix ended in the middle of {path}") from None
        if not all(map(is_store_path, (path, *references))) or len(nar_hash) != 52:
            raise ValueError(f"nix said something of {path} that cannot be read")
        yield PathInfo(path, nar_hash, size, tuple(sorted(references)), deriver)


def is_given(info: PathInfo) -> bool:
    """May it be given away?  Only what was built: no derivation, no source, no file of a flake.

    What evaluation puts into the store (a flake's tree, its inputs, a file that it names) has no
    deriver; a tree that was fetched by a build is called source.
    """
    return bool(info.deriver) and not is_derivation(info.path) and not _SOURCE.search(info.path)


_SOURCE = re.compile(r"[-.]source$")


def fingerprint(info: PathInfo) -> str:
    """The text that is signed."""
    references = ",".join(info.references)
    return f"1;{info.path};sha256:{info.nar_hash};{info.nar_size};{references}"


def unsigned(info: PathInfo) -> str:
    """The narinfo up to its signature."""
    names = " ".join(one[len(STORE) + 1 :] for one in info.references)
    lines = (
        f"StorePath: {info.path}",
        f"URL: nar/{info.hash_part}-{info.nar_hash}.nar",
        "Compression: none",
        f"FileHash: sha256:{info.nar_hash}",
        f"FileSize: {info.nar_size}",
        f"NarHash: sha256:{info.nar_hash}",
        f"NarSize: {info.nar_size}",
        f"References: {names}",
        f"Deriver: {info.deriver[len(STORE) + 1 :]}",
    )
    return "\n".join(lines) + "\n"


def signed(info: PathInfo, signature: str) -> str:
    """The whole narinfo; `signature` is `name:base64`."""
    return f"{unsigned(info)}Sig: {signature}\n"


def told(text: str) -> Told | None:
    """Read back what `signed` wrote; None when it is not whole."""
    facts = {found[1]: found[2] for found in _FACT.finditer(text)}
    try:
        return Told(facts["StorePath"], facts["URL"].removeprefix("nar/"), int(facts["NarSize"]))
    except (KeyError, ValueError):
        return None


def offered(text: str) -> Offered | None:
    """Read anybody's narinfo; None when it is none."""
    lines = [line.partition(": ") for line in text.splitlines()]
    facts = {name: value for name, sign, value in lines if sign}
    try:
        path, size = facts["StorePath"], int(facts["NarSize"])
        kind, _, digest = facts["NarHash"].partition(":")
        references = tuple(f"{STORE}/{one}" for one in facts.get("References", "").split())
    except (KeyError, ValueError):
        return None
    if kind != "sha256" or not all(map(is_store_path, (path, *references))):
        return None
    info = PathInfo(path, digest, size, tuple(sorted(references)), facts.get("Deriver", ""))
    return Offered(info, tuple(value for name, _, value in lines if name == "Sig"))
