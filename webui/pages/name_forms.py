"""What the pages below /names have in common: tabs, fields, and problems beside them."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from starlette.responses import Response

from appliance.actions import draft
from appliance.actions.desk import Done
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.config import RouterConfig
from appliance.model.dns import Dns
from webui.forms import beside
from webui.pages.page import Field, after, page
from webui.session import Here

Wrong = Mapping[str, str]
"""Problems by the field that shows them, "" for the whole page."""


class Tab(NamedTuple):
    """One part of DHCP & DNS; `amount` says how much of it there is, "" for nothing."""

    href: str
    label: str
    amount: str
    current: bool


class Row(NamedTuple):
    """One record or one forwarding, as the draft has it."""

    name: str
    kind: str
    value: str


def tabs(config: RouterConfig | None, current: str) -> tuple[Tab, ...]:
    """The parts, with what each of them has in the draft."""
    dns = config.dns if config else Dns()
    blocking = dns.blocking
    parts = (
        ("/names", "Now", 0),
        ("/names/servers", "Name servers", len(dns.upstreams)),
        ("/names/own", "Your own names", len(dns.records)),
        ("/names/blocking", "Blocking", len(blocking.lists) + len(blocking.names)),
        ("/names/asked", "Who asks", 0),
    )
    return tuple(
        Tab(href, label, str(amount) if amount else "", href == current)
        for href, label, amount in parts
    )


def edited(here: Here) -> RouterConfig | None:
    """The draft; None before the router made its first configuration."""
    try:
        return draft.edited(here.desk)
    except Unknown:
        return None


def kept(
    path: str, deed: Callable[[], Done], template: str, again: Callable[[Wrong], object]
) -> Response:
    """Do it, and go to `path`; what is refused is shown beside its field, in the view `again`."""
    try:
        return after(path, deed().act)
    except Unknown:
        raise
    except Refused as refused:
        return page(template, again(placed(beside(refused))), 422)


def fields(
    stored: Mapping[str, Sequence[str]], typed: Mapping[str, str], wrong: Wrong
) -> dict[str, Field]:
    """What each field shows: what was typed into the form that was refused, else what is so."""
    return {
        one: Field(
            typed[one] if one in wrong or typed.get(one) else "\n".join(lines), wrong.get(one, "")
        )
        for one, lines in stored.items()
    }


def words(text: str) -> list[str]:
    """What stands between spaces, commas and lines, in small letters but for addresses of lists."""
    found = text.replace(",", " ").split()
    return [one if "://" in one else one.lower() for one in found]


PLACES: Mapping[str, str] = {
    "dns.upstreams": "upstreams",
    "dns.private_answers": "private_answers",
    "dns.blocking.lists": "lists",
    "dns.blocking.names": "names",
    "dns.blocking.allowed": "allowed",
    "dns.blocking.exempt": "exempt",
    "dns.blocking.refresh_hours": "refresh_hours",
}
"""The beginning of a problem's place → the field that shows it."""
LAST: Mapping[tuple[str, str], str] = {
    ("records", "name"): "name",
    ("records", "kind"): "kind",
    ("records", "value"): "value",
    ("forwardings", "domain"): "domain",
}


def placed(found: Mapping[str, str]) -> dict[str, str]:
    """Problems by field; what no field shows is the page's own.

    >>> placed({"dns.upstreams.0.address": "No.", "dns.records.2.value": "Odd.", "domain": "X."})
    {'upstreams': 'No.', 'value': 'Odd.', '': 'X.'}
    """
    shown: dict[str, str] = {}
    for place, what in found.items():
        field = _field(place)
        shown[field] = f"{shown[field]} {what}" if field in shown else what
    return shown


def _field(place: str) -> str:
    begun = next((field for start, field in PLACES.items() if place.startswith(start)), "")
    if begun:
        return begun
    words = place.split(".")
    if "forwardings" in words and "upstreams" in words:
        return "servers"
    return LAST.get((words[1] if len(words) > 1 else "", words[-1]), "")
