"""DOOR: which loaders are installed, told from the files themselves.

Below the loaders folder lies one folder per unpacked package version.  Packages name and place
their files differently, so a file's kind is read from its first bytes: the machine field of an EFI
program, the extension of a BIOS one.  Of two with the same name the newer package's wins; those
that read `autoexec.ipxe` stand first, because they lead to the script seconds earlier.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.netboot.architecture import KINDS, Kind
from services.netboot.recipe import Loaders

EXPECTED = ("bios", "x64", "ia32", "arm64")
"""Kinds whose loaders the owner hears of when they are missing; the others are served if found."""

OWN_FOLDER = "own"
"""Below the loaders folder: what the owner put there, where no package has it."""

PROGRAMS: Mapping[int, str] = {
    kind.program: recipe for recipe, kind in KINDS.items() if kind.program is not None
}
"""The machine field of a PE header to the recipe folder."""

AUTOEXEC = (b"autoexec.ipxe", "autoexec.ipxe".encode("utf-16-le"))
LARGEST_LOADER = 16 << 20


@dataclass(frozen=True, slots=True)
class Installed:
    """What was found.  `files` maps "x64/snponly.efi" to its path; `missing` are sentences."""

    loaders: Loaders
    files: Mapping[str, Path]
    autoexec: frozenset[str]  # names of `files` that read autoexec.ipxe
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loader:
    """One program: `recipe` its folder, `name` the file name it is served by."""

    recipe: str
    name: str
    path: Path
    autoexec: bool


def installed(folder: Path) -> Installed:
    """Look through every package version below `folder`; a missing folder holds nothing."""
    best: dict[str, Loader] = {}
    for package in sorted(_folders(folder), key=lambda one: age(one.name)):
        for loader in _loaders(package):
            best[f"{loader.recipe}/{loader.name}"] = loader  # the newest comes last
    files = {key: loader.path for key, loader in best.items()}
    autoexec = frozenset(key for key, loader in best.items() if loader.autoexec)
    ladders = {recipe: _ladder(recipe, autoexec, files) for recipe in KINDS}
    return Installed(
        Loaders({recipe: names for recipe, names in ladders.items() if names}),
        files,
        autoexec,
        tuple(_missing(KINDS[one], folder) for one in EXPECTED if not ladders[one]),
    )


def _missing(kind: Kind, folder: Path) -> str:
    without = (
        f"No loader for {kind.words} is installed: such machines get an address and nothing to"
        " boot. "
    )
    if not kind.package:
        return without + "Run the set-up again, it unpacks one."
    return without + (
        f"No package of Debian has one: build iPXE's {kind.package}/ipxe.efi, put it into"
        f" {folder / OWN_FOLDER} and start Nixie again."
    )


def age(name: str) -> tuple[int, ...]:
    """The numbers in a folder's name, which sort as the package's versions do.

    >>> age("ipxe-1.0.0+git-20190125") < age("ipxe_1.21.1+git20250501") < age("ipxe-2.0.0")
    True
    """
    return tuple(int(digits) for digits in re.findall(r"\d+", name))


def recipe_of(head: bytes) -> str | None:
    """The recipe folder for a program's first bytes, None when it is not an EFI program.

    The PE header stands where the field at 0x3c says (PE format, MS-DOS stub).
    """
    if head[:2] != b"MZ" or len(head) < 0x40:
        return None
    at = int.from_bytes(head[0x3C:0x40], "little")
    if head[at : at + 4] != b"PE\0\0":
        return None
    return PROGRAMS.get(int.from_bytes(head[at + 4 : at + 6], "little"))


def _ladder(recipe: str, autoexec: frozenset[str], files: Mapping[str, Path]) -> tuple[str, ...]:
    found = [name for name in KINDS[recipe].loaders if f"{recipe}/{name}" in files]
    return tuple(sorted(found, key=lambda name: f"{recipe}/{name}" not in autoexec))


def _folders(folder: Path) -> list[Path]:
    return [one for one in folder.iterdir() if one.is_dir()] if folder.is_dir() else []


def _loaders(package: Path) -> Iterator[Loader]:
    for path in sorted(package.rglob("*")):
        if path.suffix not in (".efi", ".kpxe", ".pxe") or not path.is_file():
            continue
        if path.name in KINDS["bios"].loaders:
            yield Loader("bios", path.name, path, autoexec=False)
        elif path.suffix == ".efi" and path.stat().st_size <= LARGEST_LOADER:
            yield from _efi(path)


def _efi(path: Path) -> Iterator[Loader]:
    content = path.read_bytes()
    recipe = recipe_of(content[:4096])
    if recipe is None or "shim" in path.name:
        return
    reads = any(word in content for word in AUTOEXEC)
    for name in KINDS[recipe].loaders:
        if name.split(".")[0] in path.name:
            yield Loader(recipe, name, path, reads)
            return
