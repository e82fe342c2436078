"""A home as it stands in a street: nobody in it is told an address, everything is handed out.

    stranger ── provider ═══ street ═══ router ═╤═ nas, pc     (network lan, zone lan)
                                 ║              ├─ lab         (network lab, zone lan)
                             neighbour          └─ visitors    (network visitors, zone guest)

The router is the product: supervisor, net, wan, dhcp, dns, radvd and dhcpcd.  It has its address by
DHCP, its prefix by DHCPv6 and its default route by the provider's advertisements; each device has
its address by udhcpc and makes the other of what the router announces.  The stranger is somewhere
on the internet, the neighbour on the cable in the street; both may borrow any address, and the
provider, which filters nothing, carries private ones as well.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Any

from appliance.assemble import daemon
from appliance.model.ipv6 import eui64
from appliance.model.reachability import Packet
from appliance.model.way import Stand
from tests.live.firewall_room import Room, ears, hardware, inside, wire
from tests.live.foreign_client import SCRIPTS
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.net_room import NETWORK
from tests.live.six_room import (
    HOME,
    ULA,
    Six,
    addresses,
    link_local,
    place_of_state,
    switched_on,
)
from tests.live.waiting import PATIENCE_SECONDS, until
from tests.live.wan_room import Provided

NETWORKS: Mapping[str, str] = {
    "nas": "lan",
    "pc": "lan",
    "lab": "lab",
    "visitors": "visitors",
    "neighbour": "internet",
    "stranger": "internet",
}
"""Where each place is, by the names of the model."""
AT_HOME = ("nas", "pc", "lab", "visitors")
OUTSIDE = ("neighbour", "stranger")
LINKS: Mapping[str, str] = {
    "lan": "br-lan",
    "lab": "br-lab",
    "visitors": "br-guest",
    "internet": "up0",
}
"""The router's link of each of them."""
FIXED: Mapping[str, tuple[str, str]] = {
    "neighbour": ("203.0.113.66/24", "2001:db8:1::66/64"),
    "stranger": ("198.51.100.7/24", "2001:db8:ffff::7/64"),
}
STRANGERS: Mapping[tuple[str, int], str] = {
    (place, family): address.partition("/")[0]
    for place, both in FIXED.items()
    for family, address in zip((4, 6), both, strict=True)
}
LENT = "203.0.113.5"
NAS_MAC, NAS_V4 = "52:54:00:00:00:05", "10.77.0.5"
KNOCK, BEHIND = 2222, 22
"""The port that is forwarded, and the device's own."""
FIRST, SECOND = "2001:db8:42::/56", "2001:db8:77::/56"


def _network(name: str, port: str, subnet: str, number: int, **more: Any) -> dict[str, Any]:
    pool = {"first": f"{subnet}.100", "last": f"{subnet}.199"}
    return {
        **NETWORK,
        "name": name,
        "bridge": LINKS[name],
        "ports": [port],
        "address": f"{subnet}.1/24",
        "dhcp": {"pool": pool},
        "ipv6": {"subnet": number},
        **more,
    }


NAS = {"mac": NAS_MAC, "address": NAS_V4, "name": "nas", "suffix": str(eui64(NAS_MAC))}
_LAN = _network("lan", "p1", "10.77.0", 0, ports=["p1", "p2"])
CONFIG: dict[str, Any] = {
    "schema": 2,
    "ula": ULA,
    "networks": [
        {**_LAN, "dhcp": {**_LAN["dhcp"], "reservations": [NAS]}},
        _network("lab", "p3", "10.79.0", 1),
        _network("visitors", "p4", "10.78.0", 2, zone="guest", netboot=False),
    ],
    "zones": [{"name": "lan", "manages": True}, {"name": "guest"}],
    "wan": {"port": "up0"},
    "forwards": [
        {
            "name": "ssh",
            "mac": NAS_MAC,
            "protocol": "tcp",
            "outside": {"first": KNOCK},
            "inside": BEHIND,
        }
    ],
}
ANNOUNCED = """
interface eth0 {
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 4;
  prefix 2001:db8:1::/64 { };
};
"""
"""What the provider's own radvd says: who leads out, and the prefix of the street."""
SERVE = """
import socket, sys
with socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6,
                          dualstack_ipv6=True) as listening:
    while True:
        one, _ = listening.accept()
        with one:
            one.sendall(b"the nas")
"""
ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=60) as asking:
    print(asking.recv(99).decode())
