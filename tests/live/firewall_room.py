"""A router between an internet and three networks, for packets of any making.

Frames are written to each place's cable and read where they come out, so a test may borrow any
sender address.  The router is the kernel of its own namespace with nothing but our table in it.
"""

import asyncio
import ctypes
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from pathlib import Path
from typing import TypeVar

from appliance.model.config import RouterConfig
from appliance.model.facts import Facts
from appliance.model.newcomers import NOBODY, Admitted
from appliance.model.reachability import Packet
from appliance.model.schedule import current
from appliance.plan import sysctls
from appliance.plan.firewall import Step, steps, wanted
from services.firewall.driver import FirewallDriver
from services.sysctls.driver import SysctlDriver
from tests.live.namespaces import Namespace, cable, namespaces

T = TypeVar("T")
Dress = Callable[[bytes], Sequence[bytes]]
"""From a packet with its EtherType to what is put on the cable in its place."""
NEW_NETWORK = 0x40000000  # CLONE_NEWNET
OTHERS, OUTGOING = 3, 4  # PACKET_OTHERHOST, PACKET_OUTGOING
MAGIC = b"nixie-probe:"
PLACES = ("lan", "lab", "visitors", "internet")
LINKS: Mapping[str, str] = {
    "lan": "br-lan",
    "lab": "br-lab",
    "visitors": "br-guest",
    "internet": "eth0",
}
ROUTER_V4: Mapping[str, str] = {
    "lan": "10.77.0.1/24",
    "lab": "10.79.0.1/24",
    "visitors": "10.78.0.1/24",
    "internet": "192.0.2.2/24",
}
ROUTER_V6: Mapping[str, str] = {
    "lan": "fd77::1/64",
    "lab": "fd79::1/64",
    "visitors": "fd78::1/64",
    "internet": "2001:db8:1::2/64",
}
HOSTS: Mapping[str, tuple[str, ...]] = {
    "lan": ("10.77.0.5", "10.77.0.9", "10.77.0.20", "fd77::5", "fd77::9", "fd77::20"),
    "lab": ("10.79.0.5", "10.79.0.20", "fd79::5", "fd79::20"),
    "visitors": ("10.78.0.20", "10.78.0.21", "fd78::20"),
    "internet": ("192.0.2.1", "2001:db8:1::1"),
}
SOMEBODY = "52:54:00:aa:00:01"
"""The card of packets that are nobody's in particular."""
QUIET = """
table inet quiet {
  chain input {
    type filter hook input priority 0; policy drop;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    %s
  }
}
"""


def inside(namespace: str, work: Callable[[], T]) -> T:
    """Call `work` in a thread of its own whose network is `namespace`."""
    found: list[T] = []
    failed: list[BaseException] = []

    def call() -> None:
        try:
            with Path("/run/netns", namespace).open() as handle:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(handle.fileno(), NEW_NETWORK):
                    raise OSError(ctypes.get_errno(), "setns")
            found.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


@dataclass
class Room:
    """The router with its cables; `probes` counts the packets ever sent."""

    router: Namespace
    homes: Mapping[str, Namespace]
    wires: Mapping[str, socket.socket] = field(default_factory=dict)
    ears: tuple[socket.socket, ...] = ()  # of the router itself, behind its input chain
    gateways: Mapping[str, bytes] = field(default_factory=dict)
    probes: int = 0

    def apply(
        self, config: RouterConfig, now: float = 0.0, admitted: Admitted = NOBODY
    ) -> tuple[Step, ...]:
        """Bring our table to `config` as it holds at `now`; what is left to do afterwards."""
        held = current(config, now)
        return inside(self.router.name, lambda: asyncio.run(_swap(held, admitted)))

    def reload(self, configs: Sequence[RouterConfig], times: int) -> None:
        """Swap between configurations, beginning with the first, as fast as it goes."""
        inside(self.router.name, lambda: asyncio.run(_swaps(configs, times)))

    def send(self, packet: Packet, dress: Dress = lambda whole: (whole,)) -> int:
        """Put one packet on the cable of where it comes from; returns its number."""
        self.probes += 1
        payload = MAGIC + struct.pack("!I", self.probes)
        mac = bytes.fromhex((packet.mac or SOMEBODY).replace(":", ""))
        header = self.gateways[packet.source] + mac
        for piece in dress(network_layer(packet, payload, self.probes)):
            self.wires[packet.source].send(header + piece)
        return self.probes

    def arrivals(self, expected: set[int], seconds: float = 2.0) -> dict[int, str]:
        """Where packets came out: `router` or a place, by their number.

        Waits until every one of `expected` has come, and then until nothing more comes.
        """
        found: dict[int, str] = {}
        last = time.monotonic()
        places = {sock: place for place, sock in self.wires.items()}
        places |= dict.fromkeys(self.ears, "router")
        while True:
            patience = seconds if expected - found.keys() else 0.06
            left = last + patience - time.monotonic()
            ready, _, _ = select.select(list(places), [], [], max(0.0, left))
            if not ready:
                return found
            for sock in ready:
                for number in _numbers(sock, raw=places[sock] == "router"):
                    found[number] = places[sock]
                    last = time.monotonic()

    def arrives(self, packet: Packet, dress: Dress = lambda whole: (whole,)) -> str | None:
        """Where one packet comes out; None when nowhere."""
        number = self.send(packet, dress)
        return self.arrivals({number}, 0.4).get(number)


