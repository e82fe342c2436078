"""Counters that only grow, as bytes a second now and bytes within each minute."""

from collections.abc import Mapping

from appliance.store.metrics import Rate
from services.devices.table import Count


class Meter:
    """A machine without I/O: `at` is monotonic, in seconds."""

    def __init__(self) -> None:
        self._before: Mapping[str, Count] = {}
        self._at = 0.0
        self._gathered: dict[str, tuple[int, int]] = {}

    def read(self, counts: Mapping[str, Count], at: float) -> dict[str, Rate]:
        """Take what the counters show; the rates since the last reading, of those that moved.

        A counter seen for the first time tells nothing yet; one that is lower than before began
        again at zero.
        """
        seconds = at - self._at
        found: dict[str, Rate] = {}
        for series, count in counts.items():
            before = self._before.get(series)
            if before is None or before == count or seconds <= 0:
                continue
            down, up = _grown(before.down, count.down), _grown(before.up, count.up)
            found[series] = Rate(down / seconds, up / seconds)
            has = self._gathered.get(series, (0, 0))
            self._gathered[series] = has[0] + down, has[1] + up
        self._before, self._at = dict(counts), at
        return found

    def gathered(self) -> dict[str, tuple[int, int]]:
        """Bytes (down, up) since this was asked last."""
        found, self._gathered = self._gathered, {}
        return found


def _grown(before: int, now: int) -> int:
    return now - before if now >= before else now
