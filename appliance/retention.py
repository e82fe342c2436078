"""Which generations of a host go, and which stay whatever their age.

Pure.  The newest N of each host stay.  So do those that are pinned, that some machine is served,
that a machine runs, downloads or may choose in a menu, and the newest good one: what a host can go
back to is never let go.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeVar

from appliance.generations import Published, Standings, booted, images_of, served

NOBODY: Mapping[str, int] = {}


class Numbered(Published, Protocol):
    """A generation of a host."""

    @property
    def host(self) -> str:
        """Host id."""

    @property
    def number(self) -> int:
        """Of that host."""


One = TypeVar("One", bound=Numbered)


def let_go(
    rows: Iterable[One],
    stands: Standings,
    keep: int,
    *,
    in_use: Collection[str] = (),
    least: Mapping[str, int] = NOBODY,
) -> tuple[One, ...]:
    """The generations that go, of every host; `rows` come newest first.

    `in_use` are images of boots, `least` is how many a host's menus offer.
    """
    hosts: dict[str, list[One]] = {}
    for row in rows:
        hosts.setdefault(row.host, []).append(row)
    return tuple(
        row
        for host, theirs in hosts.items()
        for stay in (kept(theirs, stands, max(1, keep, least.get(host, 0)), in_use),)
        for row in theirs
        if row.number not in stay
    )


def kept(
    rows: Sequence[Numbered], stands: Standings, keep: int, in_use: Collection[str]
) -> frozenset[int]:
    """The numbers of one host's generations that stay."""
    host, used = rows[0].host, set(in_use) | {stands.pins.get(rows[0].host, "")}
    stay = {row.number for row in rows[:keep]}
    stay |= {row.number for row in rows if used.intersection(images_of(row))}
    good = (row.number for row in rows if stands.state(row.image, row.state) == "good")
    stay |= set(list(good)[:1])
    machines = {one for row in rows for one in stands.tallies.get(row.image, {})}
    special = {name for row in rows for name in row.specialisations}
    for machine in ("", *machines):
        for name in (None, *special):
            given = served(rows, stands, host, machine, boots=partial(booted, specialisation=name))
            stay |= {given.number} if given else set()
    return frozenset(stay)


def counted(rows: Iterable[Numbered]) -> str:
    """Whose they are.

    >>> counted(())
    ''
    """
    names: dict[str, int] = {}
    for row in rows:
        name = row.host.rpartition("/")[2]
        names[name] = names.get(name, 0) + 1
    said = [f"{count} of {name}" for name, count in sorted(names.items())]
    if len(said) > 4:
        said = [*said[:3], f"others of {len(said) - 3} more hosts"]
    return " and ".join(part for part in (", ".join(said[:-1]), *said[-1:]) if part)
