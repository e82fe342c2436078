"""NTP on the LAN, of a clock that a real chronyd follows and never turns."""

import struct
import sys
import time

import pytest

from tests.live.namespaces import Namespace
from tests.live.six_room import SIX, Six, program, six
from tests.live.waiting import until

__all__ = ["program", "six"]

pytestmark = pytest.mark.live

QUESTION = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as s:
    s.settimeout(1)
    try:
        s.sendto(bytes([0x23]) + bytes(47), (sys.argv[1], 123))
        print(s.recv(99).hex())
    except OSError:
        pass
"""
NAMES = """
import socket
from dnslib import A, QTYPE, RR, DNSRecord
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(("192.0.2.1", 53))
    while True:
        said, client = s.recvfrom(512)
        asked = DNSRecord.parse(said)
        answer = asked.reply()
        if asked.q.qtype == QTYPE.A and str(asked.q.qname) == "time.example.":
            answer.add_answer(RR("time.example.", QTYPE.A, rdata=A("192.0.2.1"), ttl=60))
        s.sendto(answer.pack(), client)
"""
EPOCH = 2_208_988_800  # NTP counts from 1900 (RFC 5905 §6)


def asked(where: Namespace, address: str) -> bytes:
    """The answer of an NTP server, b"" when there is none."""
    return bytes.fromhex(where.python(QUESTION, address).strip())


def test_a_device_gets_the_time_before_the_router_has_asked_anybody(six: Six) -> None:
    six.lan.run("ip", "addr", "add", "10.77.0.50/24", "dev", "eth0")
    six.apply(SIX | {"time": {"servers": []}})
    answer = until(lambda: asked(six.lan, "10.77.0.1"), "the router tells the time")
    assert answer[1] == 10
    (seconds,) = struct.unpack_from("!I", answer, 40)
    assert abs(seconds - EPOCH - time.time()) < 5


def test_the_time_is_told_by_ipv6(six: Six) -> None:
    six.apply(SIX | {"time": {"servers": []}})
    assert until(lambda: asked(six.lan, "fd12:3456:789a::1"), "the router tells the time")


def test_nobody_outside_gets_the_time(six: Six) -> None:
    six.lan.run("ip", "addr", "add", "10.77.0.50/24", "dev", "eth0")
    six.isp.run("ip", "addr", "add", "192.0.2.1/24", "dev", "eth0")
    six.apply(SIX | {"time": {"servers": []}})
    until(lambda: asked(six.lan, "10.77.0.1"), "the router tells the time")
    assert not asked(six.isp, "192.0.2.2")


def test_dhcp_tells_where_the_time_is(six: Six) -> None:
    six.apply(SIX)
    slices = six.slices()
    assert slices
    assert (42, bytes([10, 77, 0, 1])) in slices.dhcp[0].options


def test_chronyd_has_no_right_to_turn_the_clock(six: Six) -> None:
    six.apply(SIX)
    until(lambda: six.pid("chronyd"), "chronyd runs")
    status = six.proc("chronyd", "status")
    (effective,) = [line.split()[1] for line in status.splitlines() if line.startswith("CapEff")]
    assert int(effective, 16) == 1 << 10  # CAP_NET_BIND_SERVICE, and not CAP_SYS_TIME
    assert "-x" in six.proc("chronyd", "cmdline").split("\0")


def test_a_server_that_knows_the_time_makes_the_clock_trusted(six: Six) -> None:
    six.isp.run("ip", "addr", "add", "192.0.2.1/24", "dev", "eth0")
    six.tells_the_time()
    six.apply(SIX | {"time": {"servers": ["192.0.2.1"]}})
    until(lambda: six.pid("chronyd"), "chronyd runs")
    until(six.synchronised, "chronyd follows the server")
    assert (slices := six.slices())
    assert slices.time.trusted


def test_devices_are_told_how_far_the_server_is(six: Six) -> None:
    six.lan.run("ip", "addr", "add", "10.77.0.50/24", "dev", "eth0")
    six.isp.run("ip", "addr", "add", "192.0.2.1/24", "dev", "eth0")
    six.tells_the_time()  # at stratum 2
    six.apply(SIX | {"time": {"servers": ["192.0.2.1"]}})
    answer = until(lambda: knowing(asked(six.lan, "10.77.0.1")), "chronyd follows the server")
    assert (answer[1], answer[12:16]) == (3, bytes([192, 0, 2, 1]))


def knowing(answer: bytes) -> bytes:
    """An answer of somebody who was told the time, else b""."""
    return answer if answer and answer[1] < 10 else b""


def test_the_time_is_heard_on_the_networks_alone(six: Six) -> None:
    six.apply(SIX | {"time": {"servers": ["192.0.2.1"]}})
    until(lambda: six.pid("chronyd"), "chronyd runs")
    until(lambda: ":123" in six.inside.run("ss", "-lnu"), "somebody listens")
    heard = [line.split()[3] for line in six.inside.run("ss", "-Hlnu").splitlines()]
    assert sorted(one for one in heard if one.endswith(":123")) == [
        "0.0.0.0%br-lan:123",
        "[::]%br-lan:123",
    ]


def test_the_names_of_time_servers_are_found_while_no_certificate_can_be_judged(six: Six) -> None:
    six.isp.run("ip", "addr", "add", "192.0.2.1/24", "dev", "eth0")
    six.isp.start(sys.executable, "-c", NAMES)  # by plain DNS alone: nobody answers by TLS
    until(lambda: ":53 " in six.isp.run("ss", "-Hlnu"), "the provider answers names")
    six.tells_the_time()
    upstreams = [{"address": "192.0.2.1", "tls_name": "dns.example"}]
    six.apply(SIX | {"dns": {"upstreams": upstreams}, "time": {"servers": ["time.example"]}})
    until(six.synchronised, "chronyd follows the server")
