"""The boot fields of a reply, and what a boot's record learns from the exchange.

The same fields go into OFFER, ACK and the answer on port 4011.
"""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Final

from appliance.events import BootAnswered, BootAsked, BootLooping, BootUnanswered, Event
from appliance.model.config import PLAIN
from services.dhcp.lan import Lan, text
from services.dhcp.options import (
    BOOT_FILE,
    CLIENT_UUID,
    DNS_SERVERS,
    IPXE,
    TFTP_SERVER,
    VENDOR_CLASS,
    VENDOR_OPTIONS,
)
from services.dhcp.wire import DISCOVER, INFORM, REQUEST, Message
from services.netboot.firmware import Class, Firmware
from services.netboot.recipe import Nothing, Recipe, recipe

ASKED: Final[Mapping[int, str]] = {DISCOVER: "discover", REQUEST: "request", INFORM: "inform"}
"""The messages that ask to boot, as a boot's record names them."""

LOADED: Final = (Class.PXE, Class.HTTP, Class.CHAIN)
"""Who gets a loader, and so may get it in vain."""


def chosen(message: Message, lan: Lan, asking: Firmware, now: float) -> Recipe | Nothing:
    """The boot fields for this message, by what this MAC was handed before."""
    if asking.kind is Class.SCRIPT:
        lan.loops.spoke(message.chaddr)
    rung = lan.loops.rung(message.chaddr, now)
    address = IPv4Address(lan.server)
    fields = recipe(asking, lan.loaders, address, message.chaddr.hex(":"), rung)
    if asking.kind is Class.PXE and isinstance(fields, Recipe) and lan.has(message.chaddr, PLAIN):
        return replace(fields, vendor_class=b"", vendor_options=b"")
    return fields


def options(fields: Recipe, message: Message, lan: Lan) -> dict[int, bytes]:
    """Those fields as options, option 97 echoed as it came (G9)."""
    wanted: dict[int, bytes] = {
        VENDOR_CLASS: fields.vendor_class,
        VENDOR_OPTIONS: fields.vendor_options,
        TFTP_SERVER: lan.dotted,
        BOOT_FILE: fields.file + b"\0" if fields.for_firmware and fields.file else fields.file,
        IPXE: fields.ipxe_options,
        DNS_SERVERS: lan.server_id if fields.needs_dns and DNS_SERVERS not in lan.shared else b"",
    }
    said = {code: value for code, value in wanted.items() if value}
    return said | echoed(message.options)


def echoed(asked: Mapping[int, bytes]) -> dict[int, bytes]:
    """Old ROMs drop a reply without their own option 97."""
    return {CLIENT_UUID: asked[CLIENT_UUID]} if CLIENT_UUID in asked else {}


def handed(
    message: Message, lan: Lan, asking: Firmware, fields: Recipe, now: float
) -> tuple[Event, ...]:
    """Note that a loader was confirmed; the event when it was once too often."""
    if asking.kind not in LOADED or asking.recipe is None:
        return ()
    ladder = len(lan.loaders.files.get(asking.recipe, ()))
    if not lan.loops.handed(message.chaddr, message.xid, ladder, now):
        return ()
    return (BootLooping(lan.name, message.chaddr.hex(":"), fields.file.decode()),)


def told(
    message: Message,
    lan: Lan,
    asking: Firmware,
    fields: Recipe | Nothing,
    *,
    stages: tuple[str, str],
    address: int,
    now: float,
) -> tuple[Event, ...]:
    """The exchange as two events: what was asked, and what was answered or why not.

    `stages` names both sides, ("discover", "offer").
    """
    if not lan.boots.spend(now):
        return ()
    mac = message.chaddr.hex(":")
    asked = BootAsked(
        network=lan.name,
        mac=mac,
        firmware=asking.name,
        stage=stages[0],
        xid=message.xid,
        arch=asking.arch,
        vendor_class=asking.vendor_class,
        user_class=asking.user_class,
        features=tuple(sorted(asking.features)),
        version=asking.version,
        bus_id=asking.bus_id,
        uuid=asking.uuid,
        address=text(address),
    )
    if isinstance(fields, Nothing):
        return asked, BootUnanswered(lan.name, mac, fields.why, fields.reason)
    file = fields.file.decode()
    return asked, BootAnswered(lan.name, mac, stages[1], message.xid, text(address), file)


def untold(
    message: Message, lan: Lan, asking: Firmware, nothing: Nothing, now: float
) -> tuple[Event, ...]:
    """The same two events for a message that is not answered at all; () when it did not ask."""
    stage = ASKED.get(message.kind)
    if stage is None or asking.kind is Class.ORDINARY:
        return ()
    address = message.wanted or message.ciaddr
    return told(message, lan, asking, nothing, stages=(stage, ""), address=address, now=now)
