"""/sources: the flakes Nixie follows, and the place to add one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from appliance.actions import sources as deeds
from appliance.errors import Refused
from appliance.model.images import Verdict
from appliance.store.builds import RevisionRow, SourceStateRow
from appliance.store.inventory_view import SourceView
from webui import forms, phrases
from webui.pages import frame, states
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import EMPTY, Field, after, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
INTERVALS = (900, 3600, 21_600, 86_400, 0)  # seconds; 0 only when asked


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source in the table."""

    id: str
    name: str
    url: str
    state: Pill
    why: str  # a sentence when it could not be read
    hosts: str
    trust: str
    looked: str
    next: str
    revision: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddForm:
    """What was typed into the form, and what is wrong with it."""

    url: Field = EMPTY
    name: Field = EMPTY
    trust: str = "mine"
    as_built: bool = False
    allow_ifd: bool = False
    intervals: tuple[Choice, ...] = ()
    problem: str = ""
    opened: bool = False  # the further settings


@dataclass(frozen=True, slots=True)
class SourcesView:
    """The page."""

    shell: Shell
    lead: str
    sources: tuple[SourceLine, ...]
    form: AddForm
    directories: tuple[str, ...]
    path: Field


@router.get("/sources")
def show(here: Signed) -> Response:
    """The page."""
    return page("sources.html", built(here, AddForm(intervals=intervals(3600))))


@router.get("/sources/list")
def rows(here: Signed) -> Response:
    """The table."""
    return page("sources/list.html", built(here, AddForm()))


@router.post("/sources")
def act(
    here: Signed,
    deed: Annotated[str, Form()] = "",
    source: Annotated[str, Form()] = "",
    url: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    trust: Annotated[str, Form()] = "mine",
    as_built: Annotated[str, Form()] = "",
    allow_ifd: Annotated[str, Form()] = "",
    interval: Annotated[str, Form()] = "3600",
    path: Annotated[str, Form()] = "",
) -> Response:
    """Add one, look again, or say which directories sources may lie in."""
    desk, actor = here.desk, here.actor
    seconds = int(interval) if interval.isdecimal() else 3600
    try:
        match deed:
            case "refresh":
                done = deeds.refresh_source(desk, actor, source)
            case "allow":
                done = deeds.allow_directory(desk, actor, path)
            case "forbid":
                done = deeds.forbid_directory(desk, actor, path)
            case _:
                done = deeds.add_source(
                    desk,
                    actor,
                    url.strip(),
                    name=name.strip(),
                    trust=trust,
                    as_built=forms.ticked(as_built),
                    allow_ifd=forms.ticked(allow_ifd),
                    interval_seconds=seconds,
                )
                return after(f"/sources/{done.subject}", done.act)
    except Refused as refused:
        wrong = forms.beside(refused)
        form = AddForm(
            url=Field(url, wrong.get("url", "")),
            name=Field(name, wrong.get("name", "")),
            trust=trust,
            as_built=forms.ticked(as_built),
            allow_ifd=forms.ticked(allow_ifd),
            intervals=intervals(seconds),
            problem=wrong.get("", ""),
            opened=bool(set(wrong) - {"url", "", "path"}),
        )
        return page("sources.html", built(here, form, Field(path, wrong.get("path", ""))), 422)
    return after("/sources", done.act)


def built(here: Here, form: AddForm, path: Field = EMPTY) -> SourcesView:
    """The view of this moment."""
    reads = here.reads
    sources = reads.sources()
    return SourcesView(
        shell=frame.shell(here, "sources", "Sources"),
        lead=lead(sources, reads.verdicts()),
        sources=lines(
            sources,
            reads.source_states(),
            {source.id: reads.revisions(source.id, limit=1) for source in sources},
            reads.verdicts(),
            here.now,
        ),
        form=form,
        directories=tuple(reads.allowed_directories()),
        path=path,
    )


def lead(sources: Sequence[SourceView], verdicts: Sequence[Verdict]) -> str:
    """How many hosts they bring."""
    if not sources:
        return "A source is the address of a flake. Its hosts are what your machines boot."
    good = sum(each.kind in {"native", "adaptable"} for each in verdicts)
    return phrases.sentence(
        f"{phrases.counted(len(sources), 'source')} with {phrases.counted(good, 'host')} that"
        f" {'boots' if good == 1 else 'boot'}"
    )


def lines(
    sources: Sequence[SourceView],
    known: Mapping[str, SourceStateRow],
    revisions: Mapping[str, Sequence[RevisionRow]],
    verdicts: Sequence[Verdict],
    now: float,
) -> tuple[SourceLine, ...]:
    """The table's rows."""
    rows = []
    for source in sources:
        state = known.get(source.id)
        newest = next(iter(revisions.get(source.id, ())), None)
        mine = [each for each in verdicts if each.host.rpartition("/")[0] == source.id]
        rows.append(
            SourceLine(
                id=source.id,
                name=source.name,
                url=source.url,
                state=states.pill(states.SOURCE, state.state) if state else states.UNSEEN,
                why=state.what if state and state.state == "unreadable" else "",
                hosts=hosts(mine),
                trust=trusted(source),
                looked=looked(state, now),
                next=next_look(source, state, now),
                revision=revision(newest),
                changes=newest.changes if newest else (),
            )
        )
    return tuple(rows)


def hosts(verdicts: Sequence[Verdict]) -> str:
    """How many of them boot.

    >>> hosts([])
    '–'
    """
    good = sum(each.kind in {"native", "adaptable"} for each in verdicts)
    if not verdicts:
        return "–"
    return str(good) if good == len(verdicts) else f"{good} of {len(verdicts)}"


def trusted(source: SourceView) -> str:
    """The trust in a word, and whether it is served as built."""
    said = "Mine" if source.trust == "mine" else "A stranger’s"
    return f"{said}, as built" if source.as_built else said


def looked(state: SourceStateRow | None, now: float) -> str:
    """When it was looked at."""
    if state is None or state.checked_at is None:
        return "not yet"
    return phrases.ago(now - state.checked_at)


def next_look(source: SourceView, state: SourceStateRow | None, now: float) -> str:
    """When it is looked at again by itself."""
    if source.interval_seconds <= 0:
        return "only when asked"
    if state is None or state.next_at is None:
        return phrases.every(source.interval_seconds)
    return f"next {phrases.ahead(state.next_at - now)}"


def revision(row: RevisionRow | None) -> str:
    """A short name for a locked revision."""
    if row is None:
        return ""
    return row.rev[:7] if row.rev else row.nar_hash.removeprefix("sha256-")[:8]


def intervals(chosen: int) -> tuple[Choice, ...]:
    """How often to look, with `chosen` set; it is added when it is none of the usual."""
    offered = INTERVALS if chosen in INTERVALS else (chosen, *INTERVALS)
    return tuple(
        Choice(str(seconds), phrases.capital(phrases.every(seconds)), seconds == chosen)
        for seconds in offered
    )