"""


@dataclass
class Ring:
    """The street and the home.

    `prefix` is what the provider lends now, `known` every place's address by family; `before` is
    what was known under the prefix before.
    """

    six: Six
    provided: Provided
    homes: Mapping[str, Namespace]
    folder: Path
    macs: Mapping[str, str]
    room: Room = field(init=False, repr=False)
    prefix: str = ""
    known: Mapping[tuple[str, int], str] = field(default_factory=dict)
    before: Mapping[tuple[str, int], str] = field(default_factory=dict)

    def lend(self, prefix: str) -> None:
        """The provider delegates another prefix; back when every device lives by it.

        What was lent before is still sent here.
        """
        if prefix == self.prefix:
            return
        self.prefix, self.before = prefix, self.known
        self._sends_here(prefix)
        self.six.delegate(prefix)
        if self.before:
            self.six.ask_again()
        until(lambda: prefix in self.six.wholes(), f"{prefix} is delegated")
        self.known = dict(STRANGERS) | {
            (place, family): self._given(place, family) for place in AT_HOME for family in (4, 6)
        }
        until(self._routers, "the router has all of its addresses")

    def _sends_here(self, destination: str) -> None:
        ours = link_local(self.six.inside, "up0")
        self.six.isp.run(*("ip", "-6", "route", "replace", destination, "via", ours, "dev", "eth0"))

    def _given(self, place: str, family: int) -> str:
        """Wait until a device has its address and its way out; that address."""
        if family == 4:
            return until(lambda: self._by_dhcp(place), f"{place} has an IPv4 address")
        return until(lambda: self._by_prefix(place), f"{place} has an address in {self.prefix}")

    def _by_dhcp(self, place: str) -> str:
        here = self.homes[place]
        found = _v4(here, "eth0")
        return found[0] if found and "default" in here.run("ip", "-4", "route") else ""

    def _by_prefix(self, place: str) -> str:
        whole, here = IPv6Network(self.prefix), self.homes[place]
        usable = [one for one, old in addresses(here, "eth0") if not old]
        leads_out = "default" in here.run("ip", "-6", "route")
        found = [one for one in usable if IPv6Address(one) in whole]
        return found[0] if leads_out and found else ""

    def _routers(self) -> Mapping[str, str]:
        """Every address of the router and the network that it is on; empty until all are there."""
        here = self.six.inside
        found = {
            address: network
            for network, link in LINKS.items()
            for address in (*_v4(here, link), *(one for one, _ in addresses(here, link)))
        }
        six = {IPv6Address(one): network for one, network in found.items() if ":" in one}
        lent = [one for one in six if one in IPv6Network(self.prefix)]
        leads_out = "default" in here.run("ip", "-6", "route", "show", "dev", "up0")
        there = len(lent) == 3 and "internet" in six.values() and LENT in found and leads_out
        return found if there else {}

    def routers(self, family: int) -> Sequence[str]:
        """Every address of the router."""
        return [one for one in self._routers() if ip_address(one).version == family]

    def own(self, network: str, family: int) -> str:
        """One address of the router on that network."""
        known = self._routers().items()
        return next(one for one, at in known if at == network and ip_address(one).version == family)

    def packet(self, source: str, destination: str, receiver: str, what: str) -> Packet:
        """What `source` begins by its own address and its own card; `what` is "tcp 22"."""
        protocol, _, port = what.partition(" ")
        to = ip_address(receiver)
        return Packet(
            source,
            destination,
            ip_address(self.known[source, to.version]),
            to,
            protocol,
            int(port) if port else None,
            self.macs[source],
        )

    def outcome(self, expected: Mapping[Packet, str | None]) -> Mapping[Packet, str | None]:
        """Where each of these packets comes out, None for nowhere; waits for what is expected."""
        numbers = {self.room.send(packet): packet for packet in expected}
        awaited = {number for number, packet in numbers.items() if expected[packet]}
        came = self.room.arrivals(awaited, PATIENCE_SECONDS)
        return {packet: came.get(number) for number, packet in numbers.items()}

    def asks(self, place: str, address: str, port: int) -> str:
        """What somebody at `place` is told over TCP."""
        return self.homes[place].python(ASK, address, str(port)).strip()


def _v4(where: Namespace, link: str) -> Sequence[str]:
    told = json.loads(where.run("ip", "-4", "-j", "addr", "show", link))
    return [one["local"] for row in told for one in row["addr_info"]]


def as_modelled(packet: Packet) -> Packet:
    """The packet in the model's words: by networks."""
    there = NETWORKS.get(packet.destination, packet.destination)
    return replace(packet, source=NETWORKS[packet.source], destination=there)


@contextmanager
def ring_room(program: Path, folder: Path) -> Iterator[Ring]:
    """The home with the first prefix, when every device of it has its addresses."""
    with namespaces("r", "isp", *NETWORKS) as (router, isp, *others):
        homes = dict(zip(NETWORKS, others, strict=True))
        _home(router, homes)
        _street(router, isp, homes)
        six = Six(router, homes["pc"], isp, program, place_of_state(), roles=ROLES)
        with switched_on(six):
            macs = {place: hardware(home, "eth0").hex(":") for place, home in homes.items()}
            ring = Ring(six, Provided(six, folder), homes, folder, macs)
            _opened(ring)
            ring.lend(FIRST)
            with _listening(ring):
                yield ring


