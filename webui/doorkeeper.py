"""Who is let in: so many connections from one address, so many of all.

A machine with memory; time is an argument.  When there is no room, the connection that has waited
longest without a request makes room; those at work are left alone.  Silence therefore never keeps
anybody out.
"""

from dataclasses import dataclass

Key = int


@dataclass(slots=True)
class _Visit:
    """One connection: where from, and since when it asks nothing (None: it is at work)."""

    address: str
    idle_since: float | None


class Doorkeeper:
    """Counts connections; whoever opens them gives each its own key."""

    def __init__(self, *, per_address: int, together: int) -> None:
        self._per_address = per_address
        self._together = together
        self._visits: dict[Key, _Visit] = {}

    def enters(self, key: Key, address: str, now: float) -> Key | None:
        """Somebody comes.  Returns who has to go for it: None nobody, or the newcomer itself."""
        goes = self._goes(address, key)
        if goes != key:
            self._visits[key] = _Visit(address, now)
        if goes is not None:
            self._visits.pop(goes, None)
        return goes

    def works(self, key: Key) -> None:
        """A whole request came."""
        if visit := self._visits.get(key):
            visit.idle_since = None

    def waits(self, key: Key, now: float) -> None:
        """It was answered."""
        if visit := self._visits.get(key):
            visit.idle_since = now

    def leaves(self, key: Key) -> None:
        """It hung up."""
        self._visits.pop(key, None)

    def _goes(self, address: str, newcomer: Key) -> Key | None:
        crowd = {key: one for key, one in self._visits.items() if one.address == address}
        if len(crowd) < self._per_address:
            if len(self._visits) < self._together:
                return None
            crowd = self._visits
        idle = [(one.idle_since, key) for key, one in crowd.items() if one.idle_since is not None]
        return min(idle)[1] if idle else newcomer
