"""What all roles say, woven into one order: by time, and within one role's file as it was written.

A place in it is a cursor: one (file, id) for each file, written `boot:12.build:40`.  It does not
depend on clocks, so nothing is told twice or left out when one is set.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from appliance.events import KINDS
from appliance.store.journal import Entry
from appliance.store.reads import FILES, Reads

Cursor = Mapping[str, int]
END = 1 << 62

_PLACE = re.compile(r"([a-z]+):([0-9]{1,18})")


class NotACursor(ValueError):
    """The text was not given by us."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event with the file it is in."""

    file: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of the journal, newest first, and the cursors that lead on from both ends."""

    told: tuple[Told, ...]
    older: Cursor | None  # None: there is nothing older
    newer: Cursor


def older(
    reads: Reads,
    limit: int,
    before: Cursor | None = None,
    *,
    kinds: Collection[str] = KINDS,
    since: float = 0.0,
) -> Page:
    """The newest events, or those before a cursor.  `since` is Unix seconds."""
    ends = _ends(reads)
    at = {file: min(before.get(file, 0) if before else END, ends[file] + 1) for file in FILES}
    found = {
        file: reads.events_back(file, at[file], limit + 1, kinds=kinds, since=since)
        for file in FILES
    }
    told = _woven(found, lambda entry: entry.at)
    for one in told[:limit]:
        at[one.file] = one.entry.seq
    return Page(tuple(told[:limit]), at if len(told) > limit else None, ends)


def newer(reads: Reads, limit: int, after: Cursor, *, kinds: Collection[str] = KINDS) -> Page:
    """The events that follow a cursor; ask again from `newer` for those after them."""
    ends = _ends(reads)
    # A file that ends before the cursor was made anew.
    at = {file: after.get(file, 0) if after.get(file, 0) <= ends[file] else 0 for file in FILES}
    found = {file: reads.events_on(file, at[file], limit, kinds=kinds) for file in FILES}
    told = _woven(found, lambda entry: -entry.at)[:limit]
    full = {one.file for one in told} if len(told) == limit else set()
    for one in told:
        at[one.file] = one.entry.seq
    if not full:
        at = {file: max(at[file], ends[file]) for file in FILES}
    first = {file: entries[0].seq for file, entries in found.items() if entries}
    back = {file: first.get(file, at[file] + 1) for file in FILES}
    return Page(tuple(reversed(told)), back, at)


def read_cursor(text: str) -> Cursor:
    """A cursor from its text.  Raises NotACursor.

    >>> read_cursor("boot:12.build:40")
    {'boot': 12, 'build': 40}
    """
    places = [_PLACE.fullmatch(one) for one in text.split(".")]
    found = {place[1]: int(place[2]) for place in places if place and place[1] in FILES}
    if len(found) != len(places):
        raise NotACursor(f"{text!r} is no place in the journal")
    return found


def cursor_text(cursor: Cursor) -> str:
    """The text of a cursor.

    >>> cursor_text({"build": 40, "boot": 12})
    'boot:12.build:40'
    """
    return ".".join(f"{file}:{seq}" for file, seq in sorted(cursor.items()))


def _ends(reads: Reads) -> dict[str, int]:
    return {file: reads.last_event(file) for file in FILES}


def _woven(found: Mapping[str, list[Entry]], rank: Callable[[Entry], float]) -> list[Told]:
    """Each list kept in its own order; of their heads the one with the highest rank goes first."""
    left = {file: list(reversed(entries)) for file, entries in found.items() if entries}
    told = []
    while left:
        file = max(left, key=lambda name: rank(left[name][-1]))
        told.append(Told(file, left[file].pop()))
        if not left[file]:
            del left[file]
    return told
