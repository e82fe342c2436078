"""What a build needs and the router does not have: room on the disk, memory.

Sizes are bytes.  What will be fetched is read from what `nix-store --realise --dry-run` prints (Nix
2.8 to 2.34); how large things are that will be built is known only from the image before.
"""

import re
from dataclasses import dataclass
from itertools import takewhile

UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
SIZE = r"([\d.]+) ([KMGT]?i?B)"
FETCHED = re.compile(rf"will be fetched \({SIZE} download, {SIZE} unpacked\)")
FREED = re.compile(rf"paths? deleted, {SIZE} freed")
BUILT = re.compile(r"(?:these (\d+) derivations|this derivation) will be built")


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a build will put into the store: bytes to fetch, and whether anything is built."""

    fetched: int
    builds: bool
    download: int = 0  # bytes that come over the network, packed
    derivations: int = 0  # to be built


def forecast(printed: str) -> Forecast:
    """Read a dry run; nothing at all when everything is there."""
    packed = unpacked = 0
    for down, down_unit, up, up_unit in FETCHED.findall(printed):
        packed += int(float(down) * UNITS.get(down_unit, 0))
        unpacked += int(float(up) * UNITS.get(up_unit, 0))
    built = sum(int(many or 1) for many in BUILT.findall(printed))
    return Forecast(unpacked, built > 0, packed, built)


def freed(printed: str) -> int:
    """Bytes that the garbage collector says it freed.

    >>> freed("12 store paths deleted, 3.50 MiB freed"), freed("")
    (3670016, 0)
    """
    return sum(int(float(size) * UNITS.get(unit, 0)) for size, unit in FREED.findall(printed))


def unbuilt(printed: str) -> frozenset[str]:
    """The derivations that a dry run says would be built.

    >>> unbuilt("these 1 derivations will be built:\\n  /nix/store/x.drv\\nthese 2 paths will be")
    frozenset({'/nix/store/x.drv'})
    """
    _, _, after = printed.partition("will be built:\n")
    lines = after.splitlines()
    return frozenset(line.strip() for line in takewhile(lambda line: line.startswith("  "), lines))


def needed(told: Forecast, last: int) -> int:
    """Bytes of the store's disk that a build takes; `last` is the size of the image before."""
    return told.fetched + (last if told.builds else 0)


def disk(told: Forecast, last: int, free: int) -> str:
    """Why a build that needs more than what is `free` is not begun."""
    parts = [f"{amount(told.fetched)} to fetch"] * bool(told.fetched)
    if told.builds and last:
        parts.append(f"{amount(last)} for an image like the last one")
    return (
        f"It needs about {amount(needed(told, last))} on the disk of the store "
        f"({' and '.join(parts)}), and {amount(free)} are free. Make room on it or give it more, "
        "then build again."
    )


def memory(what: str, limit: int | None) -> str:
    """Why the kernel ended a build, `what` being its derivation and `limit` that of all builds."""
    more = (
        f"than the {amount(limit)} that all builds together may take here"
        if limit
        else "than there is"
    )
    return (
        f"{what} needed more memory {more}, and was stopped. Give the router more memory, or set "
        "NIXIE_BUILD_GIBIBYTES to let builds take more of it."
    )


def amount(size: int) -> str:
    """Bytes as a person says them.

    >>> amount(3 << 30), amount(41_000_000), amount(1_200)
    ('3.0 GiB', '39 MiB', '1 KiB')
    """
    if size >= UNITS["GiB"]:
        return f"{size / UNITS['GiB']:.1f} GiB"
    unit = "MiB" if size >= UNITS["MiB"] else "KiB"
    return f"{size / UNITS[unit]:.0f} {unit}"