ROLES = ("net", "wan", "dhcp", "dns")


def _home(router: Namespace, homes: Mapping[str, Namespace]) -> None:
    """The cables to the devices; that of the NAS has the card that is reserved for."""
    for number, place in enumerate(AT_HOME, 1):
        cable(router, f"p{number}", homes[place], "eth0")
        homes[place].run("sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=1")
    homes["nas"].run("ip", "link", "set", "eth0", "address", NAS_MAC)


def _street(router: Namespace, isp: Namespace, homes: Mapping[str, Namespace]) -> None:
    """The provider with a switch in the street and the internet behind it."""
    isp.run("ip", "link", "add", "name", "eth0", "type", "bridge", "mcast_snooping", "0")
    cable(router, "up0", isp, "to-router")
    cable(isp, "to-neighbour", homes["neighbour"], "eth0")
    cable(isp, "far0", homes["stranger"], "eth0")
    for port in ("to-router", "to-neighbour"):
        isp.run("ip", "link", "set", port, "master", "eth0", "up")
    for name in ("all", "default", "eth0", "far0"):  # it filters nothing
        isp.run("sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0")
    for name in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
        isp.run("sysctl", "-qw", f"{name}=1")
    for link, v4, v6 in (
        ("eth0", "203.0.113.1/24", "2001:db8:1::1/64"),
        ("far0", "198.51.100.1/24", "2001:db8:ffff::1/64"),
    ):
        _addressed(isp, link, v4, v6)
    homes["neighbour"].run("sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=0")
    for place in OUTSIDE:
        _addressed(homes[place], "eth0", *FIXED[place])
    homes["stranger"].run("ip", "route", "add", "default", "via", "198.51.100.1")
    homes["stranger"].run("ip", "route", "add", "default", "via", "2001:db8:ffff::1")


def _addressed(where: Namespace, link: str, v4: str, v6: str) -> None:
    where.run("ip", "addr", "add", v4, "dev", link)
    where.run("ip", "addr", "add", v6, "dev", link, "nodad")
    where.run("ip", "link", "set", link, "up")


def _opened(ring: Ring) -> None:
    """The configuration is in force, the router is online, the devices ask."""
    ring.provided.provide()
    conf = ring.folder / "radvd.conf"
    conf.write_text(ANNOUNCED)
    radvd = daemon("radvd", HOME)
    ring.six.isp.start(
        *(str(radvd), "-n", "-m", "stderr", "-C", str(conf), "-p", str(ring.folder / "radvd.pid"))
    )
    ring.six.apply(CONFIG)
    ring.provided.stands(Stand.ONLINE)
    ring.provided.has(f"{LENT}/24")
    for place in AT_HOME:
        _plugged(ring, place)
    ring._sends_here(ULA)
    ring.six.isp.run("ip", "route", "add", "10.0.0.0/8", "via", LENT)
    near = link_local(ring.six.inside, "up0")
    ring.homes["neighbour"].run("ip", "route", "add", "default", "via", LENT)
    ring.homes["neighbour"].run("ip", "-6", "route", "add", "default", "via", near, "dev", "eth0")


def _plugged(ring: Ring, place: str) -> None:
    """A device is switched on: its kernel hears the router, udhcpc asks it."""
    script = ring.folder / f"{place}.sh"
    script.write_text(SCRIPTS["udhcpc"].replace("LOG", str(ring.folder / f"{place}.log")))
    script.chmod(0o755)
    ring.homes[place].run("ip", "link", "set", "eth0", "up")
    ring.homes[place].start("udhcpc", "-i", "eth0", "-f", "-A", "1", "-s", str(script))


@contextmanager
def _listening(ring: Ring) -> Iterator[None]:
    """Somebody serves on the NAS; every cable is heard."""
    ring.homes["nas"].start(sys.executable, "-c", SERVE, str(BEHIND))
    serving = ("ss", "-lntH", "sport", "=", f":{BEHIND}")
    until(lambda: ring.homes["nas"].run(*serving), "the NAS serves")
    router, isp = ring.six.inside, ring.six.isp
    room = ring.room = Room(router, ring.homes)
    room.gateways = {place: hardware(router, LINKS[NETWORKS[place]]) for place in NETWORKS}
    room.gateways = {**room.gateways, "stranger": hardware(isp, "far0")}
    room.wires = {place: inside(ring.homes[place].name, lambda: wire("eth0")) for place in NETWORKS}
    room.ears = inside(router.name, ears)
    try:
        yield
    finally:
        for sock in (*room.wires.values(), *room.ears):
            sock.close()
