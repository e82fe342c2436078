"""From the kernel's steps to packets, each with the rule that decided it.

A packet begins where a rule of ours marks it; steps of what somebody else marked belong to none.
A refusal by any table is the end of it; that it is let through is said by our filter alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.plan import devices, firewall
from appliance.plan.policy import REFUSE
from appliance.plan.trace import FAMILIES, SENT_ON, TABLE
from services.trace.wire import ACCEPT, BY_POLICY, BY_RULE, DROP, GOTO, JUMP, Step

POLICY = "policy"
WITHIN = "forward-within"
"""What the model says of two devices of one network."""
JUDGES = frozenset({"input", "forward"})
"""The chains of our filter that let through."""


@dataclass(slots=True)
class Packet:
    """One packet.  `accepted` is None while, or where, no rule of the filter was asked.

    `by` is the id of the rule that decided; `elsewhere` the family, table and chain of somebody
    else's that refused it.
    """

    at: float
    source: str
    destination: str
    port: int | None
    frame: bool  # marked on a bridge, before it was known whether it leads through the router
    accepted: bool | None = None
    by: str = ""
    elsewhere: str = ""
    sent_by: str = ""  # the rule that sent it on into another chain


class Packets:
    """Those of one conversation, `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: list[Packet] = []
        self._by_print: dict[bytes, Packet] = {}
        self._by_number: dict[int, Packet] = {}

    def shown(self) -> Iterator[Packet]:
        """Newest first.  A frame that nobody refused may have led elsewhere than it was asked."""
        return (one for one in reversed(self._seen) if not one.frame or one.accepted is not None)

    @property
    def full(self) -> bool:
        """Are there as many as there may be?"""
        return sum(1 for _ in self.shown()) >= self._most

    def told(self, step: Step, name: str, now: float) -> None:
        """Take one step; `name` is the id of its rule, `now` Unix seconds."""
        if step.table == TABLE and step.by == BY_RULE and step.handle:  # an end has no handle
            packet = self._marked(step, now)
        else:
            packet = self._by_print.get(step.print) or self._by_number.get(step.packet)
        if packet is None:
            return
        self._by_number[step.packet] = packet
        if step.table != TABLE and packet.accepted is not False:
            _judge(packet, step, name)

    def _marked(self, step: Step, now: float) -> Packet | None:
        """The packet that a rule of ours marks: the one that is on its way already, or a new one.

        The same frame comes from its bridge to the router, and is marked there again.
        """
        packet = self._by_print.get(step.print)
        if packet is not None and packet.accepted is None:
            if packet.frame and step.family == firewall.FAMILY:
                packet.frame = False
                return packet
            if step.chain == SENT_ON:
                return packet
        if len(self._seen) >= 4 * self._most:  # frames that led elsewhere are many, and not shown
            return None
        packet = Packet(
            now,
            str(step.source or ""),
            str(step.destination or ""),
            step.port,
            frame=step.family == devices.FAMILY,
        )
        self._seen.append(packet)
        if step.print:
            self._by_print[step.print] = packet
        return packet


def _judge(packet: Packet, step: Step, name: str) -> None:
    ours = FAMILIES.get(step.family) == step.table
    if step.verdict == DROP:
        packet.accepted = False
        packet.by = _refuser(packet, step, name) if ours else ""
        packet.elsewhere = "" if ours else f"{step.family} {step.table} {step.chain}"
    elif not ours or packet.accepted is not None:
        return
    elif step.verdict in (GOTO, JUMP):
        packet.sent_by = name
    elif step.verdict == ACCEPT and (by := _passer(packet, step, name)) is not None:
        packet.accepted, packet.by = True, by


def _refuser(packet: Packet, step: Step, name: str) -> str:
    """The id of what refused it; "" for a rule that is not there any more."""
    if step.by == BY_POLICY:
        return POLICY
    return packet.sent_by if step.chain == REFUSE else name


def _passer(packet: Packet, step: Step, name: str) -> str | None:
    """The id of what let it through; None while that is yet to be said."""
    if step.family == firewall.FAMILY and step.by == BY_RULE and step.chain in JUDGES:
        return name
    crossed = packet.frame and step.family == devices.FAMILY and step.chain == "leaving"
    return WITHIN if crossed else None
