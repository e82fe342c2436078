"""Which names are blocked: sorted 64-bit hashes of a list's names, eight bytes a name.

A list of 200,000 names takes 1.6 MB.  A name is looked up by its own hash and by those of the names
above it.  Two names with one hash are as likely as one in 2^64 for each pair.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from services.dns.wire import name_in_bytes, suffixes

HASH_BYTES = 8


class Hashes:
    """Names of one list: `exact` ones, and `below` those which have everything below them too."""

    __slots__ = ("_below", "_exact")

    def __init__(self, exact: bytes, below: bytes) -> None:
        """Both as `packed` made them."""
        self._exact, self._below = memoryview(exact).cast("Q"), memoryview(below).cast("Q")

    def __len__(self) -> int:
        return len(self._exact) + len(self._below)

    def has(self, hashes: list[int]) -> bool:
        """Is it a name of the list?  The first hash is the name's, the others of those above."""
        if len(self._exact) and _among(self._exact, hashes[0]):
            return True
        return bool(len(self._below)) and any(_among(self._below, one) for one in hashes)


class Blocked:
    """All lists, and the names that are answered nevertheless."""

    def __init__(self, lists: Mapping[str, Hashes], allowed: Iterable[str] = ()) -> None:
        self._lists = dict(lists)
        self._allowed = frozenset(map(name_in_bytes, allowed))

    def __len__(self) -> int:
        return sum(map(len, self._lists.values()))

    def lists_with(self, name: bytes) -> tuple[str, ...]:
        """The lists that block `name`, in wire form; () when it is answered."""
        if not self._lists:
            return ()
        every = suffixes(name)
        if not self._allowed.isdisjoint(every):
            return ()
        hashes = [hash_of(one) for one in every]
        return tuple(key for key, one in self._lists.items() if hashes and one.has(hashes))


def hash_of(name: bytes) -> int:
    """The hash of a name in wire form and lower case."""
    return int.from_bytes(blake2b(name, digest_size=HASH_BYTES).digest(), "little")


def _among(values: memoryview, one: int) -> bool:
    at = bisect_left(values, one)
    return at < len(values) and values[at] == one
