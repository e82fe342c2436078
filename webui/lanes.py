"""A boot's steps gathered into lanes: the phases a person can tell apart.

Steps of one lane that follow each other make one span.  The kernel has no steps of its own: its
span is the time between the last byte of the last part and the phone call home.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from appliance.store.boots import BootRow, StepRow

_LANES: Mapping[str, str] = {
    "dhcp": "DHCP",
    "loader": "Loader",
    "script": "Script",
    "hold": "Waiting",
    "part": "Image",
    "kernel": "Kernel",
    "up": "Phone home",
}
_OF_KIND: Mapping[str, str] = {
    "dhcp": "dhcp",
    "loader": "loader",
    "autoexec": "loader",
    "script": "script",
    "menu": "script",
    "report": "script",
    "hold": "hold",
    "part": "part",
    "up": "up",
}
RUNNING = frozenset({"asking", "loading", "starting"})
_STARTED = frozenset({"starting", "up", "served", "short"})


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds since the boot began."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Lane:
    """One phase of one boot.  `state`: done, live, fell, silent (nothing heard), unreached."""

    key: str
    title: str
    spans: tuple[Span, ...]
    steps: tuple[StepRow, ...]
    state: str = "done"

    @property
    def took(self) -> float:
        """Seconds in this phase, all spans together."""
        return sum(span.end - span.start for span in self.spans)

    @property
    def bytes(self) -> int:
        """Bytes sent in this phase."""
        return sum(step.bytes or 0 for step in self.steps)


def lanes(boot: BootRow, steps: Sequence[StepRow], now: float) -> tuple[Lane, ...]:
    """The phases of a boot in order; at least DHCP, the kernel and the call home are there."""
    end = (boot.ended_at or now) - boot.began_at
    found = {key: _lane(key, boot, steps, end) for key in _LANES}
    if boot.state in _STARTED and _sent(found["part"].steps):
        found["kernel"] = _kernel(boot, found, end)
    reached = [key for key, lane in found.items() if lane.spans]
    if reached and boot.state in {*RUNNING, "short"}:
        last = max(reached, key=lambda key: found[key].spans[-1].end)
        found[last] = _ended(found[last], "live" if boot.state in RUNNING else "fell")
    always = {"dhcp", "kernel", "up"} if boot.state not in {"local", "held", "menu"} else set()
    return tuple(lane for key, lane in found.items() if lane.spans or key in always)


def phases(found: Sequence[Lane]) -> tuple[float, ...]:
    """The lengths for a strip, in seconds, together the whole boot: a silence belongs to the phase
    before it."""
    spans = sorted((span.start, span.end, n) for n, one in enumerate(found) for span in one.spans)
    lengths = [0.0] * len(found)
    for (start, _, n), (following, _, _) in pairwise(spans):
        lengths[n] += following - start
    if spans:
        start, _, n = spans[-1]
        lengths[n] += max(end for _, end, _ in spans) - start
    return tuple(lengths)


def ending(boot: BootRow) -> str:
    """How a strip of this boot ends: "", "bad" or "live"."""
    if boot.state == "short":
        return "bad"
    return "live" if boot.state in RUNNING else ""


def length(boot: BootRow, now: float) -> float:
    """Seconds from the first packet to the end, or until now."""
    return max(0.0, (boot.ended_at or now) - boot.began_at)


def usual(good: Sequence[Sequence[Lane]]) -> Mapping[str, float]:
    """The median seconds per lane over good boots; nothing from fewer than two."""
    if len(good) < 2:
        return {}
    taken: dict[str, list[float]] = {}
    for each in good:
        for lane in each:
            if lane.spans:
                taken.setdefault(lane.key, []).append(lane.took)
    return {key: median(values) for key, values in taken.items()}


def _lane(key: str, boot: BootRow, steps: Sequence[StepRow], end: float) -> Lane:
    spans: list[Span] = []
    mine = []
    before = None
    for step in steps:
        lane = _OF_KIND.get(step.kind, "script")
        if lane == key:
            mine.append(step)
            start = step.began_at - boot.began_at
            stop = step.ended_at - boot.began_at if step.ended_at is not None else start
            if step.status == "running":
                stop = end
            spans = _joined(spans, Span(max(start, 0.0), max(stop, start, 0.0)), before == key)
        before = lane
    return Lane(key, _LANES[key], tuple(spans), tuple(mine), "done" if spans else "unreached")


def _joined(spans: list[Span], span: Span, follows: bool) -> list[Span]:
    if spans and (follows or span.start <= spans[-1].end):
        last = spans[-1]
        return [*spans[:-1], Span(last.start, max(last.end, span.end))]
    return [*spans, span]


def _sent(parts: Sequence[StepRow]) -> bool:
    """Everything the machine asked for went out; a part that was asked for again counts once."""
    last = {step.name: step.status for step in parts}
    return bool(last) and all(status == "ok" for status in last.values())


def _kernel(boot: BootRow, found: Mapping[str, Lane], end: float) -> Lane:
    start = found["part"].spans[-1].end
    called = found["up"].spans
    if boot.state == "served":
        return Lane("kernel", _LANES["kernel"], (), (), "unreached")
    return Lane("kernel", _LANES["kernel"], (Span(start, called[0].start if called else end),), ())


def _ended(lane: Lane, state: str) -> Lane:
    silent = state == "fell" and lane.key == "kernel"
    return Lane(lane.key, lane.title, lane.spans, lane.steps, "silent" if silent else state)
