from ipaddress import IPv4Address, IPv4Interface, IPv6Network
from pathlib import Path

from appliance.model.announced import AnnouncedNetwork, AnnouncedPrefix, Ipv6Slice
from appliance.model.dns import Dns, Upstream
from appliance.model.slices import DnsNetwork, DnsSlice, Slices, TimeSlice
from services.clock.chronyd import CONF, NAMES, chronyd
from services.processes.program import Program

FOLDER = Path("/state/chronyd")
LAN = DnsNetwork("lan", "br-lan", IPv4Interface("10.77.0.1/24"))
PREFIXES = (
    AnnouncedPrefix(IPv6Network("fd12::/64"), 2700, 5400, 0.0),
    AnnouncedPrefix(IPv6Network("2001:db8::/64"), 0, 0, 0.0),
)


def run(time: TimeSlice, *, keeps_clock: bool = False) -> Program | None:
    dns = DnsSlice("nixie", "lan", (LAN,), Dns((Upstream(IPv4Address("192.0.2.53")),)))
    ipv6 = Ipv6Slice(networks=(AnnouncedNetwork("lan", "br-lan", PREFIXES),))
    slices = Slices(1, (), dns, (), ipv6=ipv6, time=time)
    return chronyd(keeps_clock=keeps_clock)(Path("/usr/sbin/chronyd"), FOLDER, slices)


def test_servers_are_asked_for_our_networks() -> None:
    found = run(TimeSlice(("ntp.example",), serve=True))
    assert found
    assert found.files[CONF] == (
        "server ntp.example iburst\n"
        "driftfile /state/chronyd/drift\n"
        "pidfile /state/chronyd/chronyd.pid\n"
        "makestep 1 3\n"
        "bindcmdaddress 127.0.0.1\n"
        "bindcmdaddress /\n"
        "local stratum 10\n"
        "allow 10.77.0.0/24\n"
        "allow fd12::/64\n"
    )


def test_it_never_turns_a_clock_that_is_not_ours() -> None:
    found = run(TimeSlice((), serve=True))
    assert found
    assert "-x" in found.argv
    assert found.spares == {"sys_time"}


def test_it_turns_the_clock_of_a_router() -> None:
    found = run(TimeSlice((), serve=True), keeps_clock=True)
    assert found
    assert "-x" not in found.argv
    assert found.spares == frozenset()


def test_the_names_of_servers_are_asked_of_our_upstreams() -> None:
    found = run(TimeSlice(("ntp.example",), serve=True))
    assert found
    assert found.files[NAMES] == "nameserver 192.0.2.53\n"
    assert found.binds == (("/state/chronyd/resolv.conf", "/etc/resolv.conf"),)


def test_a_router_that_does_not_serve_listens_to_nobody() -> None:
    found = run(TimeSlice(("ntp.example",), serve=False), keeps_clock=True)
    assert found
    assert "port 0\n" in found.files[CONF]
    assert "allow" not in found.files[CONF]


def test_with_nothing_to_do_it_does_not_run() -> None:
    assert run(TimeSlice(("ntp.example",), serve=False)) is None
    assert run(TimeSlice((), serve=False), keeps_clock=True) is None
