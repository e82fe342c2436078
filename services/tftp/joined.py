"""Several pieces of memory read as one, without a copy of the whole."""

from bisect import bisect_right
from collections.abc import Sequence


class Joined:
    """A row of pieces; only slices of it are read."""

    __slots__ = ("_ends", "_size", "_starts", "_views")

    def __init__(self, views: Sequence[memoryview]) -> None:
        self._views = [view for view in views if len(view)]
        self._starts: list[int] = []
        self._ends: list[int] = []
        size = 0
        for view in self._views:
            self._starts.append(size)
            size += len(view)
            self._ends.append(size)
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, wanted: slice) -> bytes | memoryview:
        """The bytes of a slice without a step; a view of them where they are of one piece.

        >>> bytes(Joined([memoryview(b"abc"), memoryview(b"de")])[1:9])
        b'bcde'
        """
        start, stop, _ = wanted.indices(self._size)
        place = bisect_right(self._starts, start) - 1
        if start >= stop:
            return b""
        if stop <= self._ends[place]:
            return self._piece(place, start, stop)
        found = []
        while start < stop:
            end = min(stop, self._ends[place])
            found.append(bytes(self._piece(place, start, end)))
            start, place = end, place + 1
        return b"".join(found)

    def _piece(self, place: int, start: int, stop: int) -> memoryview:
        first = self._starts[place]
        return self._views[place][start - first : stop - first]


Content = memoryview | Joined
