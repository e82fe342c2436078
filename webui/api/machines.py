"""/machines and /inbox: computers, what each boots next, and those that wait."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import Field

from appliance.actions import identities, machines, once, running, wake
from appliance.actions.desk import Actor, Desk, Done
from appliance.actions.fitting import machine_fit
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Refused
from appliance.model.identity import age_recipient, fingerprint, known_host, spaced, sshfp
from appliance.model.images import Finding
from appliance.model.names import mac_from
from appliance.store.inventory_view import MachineView
from webui.api.hosts import ApiFinding, finding
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import (
    HOST,
    MAC,
    ApiDone,
    HostId,
    MachineWord,
    MacText,
    Seconds,
    ShortText,
    Word,
    body,
    done,
    one_of,
)
from webui.session import Here, Signed

router = routes_of("machines")
Deed = Literal["hold", "release", "wake", "again", "drop"]

Network = Annotated[str | None, Field(max_length=15, examples=["lan"])]
HostWord = Annotated[
    str | None,
    Field(max_length=400, examples=["ember"], description="id, source/name, or a name alone"),
]


@shape
class ApiMac:
    """A MAC, on one network or (null) on all."""

    network: Network
    mac: MacText


@shape
class ApiOnce:
    """A host that comes first, once; `state` says how far it came, since `at`, in boot `boot`."""

    kind: Annotated[str, one_of("once", examples=["install"])]
    host: HostId
    specialisation: str | None
    state: Annotated[str, one_of("once state", examples=["asked"])]
    at: Seconds | None
    boot: str | None


@shape
class ApiWoken:
    """The last packet that was to wake a machine, on which networks, and what came of it."""

    at: Seconds
    networks: list[str]
    came: Annotated[str, one_of("woken", examples=["asked"])]
    why: Annotated[str, Field(description="when it was not sent")]


@shape
class ApiRunning:
    """What a machine says that it runs, since when; `gets` is the generation it would get now."""

    boot: str
    host: HostId
    generation: int
    toplevel: str
    at: Seconds
    stand: Annotated[str, one_of("running", examples=["in sync"])]
    gets: int | None
    behind: int


@shape
class ApiIdentity:
    """The key that a machine is known by: its SSH host key, and as `age` its age identity."""

    keeps: Annotated[bool, Field(description="Whether it asks for its key when it starts.")]
    way: Annotated[str, one_of("identity way", examples=["tpm"])]
    ssh: Annotated[str, Field(examples=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI…"])]
    age: str
    fingerprint: str
    sshfp: str
    known_host: Annotated[str, Field(description="The line that ssh-keyscan would write.")]
    differs: Annotated[str, Field(description="What it said since that is not its key.")]
    codes: Annotated[list[str], Field(description="Shown now by who asks for its key.")]


@shape
class ApiMachine:
    """A machine; `intent` is what its next boot does."""

    id: str
    name: Annotated[str, Field(examples=["desk-1"])]
    macs: list[ApiMac]
    intent: Annotated[str, one_of("intent", examples=["run"])]
    host: HostId | None
    menu: str | None
    specialisation: str | None
    waits_seconds: int
    once: ApiOnce | None
    woken: ApiWoken | None
    running: ApiRunning | None
    doubts: Annotated[
        list[ApiFinding], Field(description="how its next image fits it; of one machine only")
    ]
    machine_id: Annotated[str, Field(description="What systemd calls it: systemd.machine_id=")]
    identity: ApiIdentity


@shape
class NewMachine:
    """What `POST /machines` takes."""

    __pydantic_config__ = body(mac=MAC, name="desk-1")
    mac: Annotated[MacText, Field(max_length=40)]
    network: Network = None
    name: ShortText = ""


@shape
class MachineEdit:
    """What `PATCH /machines/{machine}` takes."""

    __pydantic_config__ = body(name="desk-2")
    name: ShortText | None = None
    waits_seconds: Annotated[int | None, Field(ge=0, le=3600)] = None


@shape
class NewMac:
    """Another MAC of a machine."""

    __pydantic_config__ = body(mac=MAC, network="lan")
    mac: Annotated[MacText, Field(max_length=40)]
    network: Network = None


@shape
class IdentityAct:
    """What `POST /machines/{machine}/identity` takes; approve and refuse need the code."""

    __pydantic_config__ = body(act="approve", code="681 312")
    act: Annotated[str, one_of("identity act", max_length=20)]
    code: Annotated[str, Field(max_length=20)] = ""


@shape
class Assignment:
    """Exactly one of host, menu, intent.

    A MAC nobody knows becomes a machine called `name` on `network`.
    """

    __pydantic_config__ = body(host=HOST, name="desk-1")
    host: HostWord = None
    menu: Annotated[str | None, Field(max_length=200)] = None
    intent: Annotated[str | None, one_of("bare intent", max_length=20)] = None
    specialisation: Annotated[str | None, Field(max_length=200)] = None
    once: Annotated[str | None, one_of("once", max_length=20)] = None
    network: Network = None
    name: ShortText = ""


@shape
class ApiHeld:
    """A machine that waits for the owner and shows `code` on its screen."""

    network: str
    mac: MacText
    code: Annotated[str, Field(examples=["4821"])]
    since: Seconds
    last_asked: Seconds
    facts: dict[str, Any]


@router.get("/machines")
def every_machine(here: Signed) -> list[ApiMachine]:
    """Every machine."""
    return _shown(here, here.reads.machines())


@router.post("/machines", status_code=201)
def add_machine(here: Signed, new: NewMachine) -> ApiDone:
    """Make a MAC a machine; it is on hold until something is assigned."""
    return done(
        machines.add_machine(here.desk, here.actor, new.mac, network=new.network, name=new.name)
    )


@router.get("/machines/{machine}")
def one_machine(here: Signed, machine: MachineWord) -> ApiMachine:
    """One machine, by id, name or MAC."""
    try:
        mac = mac_from(machine)
    except ValueError:
        mac = ""
    for view in here.reads.machines():
        if machine in (view.id, view.name) or mac in {own for _, own in view.macs}:
            found = machine_fit(here.reads, view)
            return _shown(here, [view], found.findings if found else ())[0]
    raise Unknown(problem("There is no such machine. GET /machines lists them."))


@router.patch("/machines/{machine}")
def rename_machine(here: Signed, machine: MachineWord, edit: MachineEdit) -> ApiDone:
    """Give a machine another name, or say how long it waits for the newest image of its host."""
    if (edit.name is None) == (edit.waits_seconds is None):
        raise Refused(problem("Give either a name or waits_seconds.", "name"))
    if edit.waits_seconds is None:
        return done(machines.rename_machine(here.desk, here.actor, machine, edit.name or ""))
    seconds = edit.waits_seconds
    return done(machines.wait_for_newest(here.desk, here.actor, machine, seconds))


@router.delete("/machines/{machine}")
def remove_machine(here: Signed, machine: MachineWord) -> ApiDone:
    """Forget a machine."""
    return done(machines.remove_machine(here.desk, here.actor, machine))


@router.post("/machines/{machine}/macs", status_code=201)
def add_mac(here: Signed, machine: MachineWord, new: NewMac) -> ApiDone:
    """Give a machine another MAC."""
    return done(machines.add_mac(here.desk, here.actor, machine, new.mac, network=new.network))


@router.put("/machines/{machine}/intent")
def assign_machine(here: Signed, machine: MachineWord, assignment: Assignment) -> ApiDone:
    """Decide what the machine boots; one on hold gets it within seconds."""
    return done(
        machines.assign_machine(
            here.desk,
            here.actor,
            machine,
            host=assignment.host,
            menu=assignment.menu,
            intent=assignment.intent,
            specialisation=assignment.specialisation,
            once=assignment.once,
            network=assignment.network,
            name=assignment.name,
        )
    )


@router.post("/machines/{machine}/identity")
def act_on_identity(here: Signed, machine: MachineWord, wanted: IdentityAct) -> ApiDone:
    """Decide about the key that the machine is known by; approve and refuse take its code."""
    return done(identities.act_on(here.desk, here.actor, machine, wanted.act, wanted.code))


@router.post("/machines/{machine}/{deed}")
def act_on_machine(here: Signed, machine: MachineWord, deed: Annotated[Deed, Path()]) -> ApiDone:
    """Do something about a machine.

    `hold`: it waits at its next boot, until `release`, which gives it what it had before.
    `wake`: it is sent the packet that wakes it; `woken` of the machine says what came of that.
    `again`, `drop`: ask once more for what it was to boot once, or do without that.
    """
    return done(DEEDS[deed](here.desk, here.actor, machine))


@router.get("/inbox")
def inbox(here: Signed) -> list[ApiHeld]:
    """Machines that wait right now."""
    return [
        ApiHeld(row.network, row.mac, row.code, row.since, row.last_asked, dict(row.facts))
        for row in here.reads.held(here.now)
    ]


@router.delete("/inbox/{network}/{mac}")
def forget_waiting(here: Signed, network: Word, mac: Word) -> ApiDone:
    """Take a waiting machine out of the inbox until it asks again."""
    return done(machines.forget_held(here.desk, here.actor, network, mac))


def _shown(
    here: Here, views: Sequence[MachineView], doubts: Sequence[Finding] = ()
) -> list[ApiMachine]:
    woken = wake.woken(here.reads, views, here.now)
    runs = running.running(here.reads, views)
    return [
        ApiMachine(
            view.id,
            view.name,
            [ApiMac(network, mac) for network, mac in view.macs],
            view.intent,
            view.host,
            view.menu,
            view.specialisation,
            view.waits_seconds,
            _once(view),
            _woken(woken.get(view.id)),
            _running(runs.get(view.id)),
            [finding(one) for one in doubts],
            view.machine_id,
            _identity(here, view),
        )
        for view in views
    ]


def _identity(here: Here, view: MachineView) -> ApiIdentity:
    known, asks = here.reads.identities().get(view.id), here.reads.identity_asks(here.now)
    ssh = known.ssh if known else ""
    return ApiIdentity(
        keeps=view.keeps_identity,
        way=known.way if known else "",
        ssh=ssh,
        age=age_recipient(ssh) if ssh else "",
        fingerprint=fingerprint(ssh) if ssh else "",
        sshfp=sshfp(view.name, ssh) if ssh else "",
        known_host=known_host([view.name], ssh) if ssh else "",
        differs=known.differs if known else "",
        codes=[spaced(one.code) for one in asks if one.machine == view.id],
    )


def _woken(found: wake.Woken | None) -> ApiWoken | None:
    if found is None:
        return None
    return ApiWoken(found.row.at, list(found.row.networks), found.came, found.row.why)


def _running(found: running.Truth | None) -> ApiRunning | None:
    if found is None:
        return None
    row, how = found.row, (found.stand, found.gets, found.behind)
    return ApiRunning(row.boot, row.host, row.generation, row.toplevel, row.at, *how)


def _once(view: MachineView) -> ApiOnce | None:
    once, had = view.once, view.had
    if once is None:
        return None
    how = (had.state, had.at, had.boot) if had else ("asked", None, None)
    return ApiOnce(once.kind, once.host, once.specialisation, *how)


DEEDS: Mapping[Deed, Callable[[Desk, Actor, str], Done]] = {
    "hold": machines.hold_machine,
    "release": machines.release_machine,
    "wake": wake.wake_machine,
    "again": once.again,
    "drop": once.drop,
}
