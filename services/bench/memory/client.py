"""DOOR: clients of the LAN, one MAC each, through DISCOVER to ACK: client.py LINK COUNT."""

import socket
import sys

from services.dhcp.wire import Message, decode, encode

TRIES, SECONDS = 20, 0.5


def main(link: str, count: str) -> int:
    """Take `count` leases; the exit code is 1 when a client got none."""
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    wire.bind(("", 68))
    wire.settimeout(SECONDS)
    return 0 if all(leased(wire, number) for number in range(int(count))) else 1


def leased(wire: socket.socket, number: int) -> bool:
    """One client; True when it was acknowledged an address."""
    offer = _asked(wire, number, [(53, b"\x01"), (12, f"device-{number}".encode())])
    if offer is None:
        return False
    wanted = offer.yiaddr.to_bytes(4, "big")
    options = [(53, b"\x03"), (50, wanted), (54, offer.options[54])]
    ack = _asked(wire, number, [*options, (12, f"device-{number}".encode())])
    return ack is not None and ack.kind == 5


def _asked(wire: socket.socket, number: int, options: list[tuple[int, bytes]]) -> Message | None:
    """Broadcast until the answer comes; None when none does."""
    mac = b"\x02\x6d" + number.to_bytes(4, "big")
    asked = encode(op=1, xid=number + 1, chaddr=mac, flags=0x8000, options=options)
    for _ in range(TRIES):
        wire.sendto(asked, ("255.255.255.255", 67))
        try:
            while True:
                answer = decode(wire.recv(2048))
                if answer.xid == number + 1:
                    return answer
        except (TimeoutError, ValueError):
            continue
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
