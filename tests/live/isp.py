"""A provider's DHCP server that does as it is told, for live tests.

Usage: isp.py LINK BEHAVIOUR SAID.  BEHAVIOUR is JSON, read anew for each message:
{"address": "203.0.113.5/24", "server": "203.0.113.1", "gateway": …, "seconds": 8, "mode": "give"};
mode "silent" says nothing, "nak" refuses every REQUEST, "deaf" is silent to its own address only.
SAID gets one line per message heard: its kind, and "unicast" or "broadcast".
"""

import json
import socket
import sys
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from services.dhcp.options import (
    CLASSLESS_ROUTES,
    DNS_SERVERS,
    INTERFACE_MTU,
    LEASE_SECONDS,
    MESSAGE_TYPE,
    REBIND_SECONDS,
    RENEW_SECONDS,
    REQUESTED_ADDRESS,
    ROUTER,
    SERVER_ID,
    SUBNET_MASK,
)
from services.dhcp.wire import (
    ACK,
    DISCOVER,
    KINDS,
    NAK,
    OFFER,
    REPLY_OP,
    REQUEST,
    Message,
    decode,
    encode,
)

IP_PKTINFO = 8
NUMBERS = {
    "seconds": (LEASE_SECONDS, 4),
    "renew": (RENEW_SECONDS, 4),
    "rebind": (REBIND_SECONDS, 4),
    "mtu": (INTERFACE_MTU, 2),
}
"""What BEHAVIOUR may say in numbers: the option and its bytes."""


def answer(asked: Message, told: dict[str, str | int]) -> bytes | None:
    """What the server says, None for nothing."""
    server = IPv4Address(str(told["server"]))
    given = IPv4Interface(str(told["address"]))
    wanted = asked.wanted or asked.ciaddr
    named = asked.options.get(SERVER_ID)
    if told["mode"] == "silent" or asked.kind not in (DISCOVER, REQUEST):
        return None
    if asked.kind == REQUEST and named not in (None, server.packed):
        return None
    kind = OFFER if asked.kind == DISCOVER else ACK
    if asked.kind == REQUEST and (told["mode"] == "nak" or wanted != int(given.ip)):
        kind = NAK
    options = [(MESSAGE_TYPE, bytes((kind,))), (SERVER_ID, server.packed)]
    if kind != NAK:
        options += lease(told, given)
    return encode(
        op=REPLY_OP,
        xid=asked.xid,
        chaddr=asked.chaddr,
        ciaddr=asked.ciaddr if kind == ACK else 0,
        yiaddr=0 if kind == NAK else int(given.ip),
        options=options,
    )


def lease(told: dict[str, str | int], given: IPv4Interface) -> list[tuple[int, bytes]]:
    """The options of an offer."""
    gateway = IPv4Address(str(told["gateway"]))
    numbers = [
        (code, int(told[name]).to_bytes(size, "big"))
        for name, (code, size) in NUMBERS.items()
        if name in told
    ]
    routes = bytes.fromhex(str(told.get("routes", "")))
    return [
        (SUBNET_MASK, given.netmask.packed),
        (ROUTER, gateway.packed),
        (DNS_SERVERS, gateway.packed),
        *numbers,
        *([(CLASSLESS_ROUTES, routes)] if routes else []),
    ]


def main() -> None:
    link, behaviour, said = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    here.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    here.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    here.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    here.bind(("", 67))
    print("ready", flush=True)
    while True:
        datagram, ancillary, _, _ = here.recvmsg(2048, 64)
        asked, told = decode(datagram), json.loads(behaviour.read_text())
        (_, _, info) = ancillary[0]
        unicast = info[8:12] != b"\xff\xff\xff\xff"
        with said.open("a") as log:
            how = "unicast" if unicast else "broadcast"
            wanted = asked.options.get(REQUESTED_ADDRESS)
            log.write(f"{KINDS[asked.kind]} {how} {IPv4Address(wanted) if wanted else ''}\n")
        if unicast and told["mode"] == "deaf":
            continue
        reply = answer(asked, told)
        if reply is not None:
            to = str(IPv4Address(asked.ciaddr)) if unicast else "255.255.255.255"
            here.sendto(reply, (to, 68))


if __name__ == "__main__":
    main()
