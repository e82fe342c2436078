"""Writing the reply to one client: from the ready-made one where that is enough, else in full."""

from typing import Final

from appliance.model.config import UNICAST
from services.dhcp import booting
from services.dhcp.destination import TO_CLIENT, delivery
from services.dhcp.lan import Lan
from services.dhcp.lease import Lease
from services.dhcp.options import (
    CLIENT_ID,
    HOST_NAME,
    IPV6_ONLY,
    MESSAGE_TYPE,
    RELAY_AGENT,
    RELAY_SERVER_ID,
    SERVER_ID,
    WANTED_OPTIONS,
    decode_inner,
    encode_option,
)
from services.dhcp.reply import (
    ASSUMED_SIZE,
    ENDED,
    NO_NAMES,
    Reply,
    finish,
    fitted,
    header,
    names,
    size_limit,
)
from services.dhcp.wire import (
    ACK,
    BROADCAST_FLAG,
    HEADER,
    LEAST_SIZE,
    OPTIONS_AT,
    REPLY_OP,
    Message,
)
from services.netboot.recipe import Nothing, Recipe

EXTRAS: Final = (CLIENT_ID, RELAY_AGENT)
"""What every answer to this client carries back (RFC 6842, RFC 3046)."""


def plain(
    message: Message, lan: Lan, kind: int, address: int, lasts: int, lease: Lease | None = None
) -> Reply:
    """The reply to an ordinary client, ready-made where that is enough; `lasts` in seconds."""
    options = message.options
    data = b""
    if (lan.alike or not _special(message, lan)) and RELAY_AGENT not in options:
        tail = lan.tails[kind, lasts]
        client = options.get(CLIENT_ID)
        if client is not None:
            tail += encode_option(CLIENT_ID, client)
        chaddr = message.chaddr
        head = HEADER.pack(
            REPLY_OP, message.htype, len(chaddr), message.hops, message.xid, 0, message.flags,
            message.ciaddr if kind == ACK else 0, address, 0, message.giaddr, chaddr,
        )  # fmt: skip
        data = (head + tail + ENDED).ljust(LEAST_SIZE, b"\0")
    if not data or (len(data) > ASSUMED_SIZE and len(data) > size_limit(options)):
        data = full(message, lan, lan.lease_options(kind, lasts), None, yiaddr=address)
    where = delivery(message)
    if where is TO_CLIENT:
        address = message.ciaddr
    return Reply(data, where, message.giaddr or address, message.chaddr, kind, lease)


def _special(message: Message, lan: Lan) -> bool:
    """Does this client get an option that others do not?"""
    return message.chaddr in lan.reserved_names or lan.ipv6_only is not None


def full(
    message: Message,
    lan: Lan,
    options: dict[int, bytes],
    fields: Recipe | Nothing | None,
    *,
    yiaddr: int,
    ciaddr: int | None = None,
) -> bytes:
    """A reply written option by option; `fields` is None for ordinary clients."""
    asked = message.options
    options |= {code: asked[code] for code in EXTRAS if code in asked}
    wanted = asked.get(WANTED_OPTIONS, bytes((HOST_NAME,)))
    if message.chaddr in lan.reserved_names and HOST_NAME in wanted:
        options[HOST_NAME] = lan.reserved_names[message.chaddr]
    if lan.ipv6_only is not None and IPV6_ONLY in wanted:
        options[IPV6_ONLY] = lan.ipv6_only
    options[SERVER_ID] = override(message) or lan.server_id
    flags, siaddr, middle = message.flags, 0, NO_NAMES
    if isinstance(fields, Recipe):
        options |= booting.options(fields, message, lan)
        siaddr, middle = lan.server, names(lan.dotted, fields.file)
    elif fields is not None:
        options |= booting.echoed(asked)
    if fields is not None and not message.ciaddr and not lan.has(message.chaddr, UNICAST):
        flags |= BROADCAST_FLAG
    if ciaddr is None:
        ciaddr = message.ciaddr if options[MESSAGE_TYPE] == bytes((ACK,)) else 0
    head = header(message, flags=flags, ciaddr=ciaddr, yiaddr=yiaddr, siaddr=siaddr)
    room = size_limit(asked) - OPTIONS_AT - 1
    return finish(head, middle + fitted(options, room))


def override(message: Message) -> bytes | None:
    """The server address a relay wants its clients to see (RFC 5107)."""
    relay = message.options.get(RELAY_AGENT)
    if relay is None:
        return None
    said = decode_inner(relay).get(RELAY_SERVER_ID, b"")
    return said if len(said) == 4 else None
