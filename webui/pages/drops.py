"""What the filter held back lately: rows of the page /firewall, live."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from appliance.actions import changes, draft
from appliance.actions.known_devices import known
from appliance.model.config import RouterConfig
from appliance.model.firewall import ACCEPT, INTERNET, ROUTER
from appliance.model.policy import NEWCOMERS, zone_of
from appliance.model.reachability import SPOOFED, Verdict
from appliance.plan.devices import BLOCKED, BLOCKED_FROM
from appliance.plan.links import WAN
from appliance.store.drops import Drop
from webui import phrases
from webui.pages.because import because
from webui.session import Here

SHOWN = 30
NO_RULE_HELPS = ("input-invalid", "forward-invalid", SPOOFED, BLOCKED, NEWCOMERS)
"""How the ids of those begin that come before every rule of the owner."""


class DropRow(NamedTuple):
    """One packet; `why` and `allow` are addresses of pages, "" where there is nothing to ask."""

    when: str
    who: str
    device: str  # its page, "" for nobody known
    sender: str
    to: str  # "" where nobody looked yet
    receiver: str
    what: str  # "tcp 443"
    decided: str
    rule: str  # the page of what decided, "" for what is built in
    why: str
    allow: str


class DropsView(NamedTuple):
    """The list; `problem` when nobody tells."""

    rows: tuple[DropRow, ...]
    problem: str


def dropped(here: Here) -> DropsView:
    """The list of this moment."""
    found = here.reads.drops(SHOWN)
    config = changes.present_config(here.desk) or draft.edited(here.desk)
    owner = {one.mac: one.name for one in known(here.reads)}
    places = places_of(here)
    return DropsView(
        rows=tuple(row(config, one, places, owner) for one in found or ()),
        problem="" if found is not None else "The role net does not tell what is held back.",
    )


def places_of(here: Here) -> Mapping[str, str]:
    """Link → the network it is of, or the internet."""
    slices = here.reads.slices()
    out = {one.link: INTERNET for one in here.reads.ports() if one.network == WAN}
    return out | {one.link: one.name for one in (slices.dns.networks if slices else ())}


def row(
    config: RouterConfig, drop: Drop, places: Mapping[str, str], owner: Mapping[str, str]
) -> DropRow:
    """One packet as it is shown."""
    source = places.get(drop.arrived, drop.arrived) or ROUTER
    to = places.get(drop.leaves, drop.leaves) or ("" if drop.by == BLOCKED_FROM else ROUTER)
    mac = drop.mac if source != INTERNET else ""  # from there it is the provider's
    said, rule, _ = because(config, Verdict(accepted=False, by=drop.by))
    return DropRow(
        when=phrases.exact_clock(drop.at),
        who=owner.get(mac, "") or source,
        device=f"/devices/{mac.replace(':', '-')}" if mac in owner else "",
        sender=drop.source,
        to=to,
        receiver=drop.destination,
        what=drop.protocol if drop.port is None else f"{drop.protocol} {drop.port}",
        decided=said,
        rule=rule,
        why=_why(drop, source, to),
        allow="" if drop.by.startswith(NO_RULE_HELPS) else _allow(config, drop, source, to),
    )


def _why(drop: Drop, source: str, to: str) -> str:
    """Ask the model about the same conversation."""
    if drop.protocol not in ("tcp", "udp", "icmp") or drop.by.startswith(BLOCKED):
        return ""
    asked = {
        "source": source,
        "sender": drop.source,
        "destination": to,
        "receiver": drop.destination,
        "protocol": drop.protocol,
        "port": "" if drop.port is None else str(drop.port),
    }
    return f"/firewall/why?{urlencode(asked)}"


def _allow(config: RouterConfig, drop: Drop, source: str, to: str) -> str:
    """The form of a rule that would let it pass."""
    zones = {one.name: zone_of(config, one).name for one in config.networks}
    typed = {
        "action": ACCEPT,
        "source": zones.get(source, source),
        "senders": drop.source,
        "destination": zones.get(to, to),
        "receivers": "" if to == ROUTER else drop.destination,
        "protocol": drop.protocol if drop.protocol in ("tcp", "udp", "icmp") else "any",
        "ports": "" if drop.port is None else str(drop.port),
    }
    return f"/firewall/new-rule?{urlencode(typed)}"
