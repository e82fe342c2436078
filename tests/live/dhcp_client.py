"""A DHCP client for live tests, small enough to see what it does: run inside a namespace.

Usage: dhcp_client.py LINK exchanges COUNT    go through COUNT exchanges, one MAC each; per line the
                                              address of each ACK, "none" where none came
       dhcp_client.py LINK silence COUNT      the same, by clients that soon give up
       dhcp_client.py LINK burst COUNT        COUNT DISCOVERs at once; the addresses offered, in any
                                              order
       dhcp_client.py LINK flood COUNT        COUNT invented MACs a minute, for ever, which take
                                              what they are offered
       dhcp_client.py LINK request ADDRESS    one INIT-REBOOT of MAC 0; its answer as hex, or "none"
       dhcp_client.py LINK discover HEX       broadcast HEX once; seconds until the answer, and it
       dhcp_client.py LINK 4011 SERVER HEX    send HEX to port 4011 from port 4011 until it is
                                              answered; source port, hex
"""

import itertools
import socket
import sys
import time
from contextlib import suppress

from services.dhcp.wire import decode, encode

TRIES, SECONDS = 120, 0.5
FEW = 8
OFFERED, CONFIRMED = (2,), (5, 6)
MINUTE_SECONDS = 60


def mac(number: int) -> bytes:
    return b"\x02" + number.to_bytes(5, "big")


class Client:
    def __init__(self, link: str, port: int, tries: int = TRIES) -> None:
        self.tries = tries
        self.wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # beside a flood
        self.wire.bind(("", port))
        self.wire.settimeout(SECONDS)

    def ask(self, number: int, options: list[tuple[int, bytes]]) -> bytes | None:
        """Broadcast a request until its answer comes; None when none does.

        A DISCOVER that was asked twice is offered twice, the second time after its REQUEST.
        """
        wanted = OFFERED if options[0] == (53, b"\x01") else CONFIRMED
        xid = number + 1
        asked = encode(op=1, xid=xid, chaddr=mac(number), flags=0x8000, options=options)
        for _ in range(self.tries):
            self.wire.sendto(asked, ("255.255.255.255", 67))
            try:
                while True:
                    answer = self.wire.recv(2048)
                    said = decode(answer)
                    if (said.xid, said.chaddr) == (xid, mac(number)) and said.kind in wanted:
                        return answer
            except TimeoutError:
                continue
        return None

    def exchange(self, number: int) -> str:
        """DISCOVER to ACK."""
        offer = self.ask(number, [(53, b"\x01")])
        if offer is None:
            return "none"
        said = decode(offer)
        wanted = said.yiaddr.to_bytes(4, "big")
        ack = self.ask(number, [(53, b"\x03"), (50, wanted), (54, said.options[54])])
        if ack is None or decode(ack).kind != 5:
            return "none"
        return socket.inet_ntoa(decode(ack).yiaddr.to_bytes(4, "big"))

    def burst(self, count: int) -> list[str]:
        """Everybody at once, each until it was offered something."""
        offered: dict[int, str] = {}
        for _ in range(TRIES):
            for number in set(range(count)) - set(offered):
                asked = encode(
                    op=1, xid=number, chaddr=mac(number), flags=0x8000, options=[(53, b"\x01")]
                )
                self.wire.sendto(asked, ("255.255.255.255", 67))
            try:
                while len(offered) < count:
                    said = decode(self.wire.recv(2048))
                    offered[said.xid] = socket.inet_ntoa(said.yiaddr.to_bytes(4, "big"))
            except TimeoutError:
                continue
        return list(offered.values())

    def flood(self, count: int) -> None:
        """Invented devices, so many a minute; nothing is asked twice."""
        self.wire.setblocking(False)
        began = time.monotonic()
        for number in itertools.count():
            invented = b"\x06" + number.to_bytes(5, "big")
            self.say(invented, [(53, b"\x01")])
            while time.monotonic() < began + number * MINUTE_SECONDS / count:
                time.sleep(0.005)
                self.take_offers()

    def take_offers(self) -> None:
        with suppress(BlockingIOError):
            while True:
                said = decode(self.wire.recv(2048))
                if said.kind == 2 and said.chaddr[:1] == b"\x06":
                    wanted = said.yiaddr.to_bytes(4, "big")
                    self.say(said.chaddr, [(53, b"\x03"), (50, wanted), (54, said.options[54])])

    def say(self, chaddr: bytes, options: list[tuple[int, bytes]]) -> None:
        asked = encode(op=1, xid=1, chaddr=chaddr, flags=0x8000, options=options)
        self.wire.sendto(asked, ("255.255.255.255", 67))

    def ask_4011(self, server: str, asked: bytes) -> str:
        """Ask until it is answered, as firmware does: the source port of the answer, hex."""
        for _ in range(TRIES):
            self.wire.sendto(asked, (server, 4011))
            try:
                answer, (_, port) = self.wire.recvfrom(2048)
            except TimeoutError:
                continue
            return f"{port} {answer.hex()}"
        return "none"


def main() -> None:
    link, what, value = sys.argv[1:4]
    if what in ("exchanges", "silence"):
        client = Client(link, 68, TRIES if what == "exchanges" else FEW)
        for number in range(int(value)):
            print(client.exchange(number), flush=True)
    elif what == "burst":
        print(*Client(link, 68).burst(int(value)))
    elif what == "flood":
        Client(link, 68).flood(int(value))
    elif what == "request":
        answer = Client(link, 68).ask(0, [(53, b"\x03"), (50, socket.inet_aton(value))])
        print(answer.hex() if answer else "none")
    elif what == "discover":
        client = Client(link, 68)
        client.wire.settimeout(60)
        began = time.monotonic()
        client.wire.sendto(bytes.fromhex(value), ("255.255.255.255", 67))
        answer = client.wire.recv(2048)
        print(f"{time.monotonic() - began:.2f}", answer.hex())
    else:
        print(Client(link, 4011).ask_4011(value, bytes.fromhex(sys.argv[4])))


if __name__ == "__main__":
    main()
