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
        seconds = int(told["seconds"])
        options += [
            (SUBNET_MASK, given.netmask.packed),
            (ROUTER, IPv4Address(str(told["gateway"])).packed),
            (DNS_SERVERS, IPv4Address(str(told.get("dns", told["gateway"]))).packed),
            (LEASE_SECONDS, seconds.to_bytes(4, "big")),
        ]
        if "renew" in told:
            options += [(RENEW_SECONDS, int(told["renew"]).to_bytes(4, "big"))]
        if "rebind" in told:
            options += [(REBIND_SECONDS, int(told["rebind"]).to_bytes(4, "big"))]
        if "routes" in told:
            options += [(CLASSLESS_ROUTES, bytes.fromhex(str(told["routes"])))]
    return encode(
        op=REPLY_OP,
        xid=asked.xid,
        chaddr=asked.chaddr,
        ciaddr=asked.ciaddr if kind == ACK else 0,
        yiaddr=0 if kind == NAK else int(given.ip),
        options=options,
    )


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
