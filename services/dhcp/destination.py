"""Where a DHCPv4 reply goes.  RFC 2131 §4.1, with what network boot taught on top.

Firmware that asks to boot always hears us by broadcast while it has no address (G42): some ROMs
filter unicast frames until their stack is configured.  The owner may say of one that broadcasts do
not reach it: it gets unicast whatever its flag says.  A link that is not Ethernet cannot be given a
frame by hand, so it is broadcast too (RFC 4390 for InfiniBand).
"""

from enum import Enum

from services.dhcp.wire import BROADCAST_FLAG, ETHERNET, Message


class Delivery(Enum):
    """How the driver must put the reply on the wire."""

    TO_RELAY = "unicast to the relay, port 67"
    TO_CLIENT = "unicast to the client's own address, port 68"
    BROADCAST = "broadcast on the arrival link, port 68"
    TO_HARDWARE = "unicast to the offered address, MAC given, no ARP"
    TO_SENDER = "unicast to the address and port the request came from"


TO_RELAY = Delivery.TO_RELAY  # looked up per packet: an enum's attribute costs more than the branch
TO_CLIENT = Delivery.TO_CLIENT
BROADCAST = Delivery.BROADCAST
TO_HARDWARE = Delivery.TO_HARDWARE
TO_SENDER = Delivery.TO_SENDER


def delivery(
    asked: Message, *, refused: bool = False, booting: bool = False, unicast: bool = False
) -> Delivery:
    """Choose the delivery for the answer to `asked`; `refused` means DHCPNAK."""
    if asked.giaddr:
        return TO_RELAY
    if refused:
        return BROADCAST
    if asked.ciaddr:
        return TO_CLIENT
    if (asked.flags & BROADCAST_FLAG or booting) and not unicast:
        return BROADCAST
    if asked.htype != ETHERNET or len(asked.chaddr) != 6:
        return BROADCAST
    return TO_HARDWARE
