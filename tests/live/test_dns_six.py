"""Upstreams at IPv6 addresses: over UDP, TCP and TLS; dead beside a living one; without a way."""

import sys
from contextlib import closing
from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from appliance.model.dns import Upstream
from appliance.store import names
from tests.live.dns_place import SLICES, Names, asking, dns
from tests.live.test_dns_upstreams import MANY, certified, serve
from tests.live.waiting import until

pytestmark = pytest.mark.live
__all__ = ["dns"]

UPSTREAM = "2001:db8:1::1"
OVER_UDP = """
import socket, sys, dnslib
address, answers = sys.argv[1:]
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.bind((address, 53))
while True:
    data, client = s.recvfrom(4096)
    asked = dnslib.DNSRecord.parse(data)
    print(str(asked.q.qname).lower(), client[1], flush=True)
    if answers == "yes":
        made = asked.reply()
        made.add_answer(dnslib.RR(asked.q.qname, rdata=dnslib.A("203.0.113.6"), ttl=60))
        s.sendto(made.pack(), client)
"""
"""A name server that prints each question with the port that it came from, and may answer."""
OVER_TLS = """
import socket, ssl, sys, dnslib
address, certificate = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain(certificate)
listener = socket.create_server((address, 853), family=socket.AF_INET6)
while True:
    raw, client = listener.accept()
    print(client[0], flush=True)
    with context.wrap_socket(raw, server_side=True) as one:
        while head := one.recv(2):
            asked = dnslib.DNSRecord.parse(one.recv(int.from_bytes(head)))
            made = asked.reply()
            made.add_answer(dnslib.RR(asked.q.qname, rdata=dnslib.A("203.0.113.53"), ttl=60))
            said = bytes(made.pack())
            one.sendall(len(said).to_bytes(2) + said)
"""
ONE_BY_ONE = """
import socket, sys, dnslib
first, end = map(int, sys.argv[1:])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(30)
answered = 0
for number in range(first, end):
    s.sendto(dnslib.DNSRecord.question(f"n{number}.example.com").pack(), ("10.77.0.1", 53))
    answered += bool(dnslib.DNSRecord.parse(s.recv(512)).rr)
print(answered)
"""
"""Asks for the names of these numbers, one after the other; how many were answered."""


@pytest.fixture
def six(dns: Names) -> Names:
    """The provider speaks IPv6."""
    for where, link, address in (
        (dns.inside, "up0", "2001:db8:1::2/64"),
        (dns.isp, "eth0", f"{UPSTREAM}/64"),
    ):
        where.run("ip", "addr", "add", address, "dev", link, "nodad")
    return dns


def heard(dns: Names, script: str, address: str, *words: str) -> Path:
    """Start a server at the provider; the file of what it prints."""
    if address != UPSTREAM:
        dns.isp.run("ip", "addr", "add", f"{address}/64", "dev", "eth0", "nodad")
    log = dns.state / f"{address}.log"
    said = " ".join((address, *words))
    dns.isp.start("sh", "-c", f"exec {sys.executable} -c '{script}' {said} > {log}")
    until(lambda: f"[{address}]:" in dns.isp.run("ss", "-lntu"), f"{address} is up")
    return log


def one_by_one(dns: Names, first: int, end: int) -> int:
    return int(dns.lan.python(ONE_BY_ONE, str(first), str(end)))


def standing(dns: Names) -> dict[str, tuple[bool, int]]:
    """Of each upstream whether it is well, and how often it was asked."""
    with closing(names.opened(dns.state / "dns.db")) as own:
        found = names.standing(own)
    upstreams = found.upstreams if found else ()
    return {one["address"]: (one["well"], one["asked"]) for one in upstreams}


def asks_by_six(dns: Names) -> None:
    """Names are asked of dnsmasq at the provider, by IPv6 alone."""
    dns.upstream()
    dns.publish(asking(UPSTREAM))
    until(lambda: [*standing(dns)] == [UPSTREAM], "the settings are there")


