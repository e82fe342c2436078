"""/changes/review: what the draft changes, before it is applied; and letting go of it."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import changes, draft
from appliance.actions.draft import Review
from appliance.actions.keeping import lent
from appliance.actions.refusals import Clash, Unknown
from appliance.errors import Refused
from appliance.model.compare_ports import reworded
from appliance.model.config import RouterConfig
from appliance.model.exchange import exported
from appliance.model.touch import Touch, touch
from appliance.plan.preview import preview
from appliance.store.trials import PortRow
from appliance.trial import SECONDS
from webui import phrases
from webui.forms import Text, beside, filled, whole
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import after, own_path, page
from webui.pages.reach import Matrix, compared
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
TIMES: Mapping[int, tuple[str, str]] = {
    30: (phrases.with_unit("30", "s"), "For what you can try at once."),
    SECONDS: (phrases.with_unit("90", "s"), "For most changes."),
    300: (phrases.with_unit("5", "min"), "When you have to walk to another computer."),
}
"""Seconds on trial: how they are said, and when to take them."""
FORMS: Mapping[str, str] = {"": "Sentences", "steps": "Steps", "nix": "Nix", "json": "JSON"}
"""How the difference can be read."""


class Way(NamedTuple):
    """One form of reading, as a link."""

    href: str
    label: str
    current: bool


class Line(NamedTuple):
    """One sentence; `mine` when it touches the connection of who reads it."""

    text: str
    mine: bool


class RawLine(NamedTuple):
    """One line of the raw plan; `kind` is "ins", "del" or ""."""

    kind: str
    text: str


class Time(NamedTuple):
    """One length of the trial to choose."""

    value: str
    label: str
    when: str
    chosen: bool


class ReviewView(NamedTuple):
    """The page; without `lines` there is nothing to review."""

    shell: Shell
    heading: str
    lead: str
    overtaken: str  # another revision came since, "" when none did
    ahead: tuple[str, ...]  # what will happen to this very page
    lines: tuple[Line, ...]
    reach: Matrix | None  # who reaches whom, None when nothing of it changes
    forms: tuple[Way, ...]
    raw: tuple[RawLine, ...]  # of the form that is shown, () for sentences
    base: int
    seen: str
    times: tuple[Time, ...]
    times_problem: str
    waits: str  # why it cannot be applied now, "" when it can
    problem: str


@dataclass(frozen=True, slots=True)
class Applying:
    """What Apply sends: the words of what was read, and for how long to try it."""

    base: str = ""
    seen: str = ""
    seconds: str = str(SECONDS)


@router.get("/changes/review")
def show(here: Signed, form: str = "") -> Response:
    """The page."""
    return page("review.html", built(here, form))


@router.post("/changes/review")
def apply(here: Owning, typed: Annotated[Applying, filled(Applying)]) -> Response:
    """Put the draft on trial, as it was read."""
    try:
        done = draft.apply(
            here.desk,
            here.actor,
            base=whole(typed.base) or 0,
            seen=typed.seen,
            seconds=whole(typed.seconds) or 0,
        )
    except Unknown:
        raise
    except Refused as refused:
        status = 409 if isinstance(refused, Clash) else 422
        return page("review.html", built(here, "", typed, beside(refused)), status)
    return after("/changes", done.act)


@router.post("/changes/discard")
def discard(here: Owning, back: Text = "/") -> Response:
    """Let go of what is not applied."""
    return after(own_path(back), draft.discard(here.desk, here.actor).act)


def built(
    here: Here,
    form: str,
    typed: Applying | None = None,
    problems: Mapping[str, str] | None = None,
) -> ReviewView:
    """The view of this moment."""
    shell = frame.shell(here, "undo", "Review")
    review, before = draft.review(here.desk), changes.present_config(here.desk)
    if review is None or before is None:
        return nothing(shell)
    return view(
        shell,
        review,
        before,
        found=touch(
            reworded(before, review.draft.config, changes.cards(here.desk))[0],
            review.draft.config,
            here.address,
            lent(here.desk),
        ),
        form=form if form in FORMS else "",
        ports=here.reads.ports(),
        typed=typed or Applying(),
        waits=_waits(here),
        wrong=problems or {},
        now=here.now,
    )


def _waits(here: Here) -> str:
    """Why the draft cannot be applied now; "" when it can."""
    change = changes.newest_change(here.desk)
    if change and not change.over:
        return f"Revision {change.revision} is {change.state}. Keep or undo it first."
    return "" if here.actor.may("admin") else "Applying it is the owner’s."


def nothing(shell: Shell) -> ReviewView:
    """The page when everything is applied."""
    return ReviewView(
        shell=shell,
        heading="Everything is applied",
        lead="What you change on the pages of the network is collected here, and applied together.",
        overtaken="",
        ahead=(),
        lines=(),
        reach=None,
        forms=(),
        raw=(),
        base=0,
        seen="",
        times=(),
        times_problem="",
        waits="",
        problem="",
    )


def view(
    shell: Shell,
    review: Review,
    before: RouterConfig,
    *,
    found: Touch | None,
    form: str,
    ports: Sequence[PortRow],
    typed: Applying,
    waits: str,
    wrong: Mapping[str, str],
    now: float,
) -> ReviewView:
    """The page from what it shows."""
    one = review.draft
    overtaken = (
        f"It was begun at revision {one.base}; now there is revision {review.base}. Below is what "
        "changes from now on: what came meanwhile and is not in it would be taken back."
    )
    return ReviewView(
        shell=shell,
        heading=heading(len(review.differences)),
        lead=f"Changed last by {one.author}, {phrases.ago(now - one.at)}. Apply tries it; unless "
        "you keep it in time, the router goes back to how it is now.",
        overtaken=overtaken if review.overtaken else "",
        ahead=found.ahead if found else (),
        lines=lines(review.differences, found),
        reach=compared(before, one.config),
        forms=tuple(
            Way(f"/changes/review?form={key}" if key else "/changes/review", label, key == form)
            for key, label in FORMS.items()
        ),
        raw=RAW[form](before, one.config, ports) if form else (),
        base=review.base,
        seen=one.seen,
        times=tuple(
            Time(str(seconds), label, when, str(seconds) == typed.seconds)
            for seconds, (label, when) in TIMES.items()
        ),
        times_problem=wrong.get("seconds", ""),
        waits=waits,
        problem=wrong.get("", ""),
    )


def heading(many: int) -> str:
    """How much there is to read.

    >>> heading(1), heading(3)
    ('One change is not applied yet', 'Three changes are not applied yet')
    """
    verb = "change is" if many == 1 else "changes are"
    return phrases.capital(f"{phrases.word(many)} {verb} not applied yet")


def lines(differences: Sequence[str], found: Touch | None) -> tuple[Line, ...]:
    """The sentences, those first that touch the connection of who reads them."""
    mine = found.sentences if found else ()
    told = [Line(text, mine=text in mine) for text in differences]
    return tuple(sorted(told, key=lambda line: not line.mine))


def _steps(
    before: RouterConfig, wanted: RouterConfig, ports: Sequence[PortRow]
) -> tuple[RawLine, ...]:
    found = preview(before, wanted, [one.nic for one in ports]) or (
        "Nothing to do: the network stays as it is.",
    )
    return tuple(RawLine("", text) for text in found)


def _nix(
    before: RouterConfig, wanted: RouterConfig, ports: Sequence[PortRow]
) -> tuple[RawLine, ...]:
    del ports
    return text_compared(exported(before), exported(wanted))


def _json(
    before: RouterConfig, wanted: RouterConfig, ports: Sequence[PortRow]
) -> tuple[RawLine, ...]:
    del ports
    return text_compared(draft.written(before), draft.written(wanted))


def text_compared(before: str, after: str) -> tuple[RawLine, ...]:
    """What differs between two texts, with three lines around it.

    >>> [one.text for one in text_compared("a\\nb", "a\\nc")]
    ['  a', '- b', '+ c']
    """
    kinds = {"+": "ins", "-": "del"}
    rows = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm=""))[3:]
    return tuple(
        RawLine("", "…")
        if row.startswith("@@")
        else RawLine(kinds.get(row[0], ""), f"{row[0]} {row[1:]}")
        for row in rows
    )


RAW = {"steps": _steps, "nix": _nix, "json": _json}
