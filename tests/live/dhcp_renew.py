"""One renewal, as a client that holds a lease makes it: run inside a namespace.

Usage: dhcp_renew.py LINK NUMBER ADDRESS SERVER    unicast (RFC 2131 §4.4.5), then broadcast as in
                                                   REBINDING; "ack SECONDS ROUTER", "nak" or "none"
"""

import select
import socket
import sys

from services.dhcp.wire import decode, encode

SECONDS = 2.0


def main() -> None:
    link, number, address, server = sys.argv[1:5]
    mac = b"\x02" + int(number).to_bytes(5, "big")
    asked = encode(
        op=1,
        xid=77,
        chaddr=mac,
        ciaddr=int.from_bytes(socket.inet_aton(address), "big"),
        options=[(53, b"\x03")],
    )
    here, anywhere = listening(link), listening("")  # a bridge of the same host may answer ARP
    for target in (server, "255.255.255.255"):
        here.sendto(asked, (target, 67))
        if said := heard((here, anywhere), mac):
            print(said)
            return
    print("none")


def listening(link: str) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if link:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    one.bind(("", 68))
    return one


def heard(sockets: tuple[socket.socket, ...], mac: bytes) -> str:
    """What the server says within a moment, "" when it says nothing."""
    while ready := select.select(sockets, (), (), SECONDS)[0]:
        said = decode(ready[0].recv(2048))
        if (said.xid, said.chaddr) != (77, mac):
            continue
        if said.kind != 5:
            return "nak"
        lasts = int.from_bytes(said.options[51], "big")
        return f"ack {lasts} {socket.inet_ntoa(said.options[3])}"
    return ""


main()
