"""/networks/<name>/addresses: who always gets the same address there, and who has one now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import networks as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Problem, Refused
from appliance.model.config import QUIRKS, Network, Reservation
from appliance.model.names import mac_from
from appliance.store.inventory_view import MachineView
from appliance.store.leases import LeaseRow
from webui import phrases
from webui.forms import Text, filled
from webui.pages import frame, network
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Typed:
    """A fixed address as the form says it; `was` is whose is changed, "" for a new one."""

    was: str = ""
    mac: str = ""
    address: str = ""
    name: str = ""
    quirks: tuple[str, ...] = ()
    suffix: str = ""


class Fixed(NamedTuple):
    """One fixed address of the table."""

    name: str
    mac: str
    address: str
    quirks: str


class Given(NamedTuple):
    """One lease; `fixed` when the device has a fixed address already."""

    address: str
    name: str
    mac: str
    ends: str
    fixed: bool


class AddressesView(NamedTuple):
    """The page."""

    shell: Shell
    network: str
    gives: bool
    fixed: tuple[Fixed, ...]
    given: tuple[Given, ...]
    was: str
    mac: Field
    address: Field
    name: Field
    suffix: Field
    quirks: tuple[Choice, ...]
    problem: str


PLACES = ("mac", "address", "name", "suffix")
"""Last word of a problem's place → the field that shows it."""


@router.get("/networks/{lan}/addresses")
def show(here: Signed, lan: str, edit: str = "") -> Response:
    """The page, with the form for one device or for a new one."""
    rows = _rows(network.one(here, lan))
    found = next((one for one in rows if one.mac == edit), None)
    return page("addresses.html", built(here, lan, stored_as_typed(found) if found else Typed()))


@router.post("/networks/{lan}/addresses")
def keep(here: Owning, lan: str, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Give a device a fixed address, in the draft."""
    try:
        done = deeds.reserve(here.desk, here.actor, lan, typed.was, as_stored(typed))
    except Unknown:
        raise
    except Refused as refused:
        return page("addresses.html", built(here, lan, typed, refused), 422)
    return after(f"/networks/{lan}/addresses", done.act)


@router.post("/networks/{lan}/addresses/pin")
def pin(here: Owning, lan: str, mac: Text = "") -> Response:
    """Have a device keep the address that it has now."""
    lease = next((one for one in _leases(here, lan) if one.mac == mac), None)
    if lease is None:
        raise Unknown(Problem((), f"{mac} has no lease on {lan} any more. Look at the page again."))
    called = _names(here.reads.machines()).get(mac) or lease.hostname.lower()
    typed = Typed(mac=mac, address=str(lease.address), name=called)
    return keep(here, lan, typed)


@router.post("/networks/{lan}/addresses/remove")
def remove(here: Owning, lan: str, mac: Text = "") -> Response:
    """Let the address go back to the pool."""
    done = deeds.unreserve(here.desk, here.actor, lan, mac)
    return after(f"/networks/{lan}/addresses", done.act)


def built(here: Here, name: str, typed: Typed, refused: Refused | None = None) -> AddressesView:
    """The view of this moment."""
    shell = frame.shell(here, "network", f"Addresses of {name}")
    called = _names(here.reads.machines())
    return view(
        shell,
        network.one(here, name),
        _leases(here, name),
        called,
        typed,
        placed(refused),
        here.now,
    )


def placed(refused: Refused | None) -> dict[str, str]:
    """Problems by field; what no field shows is the form's own.

    >>> where = ("networks", 0, "dhcp", "reservations", 0)
    >>> placed(Refused(Problem((*where, "mac"), "Twice."), Problem(("domain",), "No.")))
    {'mac': 'Twice.', '': 'No.'}
    """
    found: dict[str, str] = {}
    for problem in refused.problems if refused else ():
        inside = "reservations" in problem.where or len(problem.where) == 1
        last = str(problem.where[-1]) if problem.where else ""
        field = last if inside and last in PLACES else ""
        found[field] = f"{found[field]} {problem.what}" if field in found else problem.what
    return found


def stored_as_typed(one: Reservation) -> Typed:
    """A fixed address as its form."""
    suffix = str(one.suffix or "")
    return Typed(one.mac, one.mac, str(one.address), one.name or "", one.quirks, suffix)


def as_stored(typed: Typed) -> dict[str, Any]:
    """What the form says, as the configuration's JSON has it.  Raises Refused."""
    try:
        mac = mac_from(typed.mac)
    except ValueError as error:
        raise Refused(Problem(("mac",), f"{error}.")) from None
    return {
        "mac": mac,
        "address": typed.address.strip(),
        "name": typed.name.strip() or None,
        "quirks": list(typed.quirks),
        "suffix": typed.suffix.strip() or None,
    }


def view(
    shell: Shell,
    one: Network,
    leases: Sequence[LeaseRow],
    called: Mapping[str, str],
    typed: Typed,
    wrong: Mapping[str, str],
    now: float,
) -> AddressesView:
    """The page from its rows."""
    rows = _rows(one)
    fixed = {each.mac for each in rows}
    return AddressesView(
        shell=shell,
        network=one.name,
        gives=one.dhcp is not None,
        fixed=tuple(
            Fixed(
                each.name or called.get(each.mac, ""),
                each.mac,
                str(each.address),
                phrases.listing(each.quirks) if each.quirks else "",
            )
            for each in sorted(rows, key=lambda each: each.address)
        ),
        given=tuple(
            Given(
                str(lease.address),
                called.get(lease.mac) or lease.hostname,
                lease.mac,
                phrases.ahead(lease.ends_at - now),
                lease.mac in fixed,
            )
            for lease in leases
        ),
        was=typed.was,
        mac=Field(typed.mac, wrong.get("mac", "")),
        address=Field(typed.address, wrong.get("address", "")),
        name=Field(typed.name, wrong.get("name", "")),
        suffix=Field(typed.suffix, wrong.get("suffix", "")),
        quirks=tuple(
            Choice(quirk, phrases.capital(f"{what}."), quirk in typed.quirks)
            for quirk, what in QUIRKS.items()
        ),
        problem=wrong.get("", ""),
    )


def _rows(one: Network) -> tuple[Reservation, ...]:
    return one.dhcp.reservations if one.dhcp else ()


def _leases(here: Here, name: str) -> list[LeaseRow]:
    held = here.reads.leases(name)
    return [one for one in held if one.state == "bound" and one.ends_at > here.now]


def _names(machines: Sequence[MachineView]) -> dict[str, str]:
    return {mac: machine.name for machine in machines for _, mac in machine.macs}
