"""Which network a message belongs to: where it arrived, unless a relay says otherwise (G43)."""

from collections.abc import Iterable

from services.dhcp.lan import Lan
from services.dhcp.options import (
    RELAY_AGENT,
    RELAY_LINK_SELECTION,
    SUBNET_SELECTION,
    decode_inner,
)
from services.dhcp.wire import Message


def lan_for(message: Message, here: Lan | None, lans: Iterable[Lan]) -> Lan | None:
    """The network that answers `message`, None when no network of ours is meant.

    In this order: the relay's link selection (RFC 3527), the client's subnet selection (RFC 3011),
    the relay's address, the link the message came in on.
    """
    if not message.giaddr:
        return here
    pointer = _selected(message) or message.giaddr
    if here is not None and here.holds(pointer):
        return here
    return next((lan for lan in lans if lan.holds(pointer)), None)


def _selected(message: Message) -> int:
    relay = message.options.get(RELAY_AGENT)
    chosen = decode_inner(relay).get(RELAY_LINK_SELECTION, b"") if relay else b""
    chosen = chosen or message.options.get(SUBNET_SELECTION, b"")
    return int.from_bytes(chosen, "big") if len(chosen) == 4 else 0
