"""The dns role and its upstreams: dead, slow, forging, encrypted; and what is kept from the LAN."""

import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from appliance.model.dns import Forwarding, Record, Upstream
from appliance.store.open import now
from tests.live.dns_place import SLICES, Names, asking, dns
from tests.live.waiting import quickest, until
from webui.certificates.pairs import authority, leaf

pytestmark = pytest.mark.live
__all__ = ["dns"]

SERVER = """
import socket, sys, time, dnslib
address, seconds, *zone = sys.argv[1:]
s = socket.socket(2, 2); s.bind((address, 53))
listener = socket.socket(2, 1); listener.bind((address, 53)); listener.listen()
records = [one for line in zone for one in dnslib.RR.fromZone(line)]
log = open(f"/proc/self/fd/1", "w")
while True:
    data, client = s.recvfrom(4096)
    asked = dnslib.DNSRecord.parse(data)
    print(str(asked.q.qname).lower(), flush=True)
    made = asked.reply()
    made.rr = [one for one in records
               if str(one.rname).lower() == str(asked.q.qname).lower()
               and one.rtype in (asked.q.qtype, 5)]
    time.sleep(float(seconds))
    s.sendto(made.pack(), client)
"""
"""A name server with these records, each answered after so many seconds."""
OVER_TLS = """
import socket, ssl, sys, dnslib
address, certificate = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain(certificate)
listener = socket.socket(2, 1); listener.setsockopt(1, 2, 1)
listener.bind((address, 853)); listener.listen()
while True:
    raw, _ = listener.accept()
    print("connection", flush=True)
    try:
        with context.wrap_socket(raw, server_side=True) as one:
            while head := one.recv(2):
                asked = dnslib.DNSRecord.parse(one.recv(int.from_bytes(head)))
                made = asked.reply()
                made.add_answer(dnslib.RR(asked.q.qname, rdata=dnslib.A("203.0.113.53"), ttl=60))
                said = bytes(made.pack())
                one.sendall(len(said).to_bytes(2) + said)
    except OSError as error:
        print(error, flush=True)
"""


def serve(dns: Names, address: str, *zone: str, seconds: float = 0.0) -> None:
    """A name server at the ISP."""
    if address != "192.0.2.1":
        dns.isp.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")
    dns.isp.start(sys.executable, "-c", SERVER, address, str(seconds), *zone)
    bound = f"{address}:53 "
    until(lambda: bound in dns.isp.run("ss", "-lnu"), f"{address} is up")


def seconds_for(dns: Names, name: str) -> float:
    """How long the answer to a name nobody asked before takes, the client's start included."""
    begun = time.monotonic()
    assert dns.answers(name) != []
    return time.monotonic() - begun


MANY = tuple(f"n{number}.example.com. 60 IN A 203.0.113.9" for number in range(40))


def test_a_dying_upstream_is_left_for_the_other(dns: Names) -> None:
    serve(dns, "192.0.2.8", *MANY)
    dns.publish(asking("192.0.2.77", "192.0.2.8"))
    until(lambda: dns.answers("n0.example.com"), "the living one answers")
    for number in range(1, 6):
        dns.ask(f"n{number}.example.com")
    local = min(_timed(lambda: dns.answers("printer.lan")) for _ in range(5))
    numbers = itertools.count(6)
    one = quickest(lambda: seconds_for(dns, f"n{next(numbers)}.example.com"), local + 0.15)
    assert one - local < 0.15  # the next one is asked beside it after 0.2 s


def _timed(deed: Callable[[], object]) -> float:
    begun = time.monotonic()
    deed()
    return time.monotonic() - begun


def test_a_slow_upstream_has_another_beside_it(dns: Names) -> None:
    serve(dns, "192.0.2.7", *MANY, seconds=3.0)
    serve(dns, "192.0.2.8", *MANY)
    dns.publish(asking("192.0.2.7", "192.0.2.8"))
    until(lambda: dns.answers("n0.example.com"), "the settings are there")
    numbers = itertools.count(1)
    assert quickest(lambda: seconds_for(dns, f"n{next(numbers)}.example.com"), 2.0) < 2.0


