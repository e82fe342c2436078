"""/sources: the flakes Nixie follows, and the place to add one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from appliance.actions import sources as deeds
from appliance.errors import Refused
from appliance.model.images import Verdict
from appliance.model.trust import MINE
from appliance.store.builds import RevisionRow, SourceStateRow
from appliance.store.inventory_view import SourceView
from webui import forms, phrases
from webui.forms import Text, filled
from webui.pages import frame, states
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import EMPTY, Field, after, own_path, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
INTERVALS = (900, 3600, 21_600, 86_400, 0)  # seconds; 0 only when asked


class SourceLine(NamedTuple):
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


class AddForm(NamedTuple):
    """What was typed into the form, and what is wrong with it."""

    url: Field = EMPTY
    name: Field = EMPTY
    trust: str = "mine"
    as_built: bool = False
    allow_ifd: bool = False
    only_builders: bool = False
    reach: Field = EMPTY
    wrong_ifd: str = ""
    intervals: tuple[Choice, ...] = ()
    problem: str = ""
    opened: bool = False  # the further settings


class SourcesView(NamedTuple):
    """The page."""

    shell: Shell
    lead: str
    sources: tuple[SourceLine, ...]
    form: AddForm
    directories: tuple[str, ...]
    path: Field

    @property
    def once(self) -> str:
        """For the forms of the table."""
        return self.shell.once


class ListView(NamedTuple):
    """The table, alone."""

    once: str
    sources: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A new source as the form says it."""

    url: str = ""
    name: str = ""
    trust: str = "mine"
    as_built: str = ""
    allow_ifd: str = ""
    interval: str = "3600"
    only_builders: str = ""
    reach: str = ""


@router.get("/sources")
def show(here: Signed) -> Response:
    """The page."""
    return page("sources.html", built(here, Wanted()))


@router.get("/sources/list")
def rows(here: Signed) -> Response:
    """The table."""
    return page("sources/list.html", ListView(here.desk.new_id(), table(here)))


@router.post("/sources")
def add(here: Signed, wanted: Annotated[Wanted, filled(Wanted)]) -> Response:
    """Add one; a refusal comes back beside its field."""
    try:
        done = deeds.add_source(
            here.desk,
            here.actor,
            wanted.url.strip(),
            name=wanted.name.strip(),
            trust=wanted.trust,
            as_built=forms.ticked(wanted.as_built),
            allow_ifd=forms.ticked(wanted.allow_ifd),
            interval_seconds=_seconds(wanted),
            only_builders=forms.ticked(wanted.only_builders),
            reach=wanted.reach.replace(",", " ").split(),
        )
    except Refused as refused:
        return page("sources.html", built(here, wanted, forms.beside(refused)), 422)
    return after(f"/sources/{done.subject}", done.act)


@router.post("/sources/{ident}/look")
def look(here: Signed, ident: str, back: Text = "/sources") -> Response:
    """Look at one again."""
    return after(own_path(back), deeds.refresh_source(here.desk, here.actor, ident).act)


@router.get("/directories")
def to_the_directories() -> Response:
    """Local directories are a part of the sources."""
    return RedirectResponse("/sources#local", 303)


@router.post("/directories")
def allow(here: Signed, path: Text = "") -> Response:
    """Let sources lie in a directory of this router."""
    try:
        done = deeds.allow_directory(here.desk, here.actor, path)
    except Refused as refused:
        wrong = forms.beside(refused)
        field = Field(path, " ".join(wrong.values()))
        return page("sources.html", built(here, Wanted(), path=field), 422)
    return after("/sources", done.act)


@router.post("/directories/forbid")
def forbid(here: Signed, path: Text = "") -> Response:
    """Take the permission back."""
    return after("/sources", deeds.forbid_directory(here.desk, here.actor, path).act)


def built(
    here: Here, wanted: Wanted, problems: Mapping[str, str] | None = None, path: Field = EMPTY
) -> SourcesView:
    """The view of this moment."""
    reads = here.reads
    return SourcesView(
        shell=frame.shell(here, "sources", "Sources"),
        lead=lead(reads.sources(), reads.verdicts()),
        sources=table(here),
        form=form(wanted, problems or {}),
        directories=tuple(reads.allowed_directories()),
        path=path,
    )


def table(here: Here) -> tuple[SourceLine, ...]:
    """Every source of this moment."""
    reads = here.reads
    sources = reads.sources()
    return lines(
        sources,
        reads.source_states(),
        {source.id: reads.revisions(source.id, limit=1) for source in sources},
        reads.verdicts(),
        here.now,
    )


def form(wanted: Wanted, wrong: Mapping[str, str]) -> AddForm:
    """The form as it was typed, with what is wrong beside its fields."""
    return AddForm(
        url=Field(wanted.url, wrong.get("url", "")),
        name=Field(wanted.name, wrong.get("name", "")),
        trust=wanted.trust,
        as_built=forms.ticked(wanted.as_built),
        allow_ifd=forms.ticked(wanted.allow_ifd),
        only_builders=forms.ticked(wanted.only_builders),
        reach=Field(wanted.reach, forms.joined(wrong, "reach")),
        wrong_ifd=wrong.get("allow_ifd", ""),
        intervals=intervals(_seconds(wanted)),
        problem=wrong.get("", ""),
        opened=bool(set(wrong) - {"url", ""}),
    )


def _seconds(wanted: Wanted) -> int:
    seconds = forms.whole(wanted.interval)
    return 3600 if seconds is None else seconds


def lead(sources: Sequence[SourceView], verdicts: Sequence[Verdict]) -> str:
    """How many hosts they bring."""
    if not sources:
        return "A source is the address of a flake. Its hosts are what your machines boot."
    good = sum(each.boots for each in verdicts)
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
    by_source: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_source.setdefault(verdict.host.rpartition("/")[0], []).append(verdict)
    for source in sources:
        state = known.get(source.id)
        newest = next(iter(revisions.get(source.id, ())), None)
        mine = by_source.get(source.id, [])
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
    good = sum(each.boots for each in verdicts)
    if not verdicts:
        return "–"
    return str(good) if good == len(verdicts) else f"{good} of {len(verdicts)}"


def trusted(source: SourceView) -> str:
    """The trust in a word, whether it is served as built, and where it is built."""
    said = "Mine" if source.trust == MINE else "A stranger’s"
    return said + ", as built" * source.as_built + ", on builders only" * source.only_builders


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
