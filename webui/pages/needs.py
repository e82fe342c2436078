"""What wants the owner, worst first; each with one thing to press."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from appliance.diagnosis import named
from appliance.store.boots import BootRow
from appliance.store.builds import BuildRow, SourceStateRow
from appliance.store.inventory_view import SourceView
from webui import phrases
from webui.pages.troubles import Trouble

MOST = 4
"""Lines of one kind; the others share one more."""

Row = TypeVar("Row")


class Need(NamedTuple):
    """One line: `subject` is a link, `what` goes on from it, `under` says since when."""

    kind: str  # "bad", "new", "warn"
    label: str  # the shape in a word
    subject: str
    href: str
    what: str
    under: str
    press: str


class Wanting(NamedTuple):
    """The rows that may want the owner."""

    processes: Sequence[str]  # what is wrong with them, in sentences
    troubles: Sequence[Trouble]
    short: Sequence[tuple[str, BootRow]]  # a machine's name, its newest boot
    failing: Sequence[BuildRow]
    waiting: int  # machines that nobody has met
    unreadable: Sequence[tuple[SourceView, SourceStateRow]]


def needs(rows: Wanting, now: float) -> tuple[Need, ...]:
    """Everything, each kind a few lines long."""
    bad = [one for one in rows.troubles if one.kind == "bad"]
    odd = [one for one in rows.troubles if one.kind != "bad"]
    return (
        *(_process(what) for what in rows.processes),
        *_few(bad, _trouble, _OTHERS["bad"]),
        *_few(rows.short, lambda row: _short(row, now), _OTHERS["short"]),
        *_few(rows.failing, lambda row: _unbuilt(row, now), _OTHERS["failing"]),
        *_waiting(rows.waiting),
        *_few(odd, _trouble, _OTHERS["odd"]),
        *_few(rows.unreadable, lambda row: _unreadable(row, now), _OTHERS["unreadable"]),
    )


class _Others(NamedTuple):
    """The line for all that are not shown: "Three more <noun>s <did>"."""

    kind: str
    label: str
    href: str
    noun: str
    did: str
    under: str

    def line(self, count: int) -> Need:
        what = phrases.sentence(f"{phrases.counted(count, f'more {self.noun}')} {self.did}")
        return Need(self.kind, self.label, "", self.href, what, self.under, "See them")


_SERVED = "What was published before is still served."
_HAPPENED = ("/changes/happened", "trouble", "came up", "What happened lists them all.")
_OTHERS: Mapping[str, _Others] = {
    "bad": _Others("bad", "Trouble", *_HAPPENED),
    "odd": _Others("warn", "Warning", *_HAPPENED),
    "short": _Others(
        "bad",
        "Fell short",
        "/machines?show=short",
        "machine",
        "fell short",
        "The list of machines shows them all.",
    ),
    "failing": _Others(
        "bad", "Not built", "/builds?show=failed", "host", "could not be built", _SERVED
    ),
    "unreadable": _Others("warn", "Warning", "/sources", "source", "could not be read", _SERVED),
}


def _few(rows: Sequence[Row], line: Callable[[Row], Need], others: _Others) -> tuple[Need, ...]:
    """A line for each of the first few, and one for all others."""
    if len(rows) <= MOST:
        return tuple(line(row) for row in rows)
    shown = rows[: MOST - 1]
    return (*(line(row) for row in shown), others.line(len(rows) - len(shown)))


def _process(what: str) -> Need:
    """A part of the router that does not work; it is tried again by itself."""
    return Need(
        kind="bad",
        label="Not running",
        subject="",
        href="/",
        what=phrases.capital(what),
        under="It is tried again by itself. The rest of the router goes on.",
        press="Look again",
    )


def _trouble(one: Trouble) -> Need:
    label = "Trouble" if one.kind == "bad" else "Warning"
    return Need(one.kind, label, "", one.href, one.what, one.under, one.press)


def _short(row: tuple[str, BootRow], now: float) -> Need:
    name, boot = row
    why = named(boot.diagnosis) if boot.diagnosis else "Its last boot did not get to the end."
    return Need(
        kind="bad",
        label="Fell short",
        subject=name,
        href=f"/boots/{boot.id}",
        what=f"fell short. {phrases.sentence(why)}",
        under=phrases.sentence(phrases.ago(now - boot.began_at)),
        press="See why",
    )


def _unbuilt(build: BuildRow, now: float) -> Need:
    return Need(
        kind="bad",
        label="Not built",
        subject=build.name,
        href=f"/builds/{build.id}",
        what=f"could not be built. {_first(build.what)}".strip(),
        under=f"{phrases.sentence(phrases.ago(now - (build.ended_at or now)))} {_SERVED}",
        press="See the log",
    )


def _waiting(count: int) -> tuple[Need, ...]:
    if not count:
        return ()
    one = count == 1
    many = f"{phrases.counted(count, 'machine')} you have not met are waiting to boot"
    return (
        Need(
            kind="new",
            label="New",
            subject="",
            href="/machines",
            what="A machine you have not met is waiting to boot."
            if one
            else phrases.sentence(many),
            under="It shows a code on its screen." if one else "Each shows a code on its screen.",
            press="Meet it" if one else "Meet them",
        ),
    )


def _unreadable(row: tuple[SourceView, SourceStateRow], now: float) -> Need:
    source, state = row
    when = phrases.sentence(phrases.ago(now - state.checked_at)) if state.checked_at else ""
    return Need(
        kind="warn",
        label="Warning",
        subject=source.name,
        href=f"/sources/{source.id}",
        what=f"could not be read. {_first(state.what)}".strip(),
        under=f"{when} {_SERVED}".strip(),
        press="Look at it",
    )


def _first(text: str, most: int = 160) -> str:
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