def test_a_name_is_asked_by_ipv6(six: Names) -> None:
    asks_by_six(six)
    assert six.answers("www.example.com") == ["203.0.113.5"]
    log = (six.state / "upstream.log").read_text()
    assert " from 2001:db8:1::2" in log
    assert " from 192.0.2.2" not in log


def test_what_is_too_long_for_udp_comes_by_tcp_over_ipv6(six: Names) -> None:
    asks_by_six(six)
    assert six.ask("long.example.com", "TXT", tcp=True)["size"] > 2000
    log = (six.state / "upstream.log").read_text()
    assert log.lower().count("long.example.com from 2001:db8:1::2") == 2  # cut, then whole


def test_a_name_is_asked_over_tls_by_ipv6(six: Names) -> None:
    log = heard(six, OVER_TLS, UPSTREAM, str(certified(six, "dns.test")))
    upstream = Upstream(IPv6Address(UPSTREAM), "dns.test")
    settings = replace(SLICES.dns.settings, upstreams=(upstream,))
    six.publish(replace(SLICES, dns=replace(SLICES.dns, settings=settings)))
    until(lambda: six.answers("a.example.com") == ["203.0.113.53"], "it is asked over TLS")
    assert six.answers("b.example.com") == ["203.0.113.53"]
    assert log.read_text().split() == ["2001:db8:1::2"]


def test_questions_by_ipv6_leave_from_ports_drawn_by_chance(six: Names) -> None:
    log = heard(six, OVER_UDP, UPSTREAM, "yes")
    six.publish(asking(UPSTREAM))
    until(lambda: six.answers("n0.example.com"), "the settings are there")
    assert one_by_one(six, 1, 120) == 119
    ports = {line.split()[1] for line in log.read_text().splitlines()}
    assert len(ports) > 16  # of 32; fewer come up once in a million times of 119 draws


def test_a_dead_upstream_by_ipv6_costs_nobody_anything(six: Names) -> None:
    log = heard(six, OVER_UDP, "2001:db8:1::7", "no")
    serve(six, "192.0.2.8", *MANY)
    six.publish(asking("2001:db8:1::7", "192.0.2.8"))
    until(lambda: six.answers("n0.example.com"), "the living one answers")
    assert one_by_one(six, 1, 8) == 7

    def told() -> bool:
        found = standing(six)
        return [found[one][0] for one in ("2001:db8:1::7", "192.0.2.8")] == [False, True]

    until(told, "it is known to be silent")
    before = len(asked(log))
    assert one_by_one(six, 8, 40) == 32
    assert len(asked(log)) - before < 8  # looks, beside the living one; each later than the last


def asked(log: Path) -> set[str]:
    """The names that a server was asked for, tried again or not."""
    return {line.split()[0] for line in log.read_text().splitlines()}


def test_where_nothing_leads_out_by_ipv6_the_other_upstream_answers(dns: Names) -> None:
    serve(dns, "192.0.2.8", *MANY)
    dns.publish(asking("2620:fe::fe", "192.0.2.8"))
    until(lambda: dns.answers("n0.example.com"), "the living one answers")
    assert one_by_one(dns, 1, 20) == 19


def test_an_upstream_without_a_way_is_asked_once_there_is_one(dns: Names) -> None:
    dns.publish(asking(UPSTREAM))
    assert dns.ask("www.example.com")["code"] == "SERVFAIL"
    for where, link, address in (
        (dns.isp, "eth0", f"{UPSTREAM}/64"),
        (dns.inside, "up0", "2001:db8:1::2/64"),
    ):
        where.run("ip", "addr", "add", address, "dev", link, "nodad")
    dns.upstream()
    until(lambda: dns.answers("www.example.com") == ["203.0.113.5"], "it is answered")


def test_how_an_upstream_by_ipv6_does_is_told(six: Names) -> None:
    asks_by_six(six)
    assert six.answers("www.example.com") == ["203.0.113.5"]
    until(lambda: standing(six)[UPSTREAM] == (True, 1), "the role told how it does")
