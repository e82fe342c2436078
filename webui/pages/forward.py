"""/firewall/new-forward and /firewall/forwards/<name>: one way in, as a change of the draft."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from ipaddress import IPv4Address
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import draft
from appliance.actions import firewall as deeds
from appliance.actions.desk import Done
from appliance.actions.known_devices import known
from appliance.errors import Problem, Refused
from appliance.model.config import RouterConfig
from appliance.model.firewall import Forward
from appliance.model.policy import reserved
from webui.forms import filled, seen, ticked, whole
from webui.pages import ends, frame, port_ranges, until
from webui.pages.choices import Choice
from webui.pages.firewall import PATH
from webui.pages.frame import Shell
from webui.pages.page import Field
from webui.pages.row import RowForm, TypedRow, placed
from webui.pages.rule import to_choose
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
PROTOCOLS: Mapping[str, str] = {"tcp": "TCP", "udp": "UDP"}
PLACES: Mapping[str, str] = {
    "name": "name",
    "mac": "mac",
    "outside": "outside",
    "inside": "inside",
    "suffix": "suffix",
    "until": "until",
}
"""First word of a problem's place in its forward → the field that shows it."""


@dataclass(frozen=True, slots=True)
class Typed(TypedRow):
    """A forward as the form says it; `suffix` is its device's."""

    name: str = ""
    mac: str = ""
    protocol: str = "tcp"
    outside: str = ""
    inside: str = ""
    suffix: str = ""
    until: str = ""
    enabled: str = ""


class ForwardView(NamedTuple):
    """The page; `before` is "" for a new forward."""

    shell: Shell
    before: str
    heading: str
    name: Field
    devices: tuple[Choice, ...]
    mac_problem: str
    protocols: tuple[Choice, ...]
    outside: Field
    inside: Field
    suffix: Field
    until: Field
    time_zone: str
    enabled: bool
    seen: str
    problem: str


@router.get("/firewall/new-forward")
def show_new(here: Signed, mac: str = "") -> Response:
    """The form of a forward that is not there yet; `mac` chooses its device."""
    return FORM.again(here, "", Typed(mac=mac, enabled="yes"))


@router.get("/firewall/forwards/{way}")
def show(here: Signed, way: str) -> Response:
    """The form of a forward."""
    return FORM.shown(here, way)


@router.post("/firewall/new-forward")
def add(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Add it to the draft."""
    return FORM.taken(here, "", typed)


@router.post("/firewall/forwards/{way}")
def change(here: Owning, way: str, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Change it in the draft."""
    return FORM.taken(here, way, typed)


def save(here: Here, before: str, typed: Typed) -> Done:
    """Put it into the draft, with its device's suffix.  Raises Unknown, Refused."""
    stored, key = as_stored(typed, draft.edited(here.desk)), (before,) if before else ()
    return deeds.save_forward(here.desk, here.actor, key, stored, typed.suffix.strip())


def present(here: Here, name: str) -> Typed:
    """A forward of the draft as its form.  Raises Unknown."""
    config = draft.edited(here.desk)
    told = typed_from(config, config.forwards[deeds.FORWARDS.at(config, (name,))])
    return replace(told, seen=seen(asdict(told)))


def typed_from(config: RouterConfig, forward: Forward) -> Typed:
    """A forward as its form."""
    found = reserved(config, forward.mac)
    suffix = found[1].suffix if found else None
    return Typed(
        name=forward.name,
        mac=forward.mac,
        protocol=forward.protocol,
        outside=port_ranges.written((forward.outside,)),
        inside="" if forward.inside is None else str(forward.inside),
        suffix="" if suffix is None else str(suffix),
        until=until.written(forward.until, config.time_zone),
        enabled="yes" if forward.enabled else "",
    )


def as_stored(typed: Typed, config: RouterConfig) -> dict[str, Any]:
    """What the form says, as the configuration's JSON has it.  Raises Refused."""
    problems = []
    ports = port_ranges.read(typed.outside)
    if ports is None or len(ports) != 1:
        problems.append(Problem(("outside",), "Write one port, or one range: 8443, 6000-6010."))
    inside = whole(typed.inside)
    if typed.inside.strip() and inside is None:
        problems.append(Problem(("inside",), "Write one port, like 443."))
    over = None
    try:
        over = until.read(typed.until, config.time_zone)
    except ValueError:
        problems.append(Problem(("until",), "Write the end as a date and a time."))
    if problems or not ports:
        raise Refused(*problems)
    return {
        "name": typed.name.strip(),
        "mac": typed.mac,
        "protocol": typed.protocol,
        "outside": ports[0],
        "inside": inside,
        "enabled": ticked(typed.enabled),
        "until": over,
    }


def built(here: Here, before: str, typed: Typed, refused: Refused | None = None) -> ForwardView:
    """The view of this moment."""
    config = draft.edited(here.desk)
    wrong = placed(refused, "forwards", PLACES)
    return ForwardView(
        shell=frame.shell(here, "firewall", before or "A new forward"),
        before=before,
        heading=f"Change {before}" if before else "Let something in",
        name=Field(typed.name, wrong.get("name", "")),
        devices=tuple(
            Choice(mac, label, mac == typed.mac) for mac, label in targets(here, config).items()
        ),
        mac_problem=wrong.get("mac", ""),
        protocols=to_choose(PROTOCOLS, typed.protocol),
        outside=Field(typed.outside, wrong.get("outside", "")),
        inside=Field(typed.inside, wrong.get("inside", "")),
        suffix=Field(typed.suffix, wrong.get("suffix", "")),
        until=Field(typed.until, wrong.get("until", "")),
        time_zone=config.time_zone,
        enabled=ticked(typed.enabled),
        seen=typed.seen,
        problem=wrong.get("", ""),
    )


def targets(here: Here, config: RouterConfig) -> Mapping[str, str]:
    """Where a forward may lead, by MAC: devices with a fixed address, then who is here."""
    found = {one.mac: f"{one.name or one.mac} · {one.address}" for one in ends.reservations(config)}
    given = [one.address.network for one in config.networks if one.dhcp]
    for one in known(here.reads):
        fits = one.address and any(IPv4Address(one.address) in subnet for subnet in given)
        if one.row.here and fits and one.mac not in found:
            found[one.mac] = f"{one.name} · keeps {one.address}"
    return found


FORM = RowForm("forward.html", PATH, present, built, save)
