"""Geometry for the pictures on the pages: seconds in, percent out; amounts in, a line out.

A picture is a tuple of `Rect`s; the template prints them as SVG attributes and the style sheet
colours them by class, so that no page needs an inline style.
"""

from collections.abc import Sequence
from typing import NamedTuple

DIVISIONS = 10
_QUICK = 8  # divisions before a break; the other two are the slow rest
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600)
_BREAK_FROM = 3.0  # a rest longer than this many times the busy part is drawn at its own scale


class Rect(NamedTuple):
    """A bar from `x` to `x + width`, both in percent of the picture, ready to print."""

    kind: str  # a class in nixie.css: "bar", "bar live", "bar bad", "silence", "usual"
    x: str
    width: str


class Label(NamedTuple):
    """A number below a rule; `wide` ones are left out on a narrow screen."""

    text: str
    wide: bool


class Axis(NamedTuple):
    """Seconds to percent; after `until` seconds the scale changes at `at` percent.

    >>> Axis(20.0).percent(5)
    25.0
    >>> Axis(136, 16, 80).percent(16), Axis(136, 16, 80).percent(76)
    (80.0, 90.0)
    """

    total: float
    until: float | None = None
    at: float = 100.0

    @property
    def slow(self) -> str:
        """Where the shaded part begins and how wide it is: "80", or "" without a break."""
        return f"{self.at:g}" if self.until is not None else ""

    def percent(self, seconds: float) -> float:
        """The place of a moment, never outside the picture."""
        seconds = min(max(seconds, 0.0), self.total)
        if self.until is None or seconds <= self.until:
            return seconds * self.at / (self.until or self.total)
        return self.at + (100 - self.at) * (seconds - self.until) / (self.total - self.until)

    def labels(self) -> tuple[Label, ...]:
        """One number for each rule, the unit on the last of each scale.

        >>> [label.text for label in Axis(136, 16, 80).labels()][-4:]
        ['14', '16 s', '76', '136 s']
        """
        quick = DIVISIONS if self.until is None else _QUICK
        end = self.total if self.until is None else self.until
        marks = [end * n / quick for n in range(quick + 1)]
        texts = [*(f"{mark:g}" for mark in marks[:-1]), f"{marks[-1]:g} s"]
        if self.until is not None:
            texts += [f"{(self.until + self.total) / 2:g}", f"{self.total:g} s"]
        return tuple(
            Label(text, wide=place % 2 == 1 or (self.until is not None and place == quick + 1))
            for place, text in enumerate(texts)
        )

    def rest(self) -> str:
        """What one division of the shaded part means.

        >>> Axis(136, 16, 80).rest()
        'shaded: 60 s a division'
        """
        if self.until is None:
            return ""
        return f"shaded: {(self.total - self.until) / (DIVISIONS - _QUICK):g} s a division"


def axis(busy: float, total: float) -> Axis:
    """A scale for `total` seconds of which things happened in the first `busy`.

    >>> axis(18.2, 18.2), axis(13.4, 133.4)
    (Axis(total=20, until=None, at=100.0), Axis(total=136, until=16, at=80.0))
    """
    if total > _BREAK_FROM * max(busy, 1.0):
        until = _QUICK * _step(busy / _QUICK)
        half = _step((total - until) / 2)
        return Axis(until + 2 * half, until, 100 * _QUICK / DIVISIONS)
    return Axis(DIVISIONS * _step(total / DIVISIONS))


def rules() -> tuple[str, ...]:
    """The places of the rules, in percent."""
    return tuple(f"{100 * n / DIVISIONS:g}" for n in range(DIVISIONS + 1))


def bar(scale: Axis, start: float, took: float, kind: str = "bar") -> Rect:
    """What happened from `start` for `took` seconds; never too thin to see.

    >>> bar(Axis(20), 4, 6)
    Rect(kind='bar', x='20.00', width='30.00')
    """
    left, right = scale.percent(start), scale.percent(start + took)
    return Rect(kind, f"{min(left, 99.65):.2f}", f"{max(0.35, right - left):.2f}")


def strip(parts: Sequence[float], of: float, kind: str = "") -> tuple[Rect, ...]:
    """One boot as a line: phases in two tones on a scale of `of` seconds; `kind` ends it.

    >>> [rect.kind for rect in strip((4, 0.4, 6, 3), 20, "bad")]
    ['a', 'b', 'a', 'bad']
    """
    drawn, x = [], 0.0
    shown = [seconds for seconds in parts if seconds > 0]
    for place, seconds in enumerate(shown):
        width = 100 * seconds / of if of else 0.0
        tone = kind if kind and place == len(shown) - 1 else "ab"[place % 2]
        drawn.append(Rect(tone, f"{min(x, 99):.1f}", f"{max(0.8, min(width, 100 - x) - 0.7):.1f}"))
        x += width
    return tuple(drawn)


class Spark(NamedTuple):
    """A line over a box of 100 by 32; `path` and `last` are SVG path data, "" for no line."""

    path: str
    last: str  # its last point, which is now
    label: str  # what it shows, in words


def spark(values: Sequence[float], label: str) -> Spark:
    """Amounts as a line from left to right, the largest at the top; nothing moved is no line.

    >>> spark((0, 4, 2), "x").path
    'M0.0 30.0L50.0 2.0L100.0 16.0'
    >>> spark((0, 0), "x").path
    ''
    """
    top = max(values, default=0)
    if top <= 0 or len(values) < 2:
        return Spark("", "", label)
    step = 100 / (len(values) - 1)
    points = [f"{n * step:.1f} {30 - 28 * value / top:.1f}" for n, value in enumerate(values)]
    return Spark("M" + "L".join(points), f"M{points[-1]}h0", label)


def round_up(seconds: float) -> float:
    """The end of a scale that holds `seconds`.

    >>> round_up(67.2), round_up(0)
    (100, 1.0)
    """
    return DIVISIONS * _step(seconds / DIVISIONS)


def share(done: float, total: float) -> int:
    """Whole percent, 0 to 100.

    >>> share(212, 248), share(1, 0)
    (85, 0)
    """
    return max(0, min(100, int(100 * done / total))) if total > 0 else 0


def _step(least: float) -> float:
    return next((step for step in _STEPS if step >= least), least)
