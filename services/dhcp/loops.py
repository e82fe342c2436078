"""Breaking boot loops: a loader that never comes up is not handed out for ever.

A MAC that takes a loader HANDOUTS times within WINDOW_SECONDS, without any iPXE of ours having
spoken in between, gets the next loader of the ladder; at the ladder's end it gets no boot file for
REST_SECONDS and so falls to its own disk.  The rung that worked is remembered.
"""

from collections import OrderedDict
from typing import Final

HANDOUTS: Final = 3
WINDOW_SECONDS: Final = 60.0
REST_SECONDS: Final = 300.0
REMEMBERED: Final = 4096  # MACs; the one not seen for longest is forgotten first


class _Record:
    __slots__ = ("rests_until", "rung", "times", "xid")

    def __init__(self) -> None:
        self.rung = 0
        self.times: list[float] = []
        self.xid = -1
        self.rests_until = 0.0


class Loops:
    """What each MAC was handed; a machine without I/O."""

    def __init__(self) -> None:
        self._records: OrderedDict[bytes, _Record] = OrderedDict()

    def rung(self, mac: bytes, now: float) -> int | None:
        """Which loader of the ladder is next for `mac`; None while it rests."""
        record = self._records.get(mac)
        if record is None:
            return 0
        return None if now < record.rests_until else record.rung

    def handed(self, mac: bytes, xid: int, ladder: int, now: float) -> bool:
        """Note that a loader was confirmed to `mac`; True when it has now proved useless.

        `ladder` is the number of loaders there are.  Repeats of one exchange count once.
        """
        record = self._records.get(mac)
        if record is None:
            record = self._records[mac] = _Record()
            if len(self._records) > REMEMBERED:
                self._records.popitem(last=False)
        self._records.move_to_end(mac)
        if xid == record.xid:
            return False
        record.xid = xid
        record.times = [at for at in record.times if now - at < WINDOW_SECONDS]
        record.times.append(now)
        if len(record.times) < HANDOUTS:
            return False
        record.times = []
        record.rung += 1
        if record.rung >= ladder:
            record.rung, record.rests_until = 0, now + REST_SECONDS
        return True

    def spoke(self, mac: bytes) -> None:
        """A loader came up on `mac` and asked for its script."""
        record = self._records.get(mac)
        if record is None:
            return
        if record.rung == 0:
            del self._records[mac]
        else:
            record.times, record.xid = [], -1
