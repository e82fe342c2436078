"""Lists of blocked names, as people write them, made into sorted hashes.

Three forms, mixed as they come: a hosts file (an address, then names, each blocked alone), a domain
on each line (blocked with everything below it, also written `*.domain`), and the simplest rules of
ad blockers (`||domain^`).  What is none of these is left out: a list may have rules that only a
browser can follow.
"""

import re
from array import array
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from appliance.model.dns import LABEL, LONGEST_NAME
from appliance.store.names import ListRow
from services.dns.blocked import hash_of
from services.dns.labels import name_in_bytes

MOST_NAMES = 2_000_000
"""Of one list: 16 MB of hashes."""
LINE_LENGTH = 1_000
FIRST_RETRY_SECONDS, RETRY_SECONDS = 30.0, 600.0
"""After a list could not be fetched: before it ever was, and later."""

_NAME = re.compile(rf"{LABEL}(\.{LABEL})+")
_RULE = re.compile(r"\|\|([^/^$*]+)\^(\$(important|all|document|third-party))?")
_COMMENT = re.compile(r"(^|\s)[#!].*")


class Names:
    """The hashes of one list as it is read."""

    def __init__(self) -> None:
        self._exact, self._below = array("Q"), array("Q")

    def __len__(self) -> int:
        return len(self._exact) + len(self._below)

    def read(self, line: str) -> None:
        """Take one line of a list."""
        if len(self) >= MOST_NAMES:
            return
        for name, alone in named(line):
            (self._exact if alone else self._below).append(hash_of(name_in_bytes(name)))

    def packed(self) -> tuple[bytes, bytes]:
        """Names alone, and names with those below: sorted, each once, eight bytes each."""
        return _packed(self._exact), _packed(self._below)


def named(line: str) -> Iterator[tuple[str, bool]]:
    """The names on a line, each with whether it stands for itself alone.

    >>> list(named("0.0.0.0 ads.example  # bad")), list(named("||ads.example^"))
    ([('ads.example', True)], [('ads.example', False)])
    """
    words = _COMMENT.sub("", line[:LINE_LENGTH]).lower().split()
    if len(words) > 1 and _is_address(words[0]):
        yield from ((one, True) for one in words[1:] if _is_name(one))
    elif len(words) == 1:
        rule = _RULE.fullmatch(words[0])
        name = rule[1] if rule else words[0].removeprefix("*.")
        if _is_name(name):
            yield name, False


def of_owner(names: Iterable[str]) -> bytes:
    """The hashes of names that the owner blocks, as `Names.packed` gives them."""
    return _packed(array("Q", (hash_of(name_in_bytes(one)) for one in names)))


def _packed(hashes: "array[int]") -> bytes:
    return array("Q", sorted(set(hashes))).tobytes()


def _is_name(text: str) -> bool:
    fits = len(text) <= LONGEST_NAME and _NAME.fullmatch(text) is not None
    return fits and not _is_address(text)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def due_at(row: ListRow | None, refresh_hours: int, now: float) -> float:
    """When a list is to be fetched next, in Unix seconds.

    A clock that was set back makes it due at once, and not in some years.
    """
    if row is None or row.tried_at > now:
        return now
    if row.fetched_at is None:
        return row.tried_at + FIRST_RETRY_SECONDS
    return row.tried_at + (RETRY_SECONDS if row.problem else refresh_hours * 3600.0)
