"""/machines/<id>: one machine, what it boots next and how it booted before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import identities
from appliance.actions import machines as deeds
from appliance.actions import once as deeds_once
from appliance.actions import running as deeds_running
from appliance.actions import wake as deeds_wake
from appliance.actions.desk import Actor, Desk, Done
from appliance.actions.fitting import machine_fit
from appliance.actions.refusals import Unknown
from appliance.errors import Problem, Refused
from appliance.generations import Standings, booted, served
from appliance.model.fit import INSIDE
from appliance.store.boots import BootRow
from appliance.store.builds import GenerationRow
from appliance.store.inventory_view import MachineView
from webui import phrases
from webui.forms import Text, beside, filled, whole
from webui.pages import choices, frame, histories, identity, once, running, states, wake
from webui.pages.choices import Choice, Group, HostChoice
from webui.pages.findings import Found, found
from webui.pages.frame import Shell
from webui.pages.generations import command
from webui.pages.histories import BootLine
from webui.pages.identity import IdentityView
from webui.pages.once import OnceView
from webui.pages.page import Field, after, own_path, page
from webui.pages.running import RunningView
from webui.pages.wake import WakeView
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
Deed = Literal["release", "wake", "again", "drop", "newest"]
DEEDS: Mapping[str, Callable[[Desk, Actor, str], Done]] = {
    "release": deeds.release_machine,
    "wake": deeds_wake.wake_machine,
    "again": deeds_once.again,
    "drop": deeds_once.drop,
}


class Address(NamedTuple):
    """One network card."""

    mac: str
    network: str  # "" on any


class OneMachineView(NamedTuple):
    """The page."""

    shell: Shell
    id: str
    heading: str
    lead: str
    now: str  # its next boot, said
    gets: str  # which generation of its host, "" when it runs none
    gets_href: str
    form: str  # how its image is served to it, and why; "" when it runs none
    doubts: tuple[Found, ...]  # about how it fits
    next: tuple[Group, ...]
    next_problem: str
    once: OnceView
    woken: WakeView
    waits: tuple[Choice, ...]
    running: RunningView
    goes_on: str  # what a release from hold gives it back, "" when nothing does
    name: Field
    addresses: tuple[Address, ...]
    mac: Field
    networks: tuple[Choice, ...]
    boots: tuple[BootLine, ...]
    identity: IdentityView
    problem: str


class ChooseView(NamedTuple):
    """What one machine can be given, in its row of a list."""

    once: str
    id: str
    name: str
    next: tuple[Group, ...]
    back: str


@dataclass(frozen=True, slots=True)
class NewMac:
    """Another network card, as the form says it."""

    mac: str = ""
    network: str = ""


@router.get("/machines/{ident}")
def show(here: Signed, ident: str) -> Response:
    """The page."""
    return page("machine.html", built(here, ident))


@router.get("/machines/{ident}/boots")
def boots(here: Signed, ident: str) -> Response:
    """Its boots."""
    return page("machine/boots.html", built(here, ident))


@router.get("/machines/{ident}/choose")
def choose(here: Signed, ident: str, back: str = "/machines") -> Response:
    """Everything it can be given."""
    machine, offered = _machine(here, ident), _offered(here)
    next_boots = choices.next_boots(machine, offered, here.reads.menus())
    once = here.desk.new_id()
    view = ChooseView(once, machine.id, machine.name, next_boots, own_path(back))
    return page("machine/choose.html", view)


@router.post("/machines/{ident}/next")
def give(here: Signed, ident: str, next: Text = "", back: Text = "") -> Response:
    """Decide what it boots; a refusal comes back beside the choice."""
    machine = _machine(here, ident)
    try:
        done = choices.give(here.desk, here.actor, machine.id, next)
    except Refused as refused:
        said = {"next": " ".join(beside(refused).values())}
        return page("machine.html", built(here, ident, said), 422)
    return after(own_path(back, f"/machines/{ident}"), done.act)


@router.post("/machines/{ident}/name")
def rename(here: Signed, ident: str, name: Text = "") -> Response:
    """Give it another name."""
    machine = _machine(here, ident)
    try:
        done = deeds.rename_machine(here.desk, here.actor, machine.id, name)
    except Refused as refused:
        return page("machine.html", built(here, ident, beside(refused), name=name), 422)
    return after(f"/machines/{ident}", done.act)


@router.post("/machines/{ident}/macs")
def add_mac(here: Signed, ident: str, new: Annotated[NewMac, filled(NewMac)]) -> Response:
    """Give it another network card."""
    machine = _machine(here, ident)
    try:
        done = deeds.add_mac(
            here.desk, here.actor, machine.id, new.mac, network=new.network or None
        )
    except Refused as refused:
        return page("machine.html", built(here, ident, beside(refused), new=new), 422)
    return after(f"/machines/{ident}", done.act)


@router.get("/machines/{ident}/identity")
def who(here: Signed, ident: str) -> Response:
    """The key that it is known by."""
    return page("machine/identity.html", identity.built(here, _machine(here, ident)))


@router.post("/machines/{ident}/identity")
def decide_identity(here: Signed, ident: str, act: Text = "", code: Text = "") -> Response:
    """Decide about that key; a refusal comes back in its panel."""
    machine = _machine(here, ident)
    try:
        done = identities.act_on(here.desk, here.actor, machine.id, act, code)
    except Refused as refused:
        said = {"identity": " ".join(beside(refused).values())}
        return page("machine.html", built(here, ident, said), 422)
    return after(f"/machines/{ident}", done.act)


@router.post("/machines/{ident}/remove")
def remove(here: Signed, ident: str, back: Text = "/machines") -> Response:
    """Forget it."""
    done = deeds.remove_machine(here.desk, here.actor, _machine(here, ident).id)
    return after(own_path(back, "/machines"), done.act)


@router.post("/machines/{ident}/{deed}")
def act_on_it(here: Signed, ident: str, deed: Deed, waits: Text = "0") -> Response:
    """End a hold, wake it, ask again for what it was to boot once or do without, or say how long it
    waits for the newest."""
    ident = _machine(here, ident).id
    if deed == "newest":
        done = deeds.wait_for_newest(here.desk, here.actor, ident, whole(waits) or 0)
    else:
        done = DEEDS[deed](here.desk, here.actor, ident)
    return after(f"/machines/{ident}", done.act)


def built(
    here: Here,
    ident: str,
    problems: Mapping[str, str] | None = None,
    *,
    name: str = "",
    new: NewMac = NewMac(),
) -> OneMachineView:
    """The view of this moment.  Raises Unknown when there is no such machine."""
    reads = here.reads
    machine = _machine(here, ident)
    boots = sorted(
        (boot for _, mac in machine.macs for boot in reads.boots(mac=mac, limit=25)),
        key=lambda boot: -boot.began_at,
    )
    said, menus, offered = problems or {}, reads.menus(), _offered(here)
    hosts = {host.id: host.name for host in offered}
    slices, fits = reads.slices(), machine_fit(reads, machine)
    return OneMachineView(
        shell=frame.shell(here, "machines", machine.name),
        id=machine.id,
        heading=machine.name,
        lead=lead(boots[0] if boots else None, here.now),
        now=choices.said(machine, hosts, {menu.id: menu.name for menu in menus}),
        gets=_gets(here, machine),
        gets_href=f"/hosts/{machine.host}",
        form=fits.why if fits and fits != INSIDE else "",
        doubts=found(fits.findings if fits else ()),
        next=choices.next_boots(machine, offered, menus),
        next_problem=said.get("next", ""),
        once=once.once(machine, here.now),
        woken=wake.woken(deeds_wake.woken(reads, [machine], here.now).get(ident), here.now),
        waits=_waits(machine.waits_seconds),
        running=_running_now(here, machine),
        goes_on=goes_on(machine, reads.kept_by_hold(machine.id), hosts),
        name=Field(name if "name" in said else machine.name, said.get("name", "")),
        addresses=tuple(Address(mac, network or "") for network, mac in machine.macs),
        mac=Field(new.mac, said.get("mac", said.get("network", ""))),
        networks=_networks([one.name for one in slices.booting] if slices else [], new.network),
        boots=histories.lines(
            boots,
            reads.steps_of([boot.id for boot in boots]),
            histories.names([machine]),
            here.now,
        ),
        identity=identity.built(here, machine, said.get("identity", "")),
        problem=said.get("", ""),
    )


def goes_on(machine: MachineView, kept: str | None, hosts: Mapping[str, str]) -> str:
    """What a machine on hold would get back: its host by name, or the kind of its next boot."""
    if machine.intent != "hold" or kept is None:
        return ""
    if kept == "run" and machine.host:
        return hosts.get(machine.host, choices.host_name(machine.host))
    return "its menu" if kept == "menu" else choices.INTENTS.get(kept, kept).lower()


def _gets(here: Here, machine: MachineView) -> str:
    if machine.intent != "run" or machine.host is None:
        return ""
    rows, stands = here.reads.generations(machine.host), here.reads.standings()
    special = machine.specialisation
    return gets(rows, stands, machine, lambda row: booted(row, special))


def gets(
    rows: Sequence[GenerationRow],
    stands: Standings,
    machine: MachineView,
    boots: Callable[[GenerationRow], str],
) -> str:
    """Which generation it gets next, and why when that is not the newest; "" without any."""
    given = served(rows, stands, machine.host or "", machine.id, boots=boots)
    if given is None:
        return "Every generation is bad: it waits for one that may be served." if rows else ""
    what = f"It gets generation {given.number}"
    if given.pinned:
        return f"{what}, which is pinned."
    newest = rows[0]
    if given is newest:
        return f"{what}, which is on trial." if given.state == "trial" else f"{what}."
    if newest.state != "bad" and stands.failed_on(boots(newest), machine.id):
        return f"{what}: generation {newest.number} runs elsewhere, and does not start here."
    return f"{what}, because generation {newest.number} is bad."


def lead(last: BootRow | None, now: float) -> str:
    """How it does, in a sentence."""
    if last is None:
        return "It has not booted from here yet."
    when = phrases.ago(now - last.began_at)
    what = f" {last.name}" if last.name else ""
    said = {
        "up": f"It booted{what} {when}, in {histories.took(last)}.",
        "served": f"It was served{what} {when}, and is not watched.",
        "held": f"It asked {when} and waits for you.",
        "menu": f"It asked {when} and is at its menu.",
        "local": f"It was sent to its local disk {when}.",
        "short": f"Its last boot, {when}, fell short.",
        "left": f"It broke off its last boot, {when}.",
    }
    return said.get(last.state, f"It is booting{what} now: {_running(last)}.")


def _running_now(here: Here, machine: MachineView) -> RunningView:
    found = deeds_running.running(here.reads, [machine]).get(machine.id)
    if found is None:
        return running.NOTHING
    source, _, name = found.row.host.partition("/")
    called = next((one.name for one in here.reads.sources() if one.id == source), source)
    return running.running(found, here.now, command(here, called, name))


def _running(boot: BootRow) -> str:
    return states.pill(states.BOOT, boot.state).text.lower()


def _machine(here: Here, ident: str) -> MachineView:
    machine = next((each for each in here.reads.machines() if each.id == ident), None)
    if machine is None:
        what = "There is no such machine. It may have been removed; then nothing was changed."
        raise Unknown(Problem((), what))
    return machine


def _offered(here: Here) -> tuple[HostChoice, ...]:
    reads = here.reads
    return choices.hosts(reads.verdicts(), (each.host for each in reads.generations()))


def _networks(names: Sequence[str], chosen: str) -> tuple[Choice, ...]:
    on = [Choice(name, f"On {name}", name == chosen) for name in names]
    return (Choice("", "On any network", not chosen), *on)


def _waits(seconds: int) -> tuple[Choice, ...]:
    minutes = sorted({0, 5, 10, 30, seconds // 60})
    return tuple(
        Choice(
            str(60 * each),
            f"Wait for the newest, {each} min at most" if each else "Boot what there is",
            60 * each == seconds,
        )
        for each in minutes
    )