async def _swap(config: RouterConfig, admitted: Admitted) -> tuple[Step, ...]:
    if value := sysctls.wanted(config).get(sysctls.BRIDGED_V4):
        SysctlDriver().write(sysctls.Write(sysctls.BRIDGED_V4, value))
    driver, target = FirewallDriver(), wanted(config, Facts(admitted=admitted))
    for step in steps(target, await driver.observe()):
        await driver.perform(step)
    return steps(target, await driver.observe())


async def _swaps(configs: Sequence[RouterConfig], times: int) -> None:
    driver, states = FirewallDriver(), [wanted(config) for config in configs]
    present = await driver.observe()
    for number in range(times):
        target = states[number % len(states)]
        for step in steps(target, present):
            await driver.perform(step)
        present = target


def _numbers(sock: socket.socket, *, raw: bool) -> Iterator[int]:
    """The numbers of the probes that wait in a socket."""
    while True:
        try:
            frame, address = sock.recvfrom(2048)
        except BlockingIOError:
            return
        if not raw and (address[2] in (OTHERS, OUTGOING) or _is_answer(frame)):
            continue
        at = frame.find(MAGIC)
        if at >= 0 and len(frame) >= at + len(MAGIC) + 4:
            yield struct.unpack_from("!I", frame, at + len(MAGIC))[0]


def _is_answer(frame: bytes) -> bool:
    """Is it ICMP that is no echo request: an error or an echo that quotes a probe?"""
    kind = frame[12:14]
    if kind == b"\x08\x00" and frame[23] == socket.IPPROTO_ICMP:
        return frame[34] != 8
    return kind == b"\x86\xdd" and frame[20] == socket.IPPROTO_ICMPV6 and frame[54] != 128


@contextmanager
def firewall_room(*, answers: bool = False) -> Iterator[Room]:
    """The room with its addresses; with `answers` the places let in what was not asked for."""
    with namespaces("router", *PLACES) as (router, *others):
        homes = dict(zip(PLACES, others, strict=True))
        for one in (router, *others):
            for scope in ("all", "default"):  # an address that is still doubted sends nothing
                one.run("sh", "-c", f"echo 0 > /proc/sys/net/ipv6/conf/{scope}/accept_dad")
        for place, home in homes.items():
            _plug(router, place, home, answers=answers)
        for name, value in SETTINGS.items():
            router.run("sh", "-c", f"echo {value} > /proc/sys/{name}")
        router.run("ip", "route", "add", "default", "via", "192.0.2.1")
        router.run("ip", "-6", "route", "add", "default", "via", "2001:db8:1::1")
        router.run("ip", "route", "add", "10.99.0.0/16", "via", "10.77.0.9")
        router.run("ip", "-6", "route", "add", "fd99::/48", "via", "fd77::9")
        room = Room(router, homes)
        try:
            room.gateways = {place: hardware(router, LINKS[place]) for place in PLACES}
            room.wires = {
                place: inside(homes[place].name, lambda: wire("port")) for place in PLACES
            }
            room.ears = inside(router.name, ears)
            yield room
        finally:
            for sock in (*room.wires.values(), *room.ears):
                sock.close()


SETTINGS: Mapping[str, str] = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv4/conf/all/rp_filter": "0",  # our table alone has to notice a borrowed address
    "net/ipv4/conf/default/rp_filter": "0",
    **{f"net/ipv4/conf/{link}/rp_filter": "0" for link in LINKS.values()},
    "net/ipv4/icmp_ratelimit": "0",
}


