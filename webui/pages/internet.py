"""/networks/internet: the way out, as a change of the draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from appliance.actions import draft
from appliance.actions import router as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.config import RouterConfig
from appliance.model.wan import Wan
from webui.forms import Text, beside, ticked
from webui.pages import frame
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.pages.ports import INTERNET, PortChoice, by_mac, chosen, offered
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
WAYS: Mapping[str, str] = {
    "none": "Not at all",
    "dhcp": "By DHCP",
    "static": "With an address of its own",
    "pppoe": "By PPPoE, with a name and a password",
}
"""How the internet is reached."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The way out as the form says it."""

    way: Text = "none"
    port: Text = ""
    by_mac: Text = ""
    address: Text = ""
    gateway: Text = ""
    mac: Text = ""
    mtu: Text = ""
    user: Text = ""
    password: Text = ""
    service: Text = ""


@dataclass(frozen=True, slots=True)
class InternetView:
    """The page of the way out."""

    shell: Shell
    ways: tuple[Choice, ...]
    ports: tuple[PortChoice, ...]
    port_problem: str
    by_mac: bool
    address: Field
    gateway: Field
    mac: Field
    mtu: Field
    user: Field
    password_problem: str
    service: Field
    has_password: bool
    problem: str


@router.get("/networks/internet")
def show(here: Signed) -> Response:
    """How the internet is reached."""
    config = draft.edited(here.desk)
    return page("internet.html", built(here, config, stored_as_typed(config.wan)))


@router.post("/networks/internet")
def change(here: Owning, typed: Annotated[Typed, Depends()]) -> Response:
    """Change it in the draft."""
    try:
        password = typed.password if typed.way == "pppoe" else ""
        done = deeds.set_internet(here.desk, here.actor, as_stored(here, typed), password)
    except Unknown:
        raise
    except Refused as refused:
        found = built(here, draft.edited(here.desk), typed, beside(refused))
        return page("internet.html", found, 422)
    return after("/networks", done.act)


def stored_as_typed(wan: Wan | None) -> Typed:
    """The way out as its form."""
    if wan is None:
        return Typed()
    marked = "yes" if by_mac((wan.port,)) else ""
    mac, mtu, static = wan.mac or "", str(wan.mtu or ""), wan.static
    if wan.pppoe:
        user, service = wan.pppoe.user, wan.pppoe.service
        return Typed("pppoe", wan.port, marked, mac=mac, mtu=mtu, user=user, service=service)
    if static is None:
        return Typed("dhcp", wan.port, marked, mac=mac, mtu=mtu)
    address, gateway = str(static.address), str(static.gateway)
    return Typed("static", wan.port, marked, address, gateway, mac, mtu)


def as_stored(here: Here, typed: Typed) -> dict[str, Any] | None:
    """What the form says, as the configuration's JSON has it; None for no way out."""
    if typed.way not in WAYS or typed.way == "none":
        return None
    picked = chosen((typed.port,), here.reads.ports(), by_mac=ticked(typed.by_mac))
    static = {"address": typed.address.strip(), "gateway": typed.gateway.strip()}
    session = {"user": typed.user.strip(), "service": typed.service.strip()}
    size = typed.mtu.strip()
    return {
        "port": picked[0],
        "static": static if typed.way == "static" else None,
        "pppoe": session if typed.way == "pppoe" else None,
        "mac": typed.mac.strip().lower().replace("-", ":") or None,
        "mtu": (int(size) if size.isascii() and size.isdecimal() else size) or None,
    }


def built(
    here: Here, config: RouterConfig, typed: Typed, wrong: Mapping[str, str] | None = None
) -> InternetView:
    """The view from what was typed."""
    found = dict(wrong or {})
    ports = offered(here.reads.ports(), config, (typed.port,) if typed.port else (), INTERNET)
    return InternetView(
        shell=frame.shell(here, "network", "The internet"),
        ways=tuple(Choice(value, label, value == typed.way) for value, label in WAYS.items()),
        ports=ports,
        port_problem=found.pop("wan.port", ""),
        by_mac=ticked(typed.by_mac),
        address=Field(typed.address, found.pop("wan.static.address", "")),
        gateway=Field(typed.gateway, found.pop("wan.static.gateway", "")),
        mac=Field(typed.mac, found.pop("wan.mac", "")),
        mtu=Field(typed.mtu, found.pop("wan.mtu", "")),
        user=Field(typed.user, found.pop("wan.pppoe.user", "")),
        password_problem=found.pop("wan.pppoe.password", ""),
        service=Field(typed.service, found.pop("wan.pppoe.service", "")),
        has_password=bool(config.wan and config.wan.pppoe and config.wan.pppoe.secret),
        problem=" ".join(found.values()),
    )
