"""/sources/<id>: one flake, its hosts and what was found in them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import images
from appliance.actions.refusals import Unknown
from appliance.errors import Problem
from appliance.model import reach
from appliance.model.images import Verdict
from appliance.model.outlook import Outlook
from appliance.model.trust import MINE, treatment
from appliance.store.builds import BuildRow, GenerationRow, RevisionRow, SourceStateRow
from appliance.store.inventory_view import MachineView, SourceView
from webui import phrases
from webui.forms import Text
from webui.pages import findings, frame, sources, states
from webui.pages.findings import Found
from webui.pages.frame import Shell
from webui.pages.page import after, own_path, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
Row = TypeVar("Row")
SHOWN_REVISIONS = 6
_SHOWN_GENERATIONS = 4
NOTHING: Mapping[str, Outlook] = {}


class Generation(NamedTuple):
    """One image of a host, as a pill with its number."""

    id: str  # of the image
    pill: Pill
    text: str  # "generation 12, 624 MiB, 26 min ago, from 9f31c2e"


class HostLine(NamedTuple):
    """One host of the table."""

    id: str
    name: str
    specialisations: tuple[str, ...]
    verdict: Pill
    under: str
    builds: Pill | None  # what a build of it takes
    processor: str
    size: str
    generation: Pill | None
    image: str  # id of the newest, "" without one
    machines: str
    build: str  # id of the build that runs or waits, "" when none does
    buildable: bool
    again: bool  # it has an image already
    findings: tuple[Found, ...]
    generations: tuple[Generation, ...]


class RevisionLine(NamedTuple):
    """One locked revision."""

    name: str
    when: str
    said: str  # what changed, against the one before
    quiet: bool  # nothing did


class OneSourceView(NamedTuple):
    """The page."""

    shell: Shell
    id: str
    name: str
    url: str
    lead: str
    state: Pill
    busy: bool
    why: str
    revision: str
    revised: str
    trust: str
    treated: str
    files: bool  # it is no flake, but files of its owner
    lock: Pill
    locked: str
    looked: str
    next: str
    hosts: tuple[HostLine, ...]
    findings: tuple[Found, ...]
    revisions: tuple[RevisionLine, ...]


class Rows(NamedTuple):
    """What is known of hosts, by their ids."""

    generations: Mapping[str, Sequence[GenerationRow]]  # newest first
    builds: Mapping[str, str]  # id of the one that runs or waits
    machines: Mapping[str, Sequence[MachineView]]  # that run it
    outlooks: Mapping[str, Outlook]


@router.get("/sources/{ident}")
def show(here: Signed, ident: str) -> Response:
    """The page."""
    return page("source.html", built(here, ident))


@router.get("/sources/{ident}/now")
def now(here: Signed, ident: str) -> Response:
    """Everything of it that moves."""
    return page("source/now.html", built(here, ident))


@router.post("/sources/{ident}/build")
def build(here: Signed, ident: str, host: Text = "", back: Text = "") -> Response:
    """Build a host of it."""
    done = images.build_host(here.desk, here.actor, host)
    return after(own_path(back, f"/sources/{ident}"), done.act)


def built(here: Here, ident: str) -> OneSourceView:
    """The view of this moment.  Raises Unknown when there is no such source."""
    reads = here.reads
    source = one(reads.sources(), ident)
    return view(
        frame.shell(here, "sources", source.name),
        source,
        reads.source_states().get(ident),
        reads.revisions(ident, limit=SHOWN_REVISIONS),
        reads.verdicts(ident),
        reads.generations(),
        reads.builds_under_way(),
        reads.machines(),
        here.now,
        reads.outlooks(),
    )


def one(rows: Sequence[SourceView], ident: str) -> SourceView:
    """The source with that id.  Raises Unknown."""
    for row in rows:
        if row.id == ident:
            return row
    raise Unknown(Problem((), "There is no such source. It may have been removed."))


def view(
    shell: Shell,
    source: SourceView,
    state: SourceStateRow | None,
    revisions: Sequence[RevisionRow],
    verdicts: Sequence[Verdict],
    generations: Sequence[GenerationRow],
    builds: Sequence[BuildRow],
    machines: Sequence[MachineView],
    now: float,
    outlooks: Mapping[str, Outlook] = NOTHING,
) -> OneSourceView:
    """The page from its rows; `builds` are those that run or wait."""
    hosts = Rows(
        _grouped(generations, lambda row: row.host),
        {row.host: row.id for row in builds},
        _grouped([row for row in machines if row.intent == "run"], lambda row: row.host or ""),
        outlooks,
    )
    newest = revisions[0] if revisions else None
    lock, locked = locks(newest)
    return OneSourceView(
        shell=shell,
        id=source.id,
        name=source.name,
        url=source.url,
        lead=_of_files(verdicts) if source.files else lead(state, verdicts),
        state=states.pill(states.SOURCE, state.state) if state else states.UNSEEN,
        busy=state is None or state.state in {"fetching", "looking"},
        why=state.what if state and state.state == "unreadable" else "",
        revision=sources.revision(newest) or "not yet",
        revised=_revised(newest, now),
        trust="Mine" if source.trust == MINE else "A stranger’s",
        treated=treated(source),
        files=bool(source.files),
        lock=lock,
        locked=locked,
        looked=sources.looked(state, now),
        next=_next(source, state, now),
        hosts=tuple(_host(each, hosts, now) for each in verdicts),
        findings=findings.found(newest.findings) if newest else (),
        revisions=tuple(
            RevisionLine(
                sources.revision(row),
                phrases.ago(now - row.seen_at),
                _changed(row, first=row is revisions[-1] and len(revisions) < SHOWN_REVISIONS),
                not row.changes,
            )
            for row in revisions
        ),
    )


def treated(source: SourceView) -> str:
    """How it is treated, in a few words."""
    near = reach.places(source.url, source.reach)
    has_key = bool(source.credential) and treatment(source.trust).keys
    said = [
        "read with its own key" if has_key else "read without a key",
        *(["served as built"] if source.as_built else []),
        *(["built on builders only"] if source.only_builders else []),
        *([] if treatment(source.trust).unasked else ["builds when you say so"]),
        *([f"reaches {', '.join(map(str, near))}"] if near else []),
    ]
    return ", ".join(said)


def lead(state: SourceStateRow | None, verdicts: Sequence[Verdict]) -> str:
    """What it brings, in a sentence."""
    if not verdicts:
        if state is not None and state.state == "ready":
            return "It has no hosts: nothing below nixosConfigurations."
        if state is not None and state.state == "unreadable":
            return "It could not be read, so its hosts are not known."
        return "Nixie is looking at it. Its hosts appear here one by one."
    good = sum(each.boots for each in verdicts)
    looking = sum(each.kind == "looking" for each in verdicts)
    bad = len(verdicts) - good - looking
    parts = [f"{phrases.counted(len(verdicts), 'host')}"]
    said = phrases.sentence(parts[0])
    if bad:
        can = "can boot your machines" if good else "can boot"
        said += f" {phrases.capital(phrases.word(good))} {can}, {phrases.word(bad)} cannot and"
        said += f" {'says' if bad == 1 else 'say'} why."
    elif good:
        said += " It can boot your machines." if good == 1 else " All can boot your machines."
    if looking:
        said += f" Nixie is still looking at {phrases.word(looking)}."
    return said


def _of_files(verdicts: Sequence[Verdict]) -> str:
    return "A host from files." if verdicts else "A host from files. Nixie is checking them."


def locks(revision: RevisionRow | None) -> tuple[Pill, str]:
    """The lock file in a word, and what is wrong with it."""
    if revision is None:
        return Pill("wait", "Not looked at yet"), ""
    worst = findings.worst(revision.findings)
    amount = phrases.count(len(revision.findings), "finding")
    if worst in {"bad", "warn"}:
        return Pill(worst, phrases.capital(amount)), "about the whole flake"
    return Pill("ok", "All inputs locked"), amount if revision.findings else ""


def _host(verdict: Verdict, rows: Rows, now: float) -> HostLine:
    mine = rows.generations.get(verdict.host, ())
    newest = mine[0] if mine else None
    runs = [each.name for each in rows.machines.get(verdict.host, ())]
    found = findings.found(verdict.findings)
    return HostLine(
        id=verdict.host,
        name=verdict.name,
        specialisations=verdict.specialisations,
        verdict=_verdict(verdict),
        under=_under(verdict, len(found)),
        builds=takes(rows.outlooks.get(verdict.host)),
        processor=phrases.processor(verdict.system),
        size=phrases.size(newest.size) if newest else "–",
        generation=_numbered(newest) if newest else None,
        image=newest.image if newest else "",
        machines=phrases.listing(runs, 2) if runs else "nobody",
        build=rows.builds.get(verdict.host, ""),
        buildable=verdict.boots,
        again=newest is not None,
        findings=found,
        generations=tuple(
            Generation(row.image, _numbered(row), _generation(row, now))
            for row in mine[:_SHOWN_GENERATIONS]
        ),
    )


def _grouped(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _verdict(verdict: Verdict) -> Pill:
    pill = states.pill(states.VERDICT, verdict.kind)
    if pill.kind == "ok" and findings.worst(verdict.findings) in {"warn", "bad"}:
        return Pill("warn", pill.text)
    return pill


def _under(verdict: Verdict, found: int) -> str:
    if verdict.reason:
        return verdict.reason
    if verdict.kind == "looking":
        return ""
    parts = [] if verdict.watched else ["served as built"]
    if found:
        parts.append(phrases.count(found, "finding"))
    return ", ".join(parts)


def takes(told: Outlook | None) -> Pill | None:
    """What a build takes, in a few words."""
    return Pill(told.kind, phrases.capital(told.short)) if told else None


def _numbered(row: GenerationRow) -> Pill:
    return Pill(states.pill(states.GENERATION, row.state).kind, str(row.number))


def _generation(row: GenerationRow, now: float) -> str:
    state = states.pill(states.GENERATION, row.state).text.lower()
    state += ", pinned" if row.pinned else ""
    rev = f", from {row.rev[:7]}" if row.rev else ""
    size = phrases.size(row.size)
    return f"generation {row.number}, {state}, {size}, {phrases.ago(now - row.made_at)}{rev}"


def _changed(row: RevisionRow, *, first: bool) -> str:
    return " ".join(row.changes) or ("the first one seen" if first else "nothing changed")


def _revised(row: RevisionRow | None, now: float) -> str:
    if row is None:
        return ""
    if row.last_modified:
        return f"made {phrases.ago(now - row.last_modified)}"
    return f"seen {phrases.ago(now - row.seen_at)}"


def _next(source: SourceView, state: SourceStateRow | None, now: float) -> str:
    often = source.schedule or phrases.every(source.interval_seconds)
    if state is None or state.next_at is None:
        return often
    return f"{often}, next {phrases.ahead(state.next_at - now)}"