def _plug(router: Namespace, place: str, home: Namespace, *, answers: bool) -> None:
    link = LINKS[place]
    port = link if place == "internet" else f"p-{place}"
    cable(router, port, home, "port")
    if port != link:
        router.run("ip", "link", "add", "name", link, "type", "bridge")
        router.run("ip", "link", "set", port, "master", link)
        router.run("ip", "link", "set", port, "up")
    for address in (ROUTER_V4[place], ROUTER_V6[place]):
        nodad = ["nodad"] if ":" in address else []
        router.run("ip", "address", "add", address, "dev", link, *nodad)
    router.run("ip", "link", "set", link, "up")
    home.run("ip", "link", "set", "port", "up")
    for host in HOSTS[place]:
        suffix = ["/64", "nodad"] if ":" in host else ["/24"]
        home.run("ip", "address", "add", host + suffix[0], "dev", "port", *suffix[1:])
    for gateway in (ROUTER_V4[place], ROUTER_V6[place]):
        home.run("ip", "route", "add", "default", "via", gateway.partition("/")[0])
    home.run("nft", QUIET % ("accept" if answers else ""))


def hardware(router: Namespace, link: str) -> bytes:
    """The MAC of a link."""
    text = router.run("cat", f"/sys/class/net/{link}/address").strip()
    return bytes.fromhex(text.replace(":", ""))


def wire(link: str) -> socket.socket:
    """A socket that speaks and hears whole frames on a link."""
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    made.bind((link, 0))
    made.setblocking(False)
    return made


def ears() -> tuple[socket.socket, ...]:
    """Sockets that hear what comes past the input chain."""
    found = []
    for family, protocols in RAW.items():
        for protocol in protocols:
            made = socket.socket(family, socket.SOCK_RAW, protocol)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            made.setblocking(False)
            found.append(made)
    return tuple(found)


RAW: Mapping[int, tuple[int, ...]] = {
    socket.AF_INET: (socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_ICMP),
    socket.AF_INET6: (socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_ICMPV6),
}


# ── frames ───────────────────────────────────────────────────────────────────────────────────────


def network_layer(packet: Packet, payload: bytes, number: int) -> bytes:
    """EtherType and IP packet; `number` makes its flow its own."""
    protocol = PROTOCOLS[packet.protocol, packet.receiver.version]
    transport = _transport(packet, protocol, payload, 1024 + number % 60_000)
    if isinstance(packet.receiver, IPv6Address):
        fixed = struct.pack("!IHBB", 6 << 28, len(transport), protocol, 64)
        return b"\x86\xdd" + fixed + packet.sender.packed + packet.receiver.packed + transport
    head = struct.pack(
        "!BBHHHBBH", 0x45, 0, 20 + len(transport), number & 0xFFFF, 0, 64, protocol, 0
    )
    head += packet.sender.packed + packet.receiver.packed
    return b"\x08\x00" + head[:10] + checksum(head) + head[12:] + transport


def _transport(packet: Packet, protocol: int, payload: bytes, source: int) -> bytes:
    pseudo = packet.sender.packed + packet.receiver.packed
    length = struct.pack("!I", len(payload) + LENGTHS[packet.protocol])
    pseudo += length + struct.pack("!I", protocol)
    if packet.protocol == "icmp":
        kind = 8 if packet.receiver.version == 4 else 128
        body = struct.pack("!BBHHH", kind, 0, 0, source, 1) + payload
        return body[:2] + checksum((b"" if kind == 8 else pseudo) + body) + body[4:]
    if packet.protocol == "udp":
        body = struct.pack("!HHHH", source, packet.port, 8 + len(payload), 0) + payload
        return body[:6] + checksum(pseudo + body) + body[8:]
    body = struct.pack("!HHIIBBHHH", source, packet.port, 1, 0, 0x50, 2, 8192, 0, 0) + payload
    return body[:16] + checksum(pseudo + body) + body[18:]


def checksum(data: bytes) -> bytes:
    """The Internet checksum (RFC 1071)."""
    padded = data + bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


LENGTHS: Mapping[str, int] = {"tcp": 20, "udp": 8, "icmp": 8}
PROTOCOLS: Mapping[tuple[str, int], int] = {
    ("tcp", 4): socket.IPPROTO_TCP,
    ("tcp", 6): socket.IPPROTO_TCP,
    ("udp", 4): socket.IPPROTO_UDP,
    ("udp", 6): socket.IPPROTO_UDP,
    ("icmp", 4): socket.IPPROTO_ICMP,
    ("icmp", 6): socket.IPPROTO_ICMPV6,
}
