"""What nix says while it works: `--log-format internal-json`, as Nix 2.8 to 2.34 write it.

`LogLines` is fed one line of standard error at a time.  Lines are `@nix {json}` with the actions
start, stop, result and msg (nix's logging.hh); everything else is a line somebody printed.  Stops
come without starts, "parent" is missing on 2.8, texts carry terminal colours.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ANSI = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Of terminals, C1 as well; what ends lines elsewhere; what turns the order of letters round."""
BUILD, BUILDS, COPY, DOWNLOAD, SUBSTITUTE, FETCH = 105, 104, 100, 101, 108, 112
LINE, POST_BUILD_LINE, PHASE, PROGRESS, EXPECTED = 101, 107, 104, 105, 106
WARNING, NOTICE = 1, 3  # verbosity levels of messages
LONGEST_LINE = 4_000
LONGEST_TRACE = 100_000
MESSAGES_KEPT = 50
BROKEN_OFF = re.compile(r"unable to download '(https?://\S+?)/nar/[^']+': HTTP error 20[06]\b")
"""An archive of a cache began and did not end: the connection broke, or nothing came any more."""
NAMELESS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Line:
    """A line for the log.  `of` names the derivation that printed it, "" for nix itself."""

    text: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The work as a whole moved on; `phase` is what a person reads."""

    phase: str
    done: int  # derivations
    expected: int


Told = Line | Step


@dataclass(slots=True)
class Running:
    """A derivation that is being built, and how many lines it printed so far."""

    name: str
    lines: int = 0


class LogLines:
    """Memory of one nix process.  `errors` are its messages, the last one the real one; `helped`
    are the computers that built something of it, by the names that `machines` has for them,
    `places` those by what each built, and
    `running` the builds by nix's number for each, of which `working` have not ended: nix may be
    late to say which did."""

    def __init__(self, machines: Mapping[str, str] = NAMELESS) -> None:
        self._machines = machines
        self.helped: dict[str, None] = {}
        self.places: dict[str, str] = {}
        self.errors: list[str] = []
        self.trace = ""  # the last error with all nix says about how it came there
        self.failed: list[str] = []  # derivations named by an error, newest last
        self.last_lines: list[str] = []  # what builders printed last
        self.warnings: list[str] = []
        self.printed: list[str] = []  # lines outside the protocol, newest last
        self.done = 0
        self.expected = 0
        self.running: dict[int, Running] = {}
        self.working = 0
        self._broken: set[str] = set()  # caches of which that was said
        self._works: dict[int, tuple[int, str]] = {}  # id → (type, name)
        self._phases: dict[int, str] = {}

    @property
    def error(self) -> str:
        """The last error, "" when nix reported none."""
        return self.errors[-1] if self.errors else ""

    def feed(self, line: str) -> tuple[Told, ...]:
        """Take one line without its end; returns what is worth telling, often nothing."""
        if not line.startswith("@nix "):
            text = clean(line)
            self.printed = [*self.printed[-19:], text] if text else self.printed
            return (Line(text),) if text else ()
        try:
            told = json.loads(line[5:])
            action = ACTIONS.get(told["action"])
            return action(self, told) if action else ()
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return (Line(clean(line[5:])),)

    def _start(self, told: Mapping[str, Any]) -> tuple[Told, ...]:
        kind, fields = int(told.get("type", 0)), told.get("fields", [])
        name = named(str(fields[0])) if fields else ""
        self._works[told["id"]] = (kind, name)
        if kind == BUILD:
            self.running[told["id"]] = Running(name)
        verb = STARTED.get(kind)
        if verb is None or not name:
            return ()
        there = str(fields[1]) if kind == BUILD and len(fields) > 1 else ""
        if not there:
            return self._step(f"{verb} {name}")
        by = self._machines.get(there, clean(there))
        self.helped[by], self.places[name] = None, by
        return self._step(f"{verb} {name} on {by}")

    def _stop(self, told: Mapping[str, Any]) -> tuple[Told, ...]:
        self._works.pop(told["id"], None)
        self.running.pop(told["id"], None)
        self._phases.pop(told["id"], None)
        return ()

    def _result(self, told: Mapping[str, Any]) -> tuple[Told, ...]:
        kind, fields = told["type"], told["fields"]
        work, name = self._works.get(told["id"], (0, ""))
        if kind in (LINE, POST_BUILD_LINE):
            if told["id"] in self.running:
                self.running[told["id"]].lines += 1
            text = clean(str(fields[0]))
            self.last_lines = [*self.last_lines[-9:], text]
            return (Line(text, name),)
        if kind == PHASE:
            return self._step(f"{name}: {clean(str(fields[0]))}")
        if kind == PROGRESS and work == BUILDS:
            self.working = int(fields[2]) if len(fields) > 2 else 0
            if not self.working:
                self.running.clear()
            moved = (int(fields[0]), int(fields[1])) != (self.done, self.expected)
            self.done, self.expected = int(fields[0]), int(fields[1])
            return self._step("") if moved else ()
        return ()

    def _message(self, told: Mapping[str, Any]) -> tuple[Told, ...]:
        level = int(told.get("level", 3))
        text = clean(str(told.get("raw_msg") or told.get("msg", "")))
        if level == 0 and ("raw_msg" in told or text.startswith("error")):
            text = clean(str(told.get("msg", "")), lines=True) or text
            raw = clean(str(told.get("raw_msg", "")), lines=True)
            self.trace = text
            self.errors = [*self.errors[-MESSAGES_KEPT:], real_error(raw or text)]
            self.failed += [named(one) for one in re.findall(r"/nix/store/\S+?\.drv", text)]
            return (*(Line(one) for one in text.splitlines() if one.strip()), *self._broke(text))
        if level <= WARNING:
            self.warnings = [*self.warnings[-MESSAGES_KEPT:], text]
        return (Line(text),) if text and level <= NOTICE else ()

    def _broke(self, text: str) -> tuple[Line, ...]:
        """What it means that a cache broke off, once for each."""
        new = [one for one in BROKEN_OFF.findall(text) if one not in self._broken]
        self._broken.update(new)
        after = "other caches are asked for it, and what none of them gives is built."
        return tuple(Line(f"{one} broke off in the middle of an archive: {after}") for one in new)

    def _step(self, phase: str) -> tuple[Told, ...]:
        return (Step(phase, self.done, self.expected),)


def clean(text: str, *, lines: bool = False) -> str:
    r"""`text` without terminal controls, cut to a bearable length; one line unless `lines`.

    >>> clean("\x1b[31;1merror:\x1b[0m no\r")
    'error: no'
    """
    text = CONTROL.sub("", ANSI.sub("", text))
    if lines:
        return text.rstrip()[-LONGEST_TRACE:]  # the error itself comes last
    return text.replace("\n", " ").rstrip()[:LONGEST_LINE]


def named(path: str) -> str:
    """The human part of a store path; other texts unchanged.

    >>> named("/nix/store/zrdwlhkzi2zdl0fmxa1b1n6kjnkn39xg-linux-6.12.drv")
    'linux-6.12'
    """
    match = re.fullmatch(
        r"/nix/store/[0-9a-z]{32}-(.*?)(?:\.drv(?:\^.*)?)?", path.rstrip("'\".,;:")
    )
    return match.group(1) if match else clean(path)


def real_error(text: str) -> str:
    """The error itself out of a trace: what follows the last "error:".

    >>> real_error("error:\\n … while calling\\n\\n error: you forgot the secret")
    'you forgot the secret'
    """
    _, found, rest = text.rpartition("error:")
    told = rest if found else text
    return "\n".join(line.strip() for line in told.strip().splitlines()).strip()


STARTED: Mapping[int, str] = {
    BUILD: "building",
    COPY: "copying",
    SUBSTITUTE: "fetching",
    DOWNLOAD: "downloading",
    FETCH: "fetching",
}
"""Kinds of activity that a person wants to see."""

ACTIONS = {
    "start": LogLines._start,
    "stop": LogLines._stop,
    "result": LogLines._result,
    "msg": LogLines._message,
}
