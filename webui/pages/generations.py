"""/hosts/<source>/<name>: a host's generations, which one is served and why."""

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import generations as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Problem
from appliance.generations import Standings, Tally, images_of, served
from appliance.model.outlook import OK, Need, Outlook
from appliance.store.builds import GenerationRow
from webui import phrases
from webui.forms import Text
from webui.pages import frame, histories, states
from webui.pages.frame import Shell
from webui.pages.page import after, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)


class Ran(NamedTuple):
    """What one machine made of it; `boot` is the last one that failed, "" without one."""

    what: str
    boot: str
    bad: bool


class Line(NamedTuple):
    """One generation; `compare` is the id of the image before it, "" for the first."""

    number: int
    image: str
    state: Pill
    served: bool
    pinned: bool
    made: str
    revision: str
    size: str
    ran: tuple[Ran, ...]
    again: bool  # it may be put on trial again
    compare: str


class Sufficient(NamedTuple):
    """What a build takes, and whether that is there."""

    pill: Pill
    needs: tuple[Need, ...]
    when: str


class HostView(NamedTuple):
    """The page; `sufficient` is None before it was found out."""

    shell: Shell
    host: str
    name: str
    source: str  # id, "" when it is gone
    source_name: str
    lead: str
    unbootable: str  # why it cannot be built as it is now, "" when it can
    served: int  # its number, 0 when nothing is
    pinned: bool
    back: bool  # there is another one to roll back to
    lines: tuple[Line, ...]
    sufficient: Sufficient | None
    push: str  # the command that pushes it


@router.get("/hosts/{source}/{name}")
def show(here: Signed, source: str, name: str) -> Response:
    """The page."""
    return page("generations.html", built(here, source, name))


@router.get("/hosts/{source}/{name}/now")
def now(here: Signed, source: str, name: str) -> Response:
    """Everything of it that moves."""
    return page("generations/now.html", built(here, source, name))


@router.post("/hosts/{source}/{name}/pin")
def pin(here: Signed, source: str, name: str, number: Text = "") -> Response:
    """Serve one and no other."""
    host = f"{source}/{name}"
    done = deeds.pin_generation(here.desk, here.actor, host, _number(number))
    return after(f"/hosts/{host}", done.act)


@router.post("/hosts/{source}/{name}/unpin")
def unpin(here: Signed, source: str, name: str) -> Response:
    """Serve the newest again."""
    host = f"{source}/{name}"
    return after(f"/hosts/{host}", deeds.unpin_generation(here.desk, here.actor, host).act)


@router.post("/hosts/{source}/{name}/roll-back")
def roll_back(here: Signed, source: str, name: str) -> Response:
    """Serve the one before."""
    host = f"{source}/{name}"
    return after(f"/hosts/{host}", deeds.roll_back(here.desk, here.actor, host).act)


@router.post("/hosts/{source}/{name}/try-again")
def try_again(here: Signed, source: str, name: str, number: Text = "") -> Response:
    """Put a bad one on trial again."""
    host = f"{source}/{name}"
    done = deeds.try_again(here.desk, here.actor, host, _number(number))
    return after(f"/hosts/{host}", done.act)


def built(here: Here, source: str, name: str) -> HostView:
    """The view of this moment.  Raises Unknown when there is no such host."""
    reads, host = here.reads, f"{source}/{name}"
    rows, stands = reads.generations(host), reads.standings()
    verdict = next((one for one in reads.verdicts(source) if one.host == host), None)
    if not rows and verdict is None:
        raise Unknown(Problem((), "There is no such host. Its source may have lost it."))
    given = served(rows, stands, host)
    sources = {one.id: one.name for one in reads.sources()}
    called = {one.id: one.name for one in reads.machines()}
    called |= {f"|{mac}": told for mac, told in histories.names(reads.machines()).items()}
    others = [one for one in rows if one != given and one.state != "bad"]
    return HostView(
        shell=frame.shell(here, "sources", name),
        host=host,
        name=name,
        source=source if source in sources else "",
        source_name=sources.get(source, ""),
        lead=lead(name, rows, given),
        unbootable=(verdict.reason or "") if verdict else "",
        served=given.number if given else 0,
        pinned=any(row.pinned for row in rows),
        back=given is not None and bool(others),
        lines=lines(rows, given, stands, called, here.now),
        sufficient=sufficient(reads.outlooks().get(host), here.now),
        push=command(here, sources.get(source, source), name),
    )


