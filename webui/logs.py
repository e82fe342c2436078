"""A build's log as lines with a tone: what is a step, a warning, an error."""

import re
from typing import NamedTuple

_SAID = re.compile(r"(?P<who>[A-Za-z0-9+._?=-]{1,120})> ?(?P<rest>.*)", re.DOTALL)
_BAD = re.compile(r"\s*(?:fatal |internal )?error\b", re.IGNORECASE)
_WARN = re.compile(r"\s*(?:evaluation )?warning\b", re.IGNORECASE)
_STEP = re.compile(r"(?:building|fetching|copying|downloading|querying|Generation) ")


class LogLine(NamedTuple):
    """One line; `who` is the derivation that said it, "" for nix and for the same as before.

    `tone` is "", "step", "warn" or "bad".
    """

    who: str
    text: str
    tone: str


def lines(text: str) -> tuple[LogLine, ...]:
    """Whole lines of a log; the name in front is taken off.

    >>> lines("linux> unpacking\\nlinux> warning: slow\\n")[1]
    LogLine(who='', text='warning: slow', tone='warn')
    >>> [line.tone for line in lines("error: no\\nlinux>   CC x.o\\nbuilding y")]
    ['bad', '', 'step']
    """
    found, before = [], ""
    for each in text.splitlines():
        said = _SAID.fullmatch(each)
        who, rest = (said["who"], said["rest"]) if said else ("", each)
        found.append(LogLine(who if who != before else "", rest, _tone(rest)))
        before = who
    return tuple(found)


def _tone(text: str) -> str:
    for tone, pattern in (("bad", _BAD), ("warn", _WARN), ("step", _STEP)):
        if pattern.match(text):
            return tone
    return ""
