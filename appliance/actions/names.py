"""Names: what is asked of whom and what is blocked, in the draft; a pause of blocking, at once."""

import re
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from appliance.actions import draft
from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.refusals import problem
from appliance.actions.rows import Rows
from appliance.errors import Problem, Refused
from appliance.events import ConfigActed
from appliance.model import read
from appliance.model.config import RouterConfig
from appliance.model.dns import LABEL, LONGEST_NAME, Dns, Forwarding, Record

LONGEST_MINUTES = 1_440
SUBJECT = "names"
OWN_RECORDS = Rows(Record, ("dns", "records"), ("name", "kind", "value"), "The record {1} of {0}")
FORWARDINGS = Rows(Forwarding, ("dns", "forwardings"), ("domain",), "The forwarding of {0}")
NAME = re.compile(rf"{LABEL}(\.{LABEL})*")


def set_upstreams(desk: Desk, actor: Actor, lines: Sequence[str]) -> Done:
    """Of whom names of the internet are asked: an address, then its name when it speaks TLS."""
    rows = _servers(lines)
    what = "Names are to be asked of other servers."
    return _edit(desk, actor, {"upstreams": rows}, what)


def set_blocking(desk: Desk, actor: Actor, stored: dict[str, Any]) -> Done:
    """Which names are blocked, for whom not: `Blocking` as the configuration's JSON has it."""
    return _edit(desk, actor, {"blocking": stored}, "Other names are to be blocked.")


def set_private_answers(desk: Desk, actor: Actor, names: Sequence[str]) -> Done:
    """Which names of the internet may lead into the LAN."""
    what = "Other names of the internet may lead into the LAN."
    return _edit(desk, actor, {"private_answers": list(names)}, what)


def forwarding_as_stored(domain: str, lines: Sequence[str]) -> dict[str, Any]:
    """A domain with servers of its own, one a line.  Raises Refused."""
    return {"domain": domain, "upstreams": _servers(lines)}


def pause_blocking(desk: Desk, actor: Actor, minutes: int) -> Done:
    """Answer blocked names for `minutes` from now; a pause before it ends."""
    with act(desk, actor, "pause_blocking") as doing:
        if not 1 <= minutes <= LONGEST_MINUTES:
            what = f"A pause takes 1 to {LONGEST_MINUTES} minutes."
            raise Refused(problem(what, "minutes"))
        until = desk.now() + 60.0 * minutes
        doing.wish(desk.new_id(), "dns", "pause", until=str(until))
        many = "one minute" if minutes == 1 else f"{minutes} minutes"
        return doing.tell(SUBJECT, f"Nothing is blocked for {many}.", ConfigActed)


def resume_blocking(desk: Desk, actor: Actor) -> Done:
    """End a pause now."""
    with act(desk, actor, "resume_blocking") as doing:
        doing.wish(desk.new_id(), "dns", "pause", until=str(desk.now()))
        return doing.tell(SUBJECT, "Names are blocked again.", ConfigActed)


def note_questions(desk: Desk, actor: Actor, minutes: int) -> Done:
    """Have dns remember who asks for what for `minutes` from now; 0: no more, and forget it."""
    with act(desk, actor, "note_questions", scope="admin") as doing:
        if not 0 <= minutes <= LONGEST_MINUTES:
            what = f"Questions are put down for 1 to {LONGEST_MINUTES} minutes, or 0 for no more."
            raise Refused(problem(what, "minutes"))
        doing.wish(desk.new_id(), "dns", "note", until=str(desk.now() + 60.0 * minutes))
        many = "one minute" if minutes == 1 else f"{minutes} minutes"
        what = f"Who asks for what is put down for {many}." if minutes else NO_LONGER
        return doing.tell(SUBJECT, what, ConfigActed)


NO_LONGER = "Nobody’s questions are put down any more, and those that were are forgotten."
RECORDS = ("A", "AAAA", "CNAME", "HTTPS", "MX", "NS", "PTR", "SOA", "SRV", "TXT")
"""Types of records that can be looked up."""


def look_up(desk: Desk, actor: Actor, name: str, record: str = "A", client: str = "") -> Done:
    """Have dns say what it would answer to `client`, an address; "" for nobody in particular.

    The sentence is the answer to the wish.
    """
    with act(desk, actor, "look_up") as doing:
        plain = name.strip().lower().rstrip(".")
        if not NAME.fullmatch(plain) or len(plain) > LONGEST_NAME:
            raise Refused(problem(f"{name!r} is no name; write it like www.example.com.", "name"))
        if record not in RECORDS:
            raise Refused(problem(f"Choose one of {', '.join(RECORDS)}.", "record"))
        if client and not _is_address(client):
            raise Refused(problem(f"{client!r} is no address; write 10.77.0.101.", "client"))
        doing.wish(desk.new_id(), "dns", "look", name=plain, record=record, client=client)
        return doing.tell(SUBJECT, f"{plain} is looked up.", ConfigActed)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _servers(lines: Sequence[str]) -> list[dict[str, Any]]:
    """Name servers, one a line.  Raises Refused.

    >>> _servers(["2620:fe::fe dns.quad9.net", ""])
    [{'address': '2620:fe::fe', 'tls_name': 'dns.quad9.net'}]
    """
    rows: list[dict[str, Any]] = []
    for line in lines:
        words = line.split()
        if len(words) > 2:
            what = f"{line.strip()!r} is more than an address and a name; put each on its own line."
            raise Refused(Problem(("dns", "upstreams", len(rows)), what))
        if words:
            rows.append(dict(zip(("address", "tls_name"), words, strict=False)))
    return rows


def _edit(desk: Desk, actor: Actor, changed: dict[str, Any], what: str) -> Done:
    """Replace some of the settings by JSON."""

    def change(config: RouterConfig) -> RouterConfig:
        dns = read.part(Dns, {**read.to_json(config.dns), **changed}, ("dns",))
        return replace(config, dns=dns)

    return draft.edit(desk, actor, change, what)
