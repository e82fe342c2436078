"""/networks/internet: the way out, as a change of the draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import draft
from appliance.actions import router as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.able import NO_CAKE, NO_VLAN
from appliance.model.cards import NAME
from appliance.model.config import RouterConfig
from appliance.model.shaping import ETHERNET, MEDIA
from appliance.model.slices import KernelSlice
from appliance.model.wan import Wan
from webui.forms import beside, filled
from webui.pages import frame, speeds
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.pages.ports import INTERNET, Known, PortChoice, by, chosen, known, offered
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

    way: str = "none"
    port: str = ""
    known_by: str = NAME
    address: str = ""
    gateway: str = ""
    mac: str = ""
    mtu: str = ""
    vlan: str = ""
    down: str = ""
    up: str = ""
    line: str = ETHERNET
    user: str = ""
    password: str = ""
    service: str = ""


class InternetView(NamedTuple):
    """The page of the way out."""

    shell: Shell
    ways: tuple[Choice, ...]
    ports: tuple[PortChoice, ...]
    port_problem: str
    known: tuple[Known, ...]
    address: Field
    gateway: Field
    mac: Field
    mtu: Field
    vlan: Field
    no_tags: str  # why there can be no tag, "" where there can
    down: Field
    up: Field
    lines: tuple[Choice, ...]
    no_speeds: str  # why no speed can be held, "" where one can
    user: Field
    password_problem: str
    service: Field
    has_password: bool
    besides: bool  # something is typed of what the provider wants besides, so it is not folded
    holds: bool  # … of the speeds
    problem: str


@router.get("/networks/internet")
def show(here: Signed) -> Response:
    """How the internet is reached."""
    config = draft.edited(here.desk)
    return page("internet.html", built(here, config, stored_as_typed(config.wan)))


@router.post("/networks/internet")
def change(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
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
    static, held, session = wan.static, wan.shaping, wan.pppoe
    return Typed(
        way="pppoe" if session else "static" if static else "dhcp",
        port=wan.port,
        known_by=by((wan.port,)),
        address=str(static.address) if static else "",
        gateway=str(static.gateway) if static else "",
        mac=wan.mac or "",
        mtu=str(wan.mtu or ""),
        vlan=str(wan.vlan or ""),
        down=speeds.written(held.down_kbit if held else None),
        up=speeds.written(held.up_kbit if held else None),
        line=held.line if held else ETHERNET,
        user=session.user if session else "",
        service=session.service if session else "",
    )


def as_stored(here: Here, typed: Typed) -> dict[str, Any] | None:
    """What the form says, as the configuration's JSON has it; None for no way out.

    Raises Refused for a port that cannot be known so.
    """
    if typed.way not in WAYS or typed.way == "none":
        return None
    ports = here.reads.ports()
    picked = chosen((typed.port,), ports, typed.known_by, place=("wan", "port"))
    static = {"address": typed.address.strip(), "gateway": typed.gateway.strip()}
    session = {"user": typed.user.strip(), "service": typed.service.strip()}
    down, up = speeds.read(typed.down), speeds.read(typed.up)
    held = {"down_kbit": down, "up_kbit": up, "line": typed.line}
    return {
        "port": picked[0],
        "static": static if typed.way == "static" else None,
        "pppoe": session if typed.way == "pppoe" else None,
        "mac": typed.mac.strip().lower().replace("-", ":") or None,
        "mtu": _number(typed.mtu),
        "vlan": _number(typed.vlan),
        "shaping": None if down is None and up is None else held,
    }


def _number(text: str) -> int | str | None:
    """A number where it is one; what is none stays, for the border to refuse."""
    plain = text.strip()
    return (int(plain) if plain.isascii() and plain.isdecimal() else plain) or None


def built(
    here: Here, config: RouterConfig, typed: Typed, wrong: Mapping[str, str] | None = None
) -> InternetView:
    """The view from what was typed."""
    found = dict(wrong or {})
    slices = here.reads.slices()
    kernel = slices.kernel if slices else KernelSlice()
    ports = offered(here.reads.ports(), config, (typed.port,) if typed.port else (), INTERNET)
    return InternetView(
        shell=frame.shell(here, "network", "The internet"),
        ways=tuple(Choice(value, label, value == typed.way) for value, label in WAYS.items()),
        ports=ports,
        port_problem=found.pop("wan.port", ""),
        known=known(here.reads.ports(), typed.known_by),
        address=Field(typed.address, found.pop("wan.static.address", "")),
        gateway=Field(typed.gateway, found.pop("wan.static.gateway", "")),
        mac=Field(typed.mac, found.pop("wan.mac", "")),
        mtu=Field(typed.mtu, found.pop("wan.mtu", "")),
        vlan=Field(typed.vlan, found.pop("wan.vlan", "")),
        no_tags="" if kernel.vlan else NO_VLAN,
        down=Field(typed.down, found.pop("wan.shaping.down_kbit", "")),
        up=Field(typed.up, found.pop("wan.shaping.up_kbit", "")),
        lines=tuple(Choice(word, one.words, word == typed.line) for word, one in MEDIA.items()),
        no_speeds="" if kernel.cake else NO_CAKE,
        user=Field(typed.user, found.pop("wan.pppoe.user", "")),
        password_problem=found.pop("wan.pppoe.password", ""),
        service=Field(typed.service, found.pop("wan.pppoe.service", "")),
        has_password=bool(config.wan and config.wan.pppoe and config.wan.pppoe.secret),
        besides=bool(typed.mac or typed.mtu or typed.vlan),
        holds=bool(typed.down or typed.up),
        problem=" ".join(found.values()),
    )
