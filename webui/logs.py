"""A build's log as lines with a tone: what is a step, a warning, an error."""

import re
from dataclasses import dataclass

_STAMP = re.compile(r"(?P<time>\d\d:\d\d:\d\d)(?:\.\d+)?[ \t](?P<rest>.*)", re.DOTALL)
_BAD = re.compile(r"\s*(?:\S+> )?(?:fatal |internal )?error\b", re.IGNORECASE)
_WARN = re.compile(r"\s*(?:\S+> )?(?:evaluation )?warning\b", re.IGNORECASE)
_STEP = re.compile(r"(?:building|fetching|copying|downloading|querying|— |== |» )")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line; `tone` is "", "step", "warn" or "bad"."""

    time: str
    text: str
    tone: str


def lines(text: str) -> tuple[LogLine, ...]:
    """Whole lines of a log; a time in front is taken off.

    >>> lines("21:10:02 building linux\\n21:10:03 warning: slow\\n")[1]
    LogLine(time='21:10:03', text='warning: slow', tone='warn')
    >>> [line.tone for line in lines("error: no\\n  CC x.o\\nbuilding y")]
    ['bad', '', 'step']
    """
    return tuple(_line(line) for line in text.splitlines())


def _line(text: str) -> LogLine:
    stamped = _STAMP.fullmatch(text)
    time, rest = (stamped["time"], stamped["rest"]) if stamped else ("", text)
    for tone, pattern in (("bad", _BAD), ("warn", _WARN), ("step", _STEP)):
        if pattern.match(rest):
            return LogLine(time, rest, tone)
    return LogLine(time, rest, "")
