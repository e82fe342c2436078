"""/networks/new and /networks/<name>/settings: one network, as a change of the draft."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import draft
from appliance.actions import networks as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Problem, Refused
from appliance.model.able import NO_VLAN
from appliance.model.cards import NAME
from appliance.model.config import Network, RouterConfig
from appliance.model.firewall import LAN
from appliance.model.firewall_compare import zone_said
from appliance.model.ipv6 import ROUTER_SUFFIX
from appliance.model.lan_cache import BY_ZONE
from appliance.model.lan_cache import CHOICES as CACHE_CHOICES
from appliance.model.moving import pool_in, unused
from appliance.model.newcomers import CHOICES, TELL
from appliance.store.trials import PortRow
from webui import phrases
from webui.forms import filled, seen, ticked, whole
from webui.pages import dhcp_options, frame, port_tags, prefixes
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import Fact, Field, after, page
from webui.pages.ports import Known, PortChoice, by, chosen, known, offered
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
LEASES = (600, 3600, 43_200, 86_400, 604_800)
"""Seconds that a lease usually lasts, to choose from."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A network as the form says it."""

    name: str = ""
    ports: tuple[str, ...] = ()
    known_by: str = NAME
    tagged: str = ""
    address: str = ""
    gives: str = ""
    first: str = ""
    last: str = ""
    lease: str = "43200"
    options: str = ""
    classes: str = ""
    beside: str = ""
    netboot: str = ""
    six: str = ""
    number: str = ""
    suffix: str = str(ROUTER_SUFFIX)
    zone: str = LAN
    newcomers: str = TELL
    filtered: str = ""
    cache: str = BY_ZONE
    seen: str = ""


@dataclass(frozen=True, slots=True)
class NetworkView:
    """The page; `name` is "" for a new network."""

    shell: Shell
    name: str
    heading: str
    called: Field
    ports: tuple[PortChoice, ...]
    ports_problem: str
    known: tuple[Known, ...]
    tagged: Field
    no_tags: str  # why no port can carry a tag here, "" where it can
    address: Field
    gives: bool
    first: Field
    last: Field
    leases: tuple[Choice, ...]
    options: Field
    classes: Field
    beside: bool
    netboot: bool
    six: bool
    six_problem: str
    number: Field
    room: str  # which numbers the provider's prefix has, "" without one
    suffix: Field
    six_now: tuple[Fact, ...]  # what is in force, () without IPv6
    zones: tuple[Choice, ...]
    zone_problem: str
    newcomers: tuple[Choice, ...]
    newcomers_problem: str
    caches: tuple[Choice, ...]
    cache_problem: str
    filtered: bool
    seen: str
    problem: str


PLACES: Mapping[str, str] = {
    "name": "name",
    "ports": "ports",
    "tagged": "tagged",
    "address": "address",
    "zone": "zone",
    "newcomers": "newcomers",
    "cache": "cache",
    "dhcp.pool.first": "first",
    "dhcp.pool.last": "last",
    "dhcp.pool": "first",
    "dhcp.options": "options",
    "dhcp.vendor_classes": "classes",
    "ipv6.subnet": "number",
    "ipv6.suffix": "suffix",
    "ipv6": "six",
}
"""Beginning of a problem's place → the field that shows it; any other is the form's own."""


@router.get("/networks/new")
def show_new(here: Signed) -> Response:
    """The form of a network that is not there yet."""
    return page("network.html", built(here, "", suggested(draft.edited(here.desk))))


