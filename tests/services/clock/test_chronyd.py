from ipaddress import IPv4Interface, ip_address
from pathlib import Path

from appliance.model.dns import Dns, Upstream
from appliance.model.slices import DnsNetwork, DnsSlice, Slices, TimeSlice
from services.clock.chronyd import CONF, NAMES, chronyd
from services.processes.program import Program

FOLDER = Path("/state/chronyd")
LAN = DnsNetwork("lan", "br-lan", IPv4Interface("10.77.0.1/24"))


def run(
    time: TimeSlice, *, keeps_clock: bool = False, upstream: str = "192.0.2.53"
) -> Program | None:
    dns = DnsSlice("nixie", "lan", (LAN,), Dns((Upstream(ip_address(upstream)),)))
    slices = Slices(1, (), dns, (), time=time)
    return chronyd(keeps_clock=keeps_clock)(Path("/usr/sbin/chronyd"), FOLDER, slices)


def test_servers_are_asked() -> None:
    found = run(TimeSlice(("ntp.example",), serve=True))
    assert found
    assert found.files[CONF] == (
        "server ntp.example iburst\n"
        "driftfile /state/chronyd/drift\n"
        "pidfile /state/chronyd/chronyd.pid\n"
        "makestep 1 3\n"
        "bindcmdaddress 127.0.0.1\n"
        "bindcmdaddress /\n"
        "port 0\n"
    )


def test_it_never_turns_a_clock_that_is_not_ours() -> None:
    found = run(TimeSlice(("ntp.example",), serve=True))
    assert found
    assert "-x" in found.argv
    assert found.spares == {"sys_time"}


def test_it_turns_the_clock_of_a_router() -> None:
    found = run(TimeSlice(("ntp.example",), serve=True), keeps_clock=True)
    assert found
    assert "-x" not in found.argv
    assert found.spares == frozenset()


def test_the_names_of_servers_are_asked_of_our_upstreams() -> None:
    found = run(TimeSlice(("ntp.example",), serve=True))
    assert found
    assert found.files[NAMES] == "nameserver 192.0.2.53\n"
    assert found.binds == (("/state/chronyd/resolv.conf", "/etc/resolv.conf"),)


def test_an_upstream_by_ipv6_is_asked_for_the_names_of_servers() -> None:
    found = run(TimeSlice(("ntp.example",), serve=True), upstream="2620:fe::fe")
    assert found
    assert found.files[NAMES] == "nameserver 2620:fe::fe\n"


def test_a_router_of_its_own_clock_asks_without_serving() -> None:
    assert run(TimeSlice(("ntp.example",), serve=False), keeps_clock=True)


def test_with_nobody_to_ask_it_does_not_run() -> None:
    assert run(TimeSlice(("ntp.example",), serve=False)) is None
    assert run(TimeSlice((), serve=True), keeps_clock=True) is None