def sufficient(told: Outlook | None, now: float) -> Sufficient | None:
    """The panel, the worst first; a time of 0 means that it is being found out anew."""
    if told is None or not told.needs:
        return None
    order = ("bad", "warn", OK)
    return Sufficient(
        Pill(told.kind, phrases.capital(told.short)),
        tuple(sorted(told.needs, key=lambda one: order.index(one.kind))),
        f"Found out {phrases.ago(now - told.at)}." if told.at else "Being found out anew.",
    )


def command(here: Here, source: str, name: str) -> str:
    """What is typed beside the flake to push the host.

    The name of the source is quoted for a shell: it may hold anything but a slash.
    """
    router = f"{here.request.url.scheme}://{here.request.url.netloc}"
    to = quote(f"{source}/{name}")
    return f"nixie host push .#{name} --to {to} --url {router} --ca ca.crt --token …"


def lead(name: str, rows: Sequence[GenerationRow], given: GenerationRow | None) -> str:
    """Which one is served, and why not the newest."""
    if not rows:
        return f"{name} is not built yet, so there is nothing to serve."
    if given is None:
        return "Every generation is bad, so machines wait for one that may be served."
    if given.pinned:
        return f"Generation {given.number} is pinned: it is served until you unpin it."
    if given is rows[0]:
        on_trial = given.state == "trial"
        more = ", on trial until a machine phones home" if on_trial else ""
        return f"Generation {given.number}, the newest, is served{more}."
    good = "the last good one, " if given.state == "good" else ""
    return (
        f"Generation {given.number}, {good}is served, because generation {rows[0].number} is bad."
    )


def lines(
    rows: Sequence[GenerationRow],
    given: GenerationRow | None,
    stands: Standings,
    called: Mapping[str, str],
    now: float,
) -> tuple[Line, ...]:
    """The table; `called` are machines' names as tallies know them."""
    before = [*(row.image for row in rows[1:]), ""]
    return tuple(
        Line(
            number=row.number,
            image=row.image,
            state=state(row, stands),
            served=row is given,
            pinned=row.pinned,
            made=phrases.ago(now - row.made_at),
            revision=row.rev[:7],
            size=phrases.size(row.size),
            ran=_ran_any(row, stands, called),
            again=row.state == "bad" or any(stands.worst(image) for image in images_of(row)),
            compare=older if older != row.image else "",
        )
        for row, older in zip(rows, before, strict=False)  # no row, no ""
    )


def state(row: GenerationRow, stands: Standings) -> Pill:
    """How it stands; what the owner did is told from what machines did."""
    if row.image in stands.aside:
        return states.ASIDE
    return states.pill(states.GENERATION, row.state)


def _ran_any(row: GenerationRow, stands: Standings, called: Mapping[str, str]) -> tuple[Ran, ...]:
    own = ran(stands.tallies.get(row.image, {}), called)
    special = [
        one
        for name, image in sorted(row.specialisations.items())
        for one in ran(stands.tallies.get(image, {}), called, f" with {name}")
    ]
    return (*own, *special)


def ran(tallies: Mapping[str, Tally], called: Mapping[str, str], how: str = "") -> tuple[Ran, ...]:
    """What machines made of it, those it failed on first; `how` they ran it is said behind."""
    found = sorted(tallies.items(), key=lambda one: (not one[1].failed, who(one[0], called)))
    return tuple(
        Ran(f"{who(machine, called)} {_made_of_it(one)}{how}", one.boot, one.failed)
        for machine, one in found
        if one.ups or one.failures
    )


def who(machine: str, called: Mapping[str, str]) -> str:
    """The name of whom a tally is of.

    >>> who("m1", {"m1": "anvil"}), who("lan|52:54:00:00:00:01", {}), who("", {})
    ('anvil', '52:54:00:00:00:01', 'a machine')
    """
    _, mark, mac = machine.partition("|")
    return called.get(machine) or called.get(f"{mark}{mac}") or mac or "a machine"


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0  # there is no generation 0


def _made_of_it(tally: Tally) -> str:
    return f"came up {_times(tally.ups)}" if tally.ups else f"fell short {_times(tally.failures)}"


def _times(count: int) -> str:
    """How often.

    >>> _times(1), _times(2), _times(3)
    ('once', 'twice', '3 times')
    """
    return {1: "once", 2: "twice"}.get(count, f"{phrases.number(count)} times")