def test_an_old_answer_is_better_than_none(dns: Names) -> None:
    upstream = dns.upstream("--host-record=short.example.com,203.0.113.6,1")
    assert dns.answers("short.example.com") == ["203.0.113.6"]
    upstream.kill()
    upstream.wait()
    time.sleep(1.1)
    said = dns.ask("short.example.com")
    assert (said["answers"], said["ttls"]) == (["203.0.113.6"], [30])


def test_while_the_upstream_is_silent_an_old_answer_comes_in_time(dns: Names) -> None:
    upstream = dns.upstream("--host-record=short.example.com,203.0.113.6,1")
    dns.answers("short.example.com")
    upstream.kill()
    upstream.wait()
    hole = "import socket, time; s=socket.socket(2, 2); s.bind(('', 53)); time.sleep(600)"
    dns.isp.start(sys.executable, "-c", hole)
    time.sleep(1.1)
    assert quickest(lambda: seconds_for(dns, "short.example.com"), 3.0) < 3.0


PRIVATE = (
    "evil.example.com. 60 IN A 10.77.0.1",
    "sly.example.com. 60 IN AAAA ::ffff:c0a8:101",
    "good.example.com. 60 IN A 203.0.113.5",
    "nas.corp.example. 60 IN A 10.9.0.4",
)


def test_a_name_of_the_internet_does_not_lead_into_the_lan(dns: Names) -> None:
    serve(dns, "192.0.2.1", *PRIVATE)
    assert dns.answers("good.example.com") == ["203.0.113.5"]
    assert dns.answers("evil.example.com") == dns.answers("sly.example.com", "AAAA") == []


def test_a_name_that_the_owner_allows_may_be_private(dns: Names) -> None:
    serve(dns, "192.0.2.1", *PRIVATE)
    dns.publish(asking("192.0.2.1", private_answers=("example.com",)))
    until(lambda: dns.answers("evil.example.com") == ["10.77.0.1"], "it is allowed")


def test_a_domain_is_asked_of_its_own_servers(dns: Names) -> None:
    serve(dns, "192.0.2.1", "www.example.com. 60 IN A 203.0.113.5")
    serve(dns, "192.0.2.9", *PRIVATE)
    corp = Forwarding("corp.example", (Upstream(IPv4Address("192.0.2.9")),))
    dns.publish(asking("192.0.2.1", forwardings=(corp,)))
    until(lambda: dns.answers("nas.corp.example") == ["10.9.0.4"], "it is forwarded")
    assert dns.answers("www.example.com") == ["203.0.113.5"]


def test_records_of_the_owner_are_answered(dns: Names) -> None:
    serve(dns, "192.0.2.1", "www.example.com. 60 IN A 203.0.113.5")
    own = (
        Record("nas", "A", "10.77.0.9"),
        Record("files", "CNAME", "nas.lan"),
        Record("site", "CNAME", "www.example.com"),
        Record("lan.example", "MX", "10 mail.lan"),
    )
    dns.publish(asking("192.0.2.1", records=own))
    until(lambda: dns.answers("nas.lan") == ["10.77.0.9"], "the record is there")
    assert dns.answers("files.lan") == ["10.77.0.9", "nas.lan."]
    assert dns.answers("site.lan") == ["203.0.113.5", "www.example.com."]
    assert dns.answers("lan.example", "MX") == ["10 mail.lan."]
    assert dns.answers("9.0.77.10.in-addr.arpa", "PTR") == ["nas.lan."]


def test_a_forger_who_does_not_see_the_question_is_not_believed(dns: Names) -> None:
    forger = """
import socket, dnslib
s = socket.socket(2, 2); s.bind(("192.0.2.1", 53))
while True:
    data, client = s.recvfrom(4096)
    asked = dnslib.DNSRecord.parse(data)
    small = str(asked.q.qname).lower()
    for number in range(200):  # the right port and every second id, but not the letters
        head = dnslib.DNSHeader(id=asked.header.id ^ number & 1, qr=1)
        said = dnslib.DNSRecord(head, q=dnslib.DNSQuestion(small))
        said.add_answer(dnslib.RR(small, rdata=dnslib.A("203.0.113.66"), ttl=60))
        s.sendto(said.pack(), client)
"""
    dns.isp.start(sys.executable, "-c", forger)
    until(lambda: "192.0.2.1:53 " in dns.isp.run("ss", "-lnu"), "the forger is up")
    assert dns.ask("www.a-long-name-with-many-letters.example")["code"] == "SERVFAIL"


