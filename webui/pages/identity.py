"""The panel of a machine's page about who it is: its key, and who asks for that now."""

from collections.abc import Sequence
from typing import NamedTuple

from appliance.model.identity import (
    WAYS,
    age_recipient,
    fingerprint,
    known_host,
    spaced,
    sshfp,
)
from appliance.store.identities import Ask, Identity
from appliance.store.inventory_view import MachineView
from webui import phrases
from webui.session import Here

UNASKED = (
    " Nobody was asked: the first key that came from its MAC was taken. The machine's own screen"
    " says at each start which SSH host key it has; compare it with the fingerprint above."
)
"""What is to be known of a key that lies on the machine's own disk."""


class Line(NamedTuple):
    """Something to copy, and what it is for."""

    id: str
    label: str
    text: str


class Asking(NamedTuple):
    """Somebody who shows a code and waits."""

    code: str
    halves: tuple[str, str]  # three digits each
    under: str
    after: str  # what approving brings
    usual: bool  # nothing speaks against it


class IdentityView(NamedTuple):
    """The panel."""

    once: str
    id: str
    name: str
    machine_id: str
    keeps: bool
    known: str  # "" when it is known by no key
    differs: str
    said: str
    asks: tuple[Asking, ...]
    lines: tuple[Line, ...]
    problem: str


def built(here: Here, machine: MachineView, problem: str = "") -> IdentityView:
    """The panel of this moment."""
    known = here.reads.identities().get(machine.id)
    asks = [one for one in here.reads.identity_asks(here.now) if one.machine == machine.id]
    return IdentityView(
        once=here.desk.new_id(),
        id=machine.id,
        name=machine.name,
        machine_id=machine.machine_id,
        keeps=machine.keeps_identity,
        known=fingerprint(known.ssh) if known else "",
        differs=differs(known),
        said=said(machine, known, here.now),
        asks=asking(asks, known, here.now),
        lines=lines(machine.name, known.ssh) if known else (),
        problem=problem,
    )


def said(machine: MachineView, known: Identity | None, now: float) -> str:
    """How it stands, in a sentence."""
    if known is not None:
        seen = phrases.ago(now - known.seen_at) if known.seen_at else ""
        when = f" It last came up with it {seen}." if seen else ""
        return f"Its key is kept {WAYS[known.way]}.{when}{UNASKED if known.way == 'disk' else ''}"
    if machine.keeps_identity:
        return "At its next boot its screen shows a code: the same one has to appear here."
    return "Its SSH host key is another one after every boot, and secrets for it cannot be opened."


def differs(known: Identity | None) -> str:
    """What a machine said that is not the key it is known by; "" when nothing is wrong."""
    if known is None or not known.differs:
        return ""
    what = "no key of its own" if known.differs == "-" else f"the key {fingerprint(known.differs)}"
    return f"A machine with its MAC came up with {what}."


def asking(asks: Sequence[Ask], known: Identity | None, now: float) -> tuple[Asking, ...]:
    """Who waits, and what approving brings."""
    return tuple(
        Asking(
            spaced(one.code),
            (one.code[:3], one.code[3:]),
            f"{one.mac} on {one.network}, {phrases.ago(now - one.at)}",
            _brings(one, known),
            usual=known is None or _is_handed(one, known),
        )
        for one in asks
    )


def _is_handed(ask: Ask, known: Identity) -> bool:
    return known.way == "router" and b"\nsealed " not in ask.shown


def _brings(ask: Ask, known: Identity | None) -> str:
    if known is None:
        return "Approving makes its key."
    if _is_handed(ask, known):
        return "Approving hands it its key."
    return (
        f"It is known by {fingerprint(known.ssh)}, and did not come with that. Approving makes"
        " another key: what was encrypted to the old one has to be encrypted again."
    )


def lines(name: str, ssh: str) -> tuple[Line, ...]:
    """What others are told of its key."""
    return (
        Line("host", "For known_hosts, as ssh-keyscan prints it", known_host([name], ssh)),
        Line("key", "For secrets.nix of agenix", ssh),
        Line("age", "For .sops.yaml of sops-nix", age_recipient(ssh)),
        Line("dns", "For its name in DNS", sshfp(name, ssh)),
    )
