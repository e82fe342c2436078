"""Names: what is asked of whom and what is blocked, in the draft; a pause of blocking, at once."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from appliance.actions import draft
from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Problem, Refused
from appliance.events import ConfigActed
from appliance.model import read
from appliance.model.config import RouterConfig
from appliance.model.dns import LABEL, LONGEST_NAME, Dns, Forwarding, Record

LONGEST_MINUTES = 1_440
SUBJECT = "names"
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


def add_record(desk: Desk, actor: Actor, name: str, kind: str, value: str) -> Done:
    """A record of the owner's own."""
    stored = {"name": name, "kind": kind, "value": value}

    def change(dns: Dns) -> Dns:
        place = ("dns", "records", len(dns.records))
        return replace(dns, records=(*dns.records, read.part(Record, stored, place)))

    return _change(desk, actor, change, f"{name} is to have a record.")


def remove_record(desk: Desk, actor: Actor, name: str, kind: str, value: str) -> Done:
    """Drop a record.  Raises Unknown when there is none like it."""

    def change(dns: Dns) -> Dns:
        kept = tuple(
            one for one in dns.records if (one.name, one.kind, one.value) != (name, kind, value)
        )
        if len(kept) == len(dns.records):
            raise Unknown(problem(f"{name} has no record {kind} {value}."))
        return replace(dns, records=kept)

    return _change(desk, actor, change, f"The record {kind} of {name} is to go away.")


def add_forwarding(desk: Desk, actor: Actor, domain: str, lines: Sequence[str]) -> Done:
    """A domain that is asked of servers of its own."""
    stored = {"domain": domain, "upstreams": _servers(lines)}

    def change(dns: Dns) -> Dns:
        place = ("dns", "forwardings", len(dns.forwardings))
        return replace(dns, forwardings=(*dns.forwardings, read.part(Forwarding, stored, place)))

    return _change(desk, actor, change, f"{domain} is to be asked of servers of its own.")


def remove_forwarding(desk: Desk, actor: Actor, domain: str) -> Done:
    """Ask for the names of a domain like for any other.  Raises Unknown."""

    def change(dns: Dns) -> Dns:
        kept = tuple(one for one in dns.forwardings if one.domain != domain)
        if len(kept) == len(dns.forwardings):
            raise Unknown(problem(f"{domain} has no servers of its own."))
        return replace(dns, forwardings=kept)

    return _change(desk, actor, change, f"{domain} is to be asked like any other domain.")


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

    >>> _servers(["9.9.9.9 dns.quad9.net", ""])
    [{'address': '9.9.9.9', 'tls_name': 'dns.quad9.net'}]
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

    def change(dns: Dns) -> Dns:
        return read.part(Dns, {**read.to_json(dns), **changed}, ("dns",))

    return _change(desk, actor, change, what)


def _change(desk: Desk, actor: Actor, change: Callable[[Dns], Dns], what: str) -> Done:
    def whole(config: RouterConfig) -> RouterConfig:
        return replace(config, dns=change(config.dns))

    return draft.edit(desk, actor, whole, what)