def certified(dns: Names, name: str) -> Path:
    """A certificate and its key for `name`, by an authority that the role trusts."""
    ca = authority("Test", now())
    (dns.state / "ca.pem").write_bytes(ca.certificate)
    pair = leaf(ca, [name], now())
    path = dns.state / "server.pem"
    path.write_bytes(pair.certificate + pair.key)
    return path


def encrypted(dns: Names, name: str) -> None:
    upstream = Upstream(IPv4Address("192.0.2.1"), name)
    settings = replace(SLICES.dns.settings, upstreams=(upstream,))
    dns.publish(replace(SLICES, dns=replace(SLICES.dns, settings=settings)))


def test_an_upstream_over_tls_is_asked_on_one_connection(dns: Names) -> None:
    log = dns.state / "tls.log"
    command = (
        f"exec {sys.executable} -c '{OVER_TLS}' 192.0.2.1 {certified(dns, 'dns.test')} > {log}"
    )
    dns.isp.start("sh", "-c", command)
    encrypted(dns, "dns.test")
    until(lambda: dns.answers("a.example.com") == ["203.0.113.53"], "it is asked over TLS")
    for name in "bcdef":
        assert dns.answers(f"{name}.example.com") == ["203.0.113.53"]
    assert log.read_text().count("connection") == 1


def test_an_upstream_whose_certificate_is_not_for_its_name_is_not_believed(dns: Names) -> None:
    path = certified(dns, "somebody.else")
    dns.isp.start(sys.executable, "-c", OVER_TLS, "192.0.2.1", str(path))
    until(lambda: "192.0.2.1:853 " in dns.isp.run("ss", "-lnt"), "it listens")
    encrypted(dns, "dns.test")
    time.sleep(0.6)
    assert dns.ask("a.example.com")["code"] == "SERVFAIL"


FLOOD = """
import socket, sys, time, dnslib
asked = bytes(dnslib.DNSRecord.question("nixie.lan").pack())
s = socket.socket(2, 2); s.setblocking(False)
sent = heard = 0
begun = time.monotonic()
while time.monotonic() < begun + float(sys.argv[1]):
    for _ in range(20):
        s.sendto(asked, ("10.77.0.1", 53)); sent += 1
    try:
        while True: s.recv(512); heard += 1
    except BlockingIOError: time.sleep(0.001)
print(sent, heard, time.monotonic() - begun)
"""
"""Ask as fast as it goes for so many seconds: questions, answers, how long it took."""


def test_a_client_that_asks_too_much_gets_what_is_allowed(dns: Names) -> None:
    dns.publish(asking("192.0.2.1", queries_per_second=100))

    def held() -> bool:
        sent, heard, seconds = dns.lan.python(FLOOD, "2").split()
        return 100 <= int(heard) <= 200 + 100 * float(seconds) < int(sent)

    until(held, "no more is answered than is allowed, and no less")


def test_a_client_that_asks_too_much_takes_nothing_from_the_others(dns: Names) -> None:
    dns.publish(asking("192.0.2.1", queries_per_second=100))
    dns.lan.run("ip", "addr", "add", "10.77.0.51/24", "dev", "eth0")
    dns.lan.start(sys.executable, "-c", FLOOD, "600")
    assert dns.lan.python(RESOLVER, "20").strip() == "20"


RESOLVER = """
import socket, sys, dnslib
s = socket.socket(2, 2); s.bind(("10.77.0.51", 0)); s.settimeout(1)
heard = 0
for _ in range(int(sys.argv[1])):
    asked = dnslib.DNSRecord.question("printer.lan")
    for _ in range(30):
        s.sendto(asked.pack(), ("10.77.0.1", 53))
        try:
            heard += len(s.recv(512)) > 0
            break
        except TimeoutError:
            continue
print(heard)
"""
"""Asks again what stayed without an answer, as every resolver does: how many were answered."""
