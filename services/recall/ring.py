"""The newest of what came, and no more than that: a flood costs the oldest, never memory."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Ring(Generic[Thing]):
    """The newest `most` things.  `came` counts all that ever came."""

    def __init__(self, most: int) -> None:
        self._kept: deque[Thing] = deque(maxlen=most)
        self.came = 0

    def put(self, thing: Thing) -> None:
        """It came just now."""
        self._kept.append(thing)
        self.came += 1

    def newest(self) -> Iterator[Thing]:
        """From the newest on.

        >>> ring = Ring[str](2)
        >>> for word in ("a", "b", "c"): ring.put(word)
        >>> list(ring.newest()), ring.came
        (['c', 'b'], 3)
        """
        return reversed(self._kept)
