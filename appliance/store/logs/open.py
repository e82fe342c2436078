"""The door to logs, for those who read them."""

from dataclasses import dataclass
from pathlib import Path

LONGEST = 256 * 1024
"""Bytes handed out at once."""


@dataclass(frozen=True, slots=True)
class LogRange:
    """Bytes `start` up to `end` of a log that has `size` so far, as text of whole lines."""

    start: int
    end: int
    size: int
    text: str


def log_range(path: Path, start: int = 0, limit: int = LONGEST) -> LogRange:
    """Read from `start`; a negative one counts from the end.  A missing log is an empty one.

    The range ends after the last newline within `limit`, so that the next one begins with a whole
    line, unless a single line is longer than that.
    """
    try:
        with path.open("rb") as log:
            size = log.seek(0, 2)
            begin = max(0, size + start) if start < 0 else min(start, size)
            log.seek(begin)
            content = log.read(min(max(limit, 1), LONGEST))
    except OSError:
        return LogRange(0, 0, 0, "")
    if start < 0 and begin > 0:
        cut = content.find(b"\n") + 1
        begin, content = begin + cut, content[cut:]
    whole = content.rfind(b"\n") + 1
    if whole and begin + len(content) < size:
        content = content[:whole]
    return LogRange(begin, begin + len(content), size, content.decode("utf-8", "replace"))
