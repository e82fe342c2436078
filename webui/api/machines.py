"""/machines and /inbox: computers, what each boots next, and those that wait."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from appliance.actions import machines
from appliance.actions.fitting import machine_fit
from appliance.actions.refusals import Unknown, problem
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
from webui.session import Signed

router = routes_of("machines")

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
class ApiMachine:
    """A machine; `intent` is what its next boot does."""

    id: str
    name: Annotated[str, Field(examples=["desk-1"])]
    macs: list[ApiMac]
    intent: Annotated[str, one_of("intent", examples=["run"])]
    host: HostId | None
    menu: str | None
    specialisation: str | None
    doubts: Annotated[
        list[ApiFinding], Field(description="how its next image fits it; of one machine only")
    ]


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
    name: ShortText


@shape
class NewMac:
    """Another MAC of a machine."""

    __pydantic_config__ = body(mac=MAC, network="lan")
    mac: Annotated[MacText, Field(max_length=40)]
    network: Network = None


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
    return [_shown(view) for view in here.reads.machines()]


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
            return _shown(view, found.findings if found else ())
    raise Unknown(problem("There is no such machine. GET /machines lists them."))


@router.patch("/machines/{machine}")
def rename_machine(here: Signed, machine: MachineWord, edit: MachineEdit) -> ApiDone:
    """Give a machine another name."""
    return done(machines.rename_machine(here.desk, here.actor, machine, edit.name))


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
            network=assignment.network,
            name=assignment.name,
        )
    )


@router.post("/machines/{machine}/hold")
def hold_machine(here: Signed, machine: MachineWord) -> ApiDone:
    """Let the machine wait at its next boot."""
    return done(machines.hold_machine(here.desk, here.actor, machine))


@router.post("/machines/{machine}/release")
def release_machine(here: Signed, machine: MachineWord) -> ApiDone:
    """End a hold: the machine gets what it had before."""
    return done(machines.release_machine(here.desk, here.actor, machine))


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


def _shown(view: MachineView, doubts: Sequence[Finding] = ()) -> ApiMachine:
    return ApiMachine(
        view.id,
        view.name,
        [ApiMac(network, mac) for network, mac in view.macs],
        view.intent,
        view.host,
        view.menu,
        view.specialisation,
        [finding(one) for one in doubts],
    )
