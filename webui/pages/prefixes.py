"""What the IPv6 of a network is now, beside the form that changes it."""

from collections.abc import Iterable

from appliance.model.announced import AnnouncedNetwork, Ipv6Slice
from appliance.model.ipv6 import UNIQUE_LOCAL
from appliance.model.prefixes import most
from appliance.model.slices import Slices
from appliance.store.standing.open import Standing, standings
from webui import phrases
from webui.pages.page import Fact, known_facts
from webui.session import Here

SENDER = "radvd"
NONE = "none: the provider delegates nothing"


def present(here: Here, name: str) -> tuple[Fact, ...]:
    """What is in force on the network `name`; () when that has no IPv6 now."""
    slices = here.reads.slices()
    return facts(slices, name, standings(here.reads.state)) if slices else ()


def facts(slices: Slices, name: str, standing: Iterable[Standing]) -> tuple[Fact, ...]:
    """Its prefixes, the router's addresses in them, and what its devices are told."""
    told = next((one for one in slices.ipv6.networks if one.name == name), None)
    own = next((one.six for one in slices.dns.networks if one.name == name), ())
    if told is None:
        return ()
    lasting = [one.prefix for one in told.prefixes if one.preferred_seconds]
    ours = [str(one) for one in lasting if one.subnet_of(UNIQUE_LOCAL)]
    lent = [str(one) for one in lasting if not one.subnet_of(UNIQUE_LOCAL)]
    held = [
        str(one.prefix) for one in told.prefixes if one.valid_seconds and not one.preferred_seconds
    ]
    old = [str(one.prefix) for one in told.prefixes if not one.valid_seconds]
    return known_facts(
        Fact("Prefix of our own", ", ".join(ours) or "none", code=bool(ours)),
        Fact("Prefix of the provider", ", ".join(lent) or _why_not(slices.ipv6), code=bool(lent)),
        Fact("Answered still", ", ".join(held), code=True),
        Fact("Taken back", ", ".join(old), code=True),
        Fact("The router’s addresses", ", ".join(str(one.ip) for one in own), code=True),
        Fact("Devices are told", _said(told, standing)),
    )


def room(here: Here) -> str:
    """Which numbers the provider's prefix has, for the hint of the field; "" without one."""
    slices = here.reads.slices()
    whole = slices.ipv6.delegated if slices else None
    return f"The provider delegates {whole}: 0 to {most(whole)}." if whole else ""


def _why_not(found: Ipv6Slice) -> str:
    if found.delegated is None:
        return NONE
    return f"none: {found.delegated} has no network of this number"


def _said(told: AnnouncedNetwork, standing: Iterable[Standing]) -> str:
    """What router advertisements say; that they are not sent, when they are not."""
    for one in standing:
        if one.name == SENDER and one.troubles:
            return f"nothing: {' '.join(one.troubles)}"
    ways = ["their prefixes", "this router as name server"]
    if told.default_route:
        ways.append("this router as the way out")
    return phrases.listing(ways)