@router.post("/networks/new")
def add(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Add it to the draft."""
    try:
        stored = {"name": typed.name.strip(), **as_stored(typed, here.reads.ports(), ())}
        done = deeds.add_network(here.desk, here.actor, stored)
    except Unknown:
        raise
    except Refused as refused:
        return page("network.html", built(here, "", typed, refused), 422)
    return after("/networks", done.act)


@router.get("/networks/{lan}/settings")
def show(here: Signed, lan: str) -> Response:
    """The form of a network."""
    return page("network.html", built(here, lan, stored_as_typed(one(here, lan))))


@router.post("/networks/{lan}/settings")
def change(here: Owning, lan: str, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Change it in the draft, unless somebody else did since the form was made."""
    network = one(here, lan)
    present = stored_as_typed(network)
    try:
        if typed.seen != present.seen:
            what = (
                f"Somebody changed {lan} meanwhile. Below is what you typed; Put it "
                "into the draft puts it in place of theirs."
            )
            raise Refused(Problem((), what))
        stored = as_stored(typed, here.reads.ports(), words_of(network))
        done = deeds.change_network(here.desk, here.actor, lan, stored)
    except Unknown:
        raise
    except Refused as refused:
        again = replace(typed, seen=present.seen)
        return page("network.html", built(here, lan, again, refused), 422)
    return after("/networks", done.act)


@router.post("/networks/{lan}/remove")
def remove(here: Owning, lan: str) -> Response:
    """Take it out of the draft."""
    return after("/networks", deeds.remove_network(here.desk, here.actor, lan).act)


def one(here: Here, name: str) -> Network:
    """A network of the draft.  Raises Unknown."""
    config = draft.edited(here.desk)
    return config.networks[deeds.place_of(config, name)]


def built(here: Here, name: str, typed: Typed, refused: Refused | None = None) -> NetworkView:
    """The view of this moment."""
    config = draft.edited(here.desk)
    at = deeds.place_of(config, name) if name else len(config.networks)
    shell = frame.shell(here, "network", name or "A new network")
    slices = here.reads.slices()
    no_tags = NO_VLAN if slices and not slices.kernel.vlan else ""
    found = view(shell, name, typed, config, here.reads.ports(), placed(refused, at))
    return replace(
        found,
        no_tags=no_tags,
        room=prefixes.room(here),
        six_now=prefixes.present(here, name) if name else (),
    )


def placed(refused: Refused | None, at: int) -> dict[str, str]:
    """Problems by field; what no field shows is the form's own, whole sentences joined.

    >>> placed(Refused(Problem(("networks", 1, "dhcp", "options", 0, "code"), "Twice.")), 1)
    {'options': 'Twice.'}
    >>> placed(Refused(Problem(("networks", 0, "address"), "It overlaps.")), 1)
    {'': 'It overlaps.'}
    """
    found: dict[str, str] = {}
    for problem in refused.problems if refused else ():
        own = problem.where[2:] if problem.where[:2] == ("networks", at) else problem.where
        field = _field(".".join(map(str, own)))
        found[field] = f"{found[field]} {problem.what}" if field in found else problem.what
    return found


def _field(place: str) -> str:
    if place.startswith("dhcp.reservations.") and place.endswith(".suffix"):
        return "suffix"  # the router's is a device's already
    inside = (one for one in PLACES if place == one or place.startswith(f"{one}."))
    return PLACES.get(next(inside, ""), "")


def suggested(config: RouterConfig) -> Typed:
    """The form of a new network, with an address that nobody uses."""
    address, pool = unused(config)
    return Typed(
        address=str(address),
        gives="yes",
        first=str(pool.first),
        last=str(pool.last),
        lease=str(pool.lease_seconds),
        netboot="yes",
        six="yes",
        filtered="yes",
    )


def stored_as_typed(network: Network) -> Typed:
    """A network as its form."""
    dhcp, six = network.dhcp, network.ipv6
    pool = dhcp.pool if dhcp else pool_in(network.address)
    told = Typed(
        name=network.name,
        ports=network.ports,
        known_by=by(words_of(network)),
        tagged=port_tags.written(network.tagged),
        address=str(network.address),
        gives="yes" if dhcp else "",
        first=str(pool.first) if pool else "",
        last=str(pool.last) if pool else "",
        lease=str(dhcp.pool.lease_seconds if dhcp else LEASES[2]),
        options=dhcp_options.written(dhcp.options) if dhcp else "",
        classes="\n".join(dhcp.vendor_classes) if dhcp else "",
        beside="yes" if dhcp and dhcp.answer_beside_others else "",
        netboot="yes" if network.netboot else "",
        six="yes" if network.ipv6 else "",
        number="" if six is None or six.subnet is None else str(six.subnet),
        suffix=str(six.suffix if six else ROUTER_SUFFIX),
        zone=network.zone,
        newcomers=network.newcomers,
        filtered="yes" if network.filtered else "",
        cache=network.cache,
    )
    return replace(told, seen=seen(asdict(told)))


def words_of(network: Network) -> tuple[str, ...]:
    """What it calls its ports, those with a tag included."""
    return (*network.ports, *(one.port for one in network.tagged))


def as_stored(typed: Typed, ports: Sequence[PortRow], present: Sequence[str]) -> dict[str, Any]:
    """What the form says, as the configuration's JSON has it.  Raises Refused.

    `present` is what the network calls its ports until now.
    """
    address = typed.address.strip()
    tagged, mistyped = port_tags.read(typed.tagged)
    if mistyped:
        raise Refused(*mistyped)
    stored: dict[str, Any] = {
        "ports": list(chosen(typed.ports, ports, typed.known_by, present)),
        "tagged": port_tags.known(tagged, ports, typed.known_by, present),
        "address": address if "/" in address else f"{address}/24",
        "netboot": ticked(typed.netboot),
        "zone": typed.zone,
        "newcomers": typed.newcomers,
        "filtered": ticked(typed.filtered),
        "cache": typed.cache,
        "dhcp": None,
        "ipv6": _ipv6(typed) if ticked(typed.six) else None,
    }
    if ticked(typed.gives):
        options, wrong = dhcp_options.read(typed.options)
        if wrong:
            raise Refused(*wrong)
        stored["dhcp"] = {
            "pool": {
                "first": typed.first.strip(),
                "last": typed.last.strip(),
                "lease_seconds": whole(typed.lease) or 0,
            },
            "options": options,
            "vendor_classes": [line.strip() for line in typed.classes.splitlines() if line.strip()],
            "answer_beside_others": ticked(typed.beside),
        }
    return stored


def _ipv6(typed: Typed) -> dict[str, Any]:
    """What is no number stays, for the border to refuse."""
    number, end = typed.number.strip(), typed.suffix.strip() or str(ROUTER_SUFFIX)
    plain = whole(number)
    return {
        "subnet": (number or None) if plain is None else plain,
        "suffix": end if ":" in end else f"::{end}",
    }


def view(
    shell: Shell,
    name: str,
    typed: Typed,
    config: RouterConfig,
    ports: Sequence[PortRow],
    wrong: Mapping[str, str],
) -> NetworkView:
    """The page from what was typed."""
    lease = whole(typed.lease) or LEASES[2]
    return NetworkView(
        shell=shell,
        name=name,
        heading=f"Change {name}" if name else "Add a network",
        called=Field(typed.name, wrong.get("name", "")),
        ports=offered(ports, config, typed.ports, name),
        ports_problem=wrong.get("ports", ""),
        known=known(ports, typed.known_by),
        tagged=Field(typed.tagged, wrong.get("tagged", "")),
        no_tags="",
        address=Field(typed.address, wrong.get("address", "")),
        gives=ticked(typed.gives),
        first=Field(typed.first, wrong.get("first", "")),
        last=Field(typed.last, wrong.get("last", "")),
        leases=tuple(
            Choice(str(seconds), phrases.duration(seconds), seconds == lease)
            for seconds in sorted({*LEASES, lease})
        ),
        options=Field(typed.options, wrong.get("options", "")),
        classes=Field(typed.classes, wrong.get("classes", "")),
        beside=ticked(typed.beside),
        netboot=ticked(typed.netboot),
        six=ticked(typed.six),
        six_problem=wrong.get("six", ""),
        number=Field(typed.number, wrong.get("number", "")),
        room="",
        suffix=Field(typed.suffix, wrong.get("suffix", "")),
        six_now=(),
        zones=tuple(
            Choice(zone.name, phrases.sentence(zone_said(zone)), zone.name == typed.zone)
            for zone in config.zones
        ),
        zone_problem=wrong.get("zone", ""),
        newcomers=_choices(CHOICES, typed.newcomers),
        newcomers_problem=wrong.get("newcomers", ""),
        caches=_choices(CACHE_CHOICES, typed.cache),
        cache_problem=wrong.get("cache", ""),
        filtered=ticked(typed.filtered),
        seen=typed.seen,
        problem=wrong.get("", ""),
    )


def _choices(words: Mapping[str, str], typed: str) -> tuple[Choice, ...]:
    told = words.items()
    return tuple(Choice(value, phrases.capital(said), value == typed) for value, said in told)
