"""Devices that a network does not know: how many asked within the last minute, and what follows.

An invented MAC looks like a new device (RFC 7844 §2.1), so only their number tells.  A network is
*crowded* when more than one in eight of its addresses was asked for by strangers within a minute,
or half of them are in use: then a stranger's first lease is short, and whoever renews it gets a
whole one.  It is *flooded* when more strangers asked than it has addresses: then only devices that
had an address before are given one.
"""

from collections import OrderedDict
from typing import Final

WINDOW_SECONDS: Final = 60.0
FEWEST: Final = 200  # strangers a minute that are no flood, however small the network is
CROWD_SHARE: Final = 8
FIRST_LEASE_SECONDS: Final = 120  # the pool has all of them back this soon


class Strangers:
    """Their MACs and when each asked last (Unix seconds); at most one more than makes a flood."""

    __slots__ = ("_asked", "limit", "size")

    def __init__(self, size: int) -> None:
        """`size` is the number of addresses in the pool."""
        self.size = size
        self.limit = max(size, FEWEST)
        self._asked: OrderedDict[bytes, float] = OrderedDict()

    def met(self, mac: bytes, now: float) -> None:
        """A device that nobody knows asked."""
        asked = self._asked
        asked.pop(mac, None)
        asked[mac] = now
        if len(asked) > self.limit + 1:
            asked.popitem(last=False)

    def succeed(self, before: "Strangers") -> None:
        """Go on where the counting before a new slice was."""
        self._asked = before._asked

    def lately(self, now: float) -> int:
        """How many asked within the last minute; a clock that went back forgets them."""
        asked = self._asked
        while asked and not 0 <= now - next(iter(asked.values())) < WINDOW_SECONDS:
            asked.popitem(last=False)
        return len(asked)

    def crowd(self, now: float) -> bool:
        """Did so many ask that their first leases are short?"""
        return self.lately(now) * CROWD_SHARE > self.size

    def flood(self, now: float) -> bool:
        """Did more ask than there are addresses?"""
        return self.lately(now) > self.limit
