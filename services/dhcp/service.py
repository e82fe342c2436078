"""The PXE service on port 4011: the same boot fields again, for firmware that asks for them there.

Every architecture is answered: ROMs that always ask here fail with PXE-E55 otherwise (G31).
"""

from typing import Final

from appliance.events import Unanswered
from services.dhcp import booting
from services.dhcp.destination import TO_SENDER
from services.dhcp.lan import Lan
from services.dhcp.options import MESSAGE_TYPE, SERVER_ID, VENDOR_OPTIONS, decode_inner
from services.dhcp.reply import Reply, Silence, finish, fitted, header, names, size_limit
from services.dhcp.wire import (
    ACK,
    DISCOVER,
    INFORM,
    OPTIONS_AT,
    REQUEST,
    REQUEST_OP,
    Message,
)
from services.netboot.firmware import ORDINARY, firmware
from services.netboot.recipe import Nothing

BOOT_ITEM: Final = 71
SIGNED_IMAGES: Final = 0x80  # bit 15 of the layer: Boot Integrity Services
BIS: Final = Nothing(
    "it wants signed boot images (BIS), which nobody has", Unanswered.SIGNED_IMAGES
)


def answer_4011(message: Message, lan: Lan, now: float) -> Reply | Silence:
    """Answer the PXE service port with the boot fields of this client, whatever its architecture.

    A unicast REQUEST (odd ROMs: DISCOVER, INFORM) with ciaddr set; the ACK goes back to the address
    and port it came from, out of 4011, with no address in it (G31, G32).
    """
    if message.op != REQUEST_OP or message.kind not in (REQUEST, DISCOVER, INFORM):
        return Silence("port 4011 answers requests only")
    asking = ORDINARY
    if lan.netboot:
        asking = firmware(message.options, message.chaddr, lan.vendor_classes)
    if asking is ORDINARY:
        return Silence("port 4011 is for firmware")
    item = boot_item(message)
    fields = lan.quiet or booting.chosen(message, lan, asking, now)
    if item is not None and item[2] & SIGNED_IMAGES:
        fields = BIS
    events = booting.told(
        message, lan, asking, fields, stages=("4011", "4011"), address=message.ciaddr, now=now
    )
    if isinstance(fields, Nothing):
        return Silence(fields.why, events=events)
    options = {MESSAGE_TYPE: bytes((ACK,)), SERVER_ID: lan.server_id}
    options |= booting.options(fields, message, lan)
    yiaddr, ciaddr = 0, message.ciaddr
    if item is not None:
        options[VENDOR_OPTIONS] = bytes((BOOT_ITEM, 4)) + item + b"\xff"
        yiaddr, ciaddr = ciaddr, 0
    head = header(message, flags=message.flags, ciaddr=ciaddr, yiaddr=yiaddr, siaddr=lan.server)
    room = size_limit(message.options) - OPTIONS_AT - 1
    data = finish(head, names(lan.dotted, fields.file) + fitted(options, room))
    events += booting.handed(message, lan, asking, fields, now)
    return Reply(data, TO_SENDER, message.ciaddr, message.chaddr, ACK, events=events)


def boot_item(message: Message) -> bytes | None:
    """Sub-option 71 of option 43: the type and layer of a boot server (G33)."""
    item = decode_inner(message.options.get(VENDOR_OPTIONS, b"")).get(BOOT_ITEM)
    return item if item is not None and len(item) == 4 else None
