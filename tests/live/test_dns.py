"""The dns role on real sockets: clients on a LAN, dnsmasq as the upstream at an ISP."""

import itertools
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from appliance.store import names
from tests.live.dns_place import Names, asking, dns
from tests.live.waiting import quickest, until

pytestmark = pytest.mark.live
__all__ = ["dns"]


def test_the_router_has_its_name(dns: Names) -> None:
    assert dns.answers("nixie") == dns.answers("nixie.lan") == ["10.77.0.1"]


def test_a_reservation_has_its_name(dns: Names) -> None:
    assert dns.answers("printer.lan") == ["10.77.0.7"]


def test_an_address_has_its_name_backwards(dns: Names) -> None:
    assert dns.answers("7.0.77.10.in-addr.arpa", "PTR") == ["printer.lan."]


def test_a_lease_is_a_name_within_a_second(dns: Names) -> None:
    numbers = itertools.count(1)

    def seconds() -> float:
        number = next(numbers)
        name, address = f"laptop{number}.lan", f"10.77.0.{100 + number}"
        assert dns.answers(name) == []
        dns.lease(address, f"52:54:00:00:00:{number:02x}", f"Laptop{number}")
        leased = time.monotonic()
        until(lambda: dns.answers(name) == [address], "the lease has its name")
        return time.monotonic() - leased

    assert quickest(seconds, 1.5) < 1.5


def test_a_machine_of_the_inventory_is_found_by_its_lease(dns: Names) -> None:
    dns.lease("10.77.0.108", "52:54:00:00:00:08", "")
    until(lambda: dns.answers("ember.lan") == ["10.77.0.108"], "the machine has its name")


def test_an_unknown_local_name_does_not_exist_and_is_not_asked_upstream(dns: Names) -> None:
    dns.upstream()
    said = dns.ask("nobody.lan")
    assert (said["code"], said["authority"]) == ("NXDOMAIN", ["lan."])
    assert dns.upstream_heard("nobody.lan") == 0


def test_the_rest_is_forwarded(dns: Names) -> None:
    dns.upstream()
    assert dns.answers("www.example.com") == ["203.0.113.5"]


def test_a_second_question_is_answered_from_the_cache(dns: Names) -> None:
    dns.upstream()
    assert dns.answers("www.example.com") == ["203.0.113.5"]
    assert dns.ask("WWW.Example.COM", "A", "edns")["answers"] == ["203.0.113.5"]
    assert dns.upstream_heard("www.example.com") == 1


def test_an_answer_too_long_for_udp_is_cut_and_comes_by_tcp(dns: Names) -> None:
    dns.upstream()
    assert dns.ask("long.example.com", "TXT")["cut"]
    assert dns.ask("long.example.com", "TXT", tcp=True)["size"] > 2000


def test_a_silent_upstream_is_a_server_failure(dns: Names) -> None:
    hole = "import socket, time; s=socket.socket(2, 2); s.bind(('', 53)); time.sleep(600)"
    dns.isp.start(sys.executable, "-c", hole)
    assert dns.ask("www.example.com")["code"] == "SERVFAIL"


def test_an_upstream_that_is_not_there_is_a_server_failure(dns: Names) -> None:
    assert dns.ask("www.example.com")["code"] == "SERVFAIL"


def test_an_upstream_that_comes_back_is_used_again(dns: Names) -> None:
    assert dns.ask("www.example.com")["code"] == "SERVFAIL"
    dns.upstream()
    until(lambda: dns.answers("www.example.com") == ["203.0.113.5"], "forwarding works again")


def test_any_is_refused(dns: Names) -> None:
    assert dns.ask("nixie.lan", "ANY")["code"] == "REFUSED"


def test_an_update_is_not_implemented(dns: Names) -> None:
    assert dns.ask("nixie.lan", "A", "update")["code"] == "NOTIMP"


def test_edns_is_answered_with_edns_and_only_then(dns: Names) -> None:
    assert dns.ask("nixie.lan", "A", "edns")["edns"] == [41]
    assert dns.ask("nixie.lan")["edns"] == []


def test_a_client_of_no_network_of_ours_is_refused(dns: Names) -> None:
    dns.lan.run("ip", "addr", "add", "172.20.0.9/24", "dev", "eth0")
    dns.inside.run("ip", "route", "add", "172.20.0.0/24", "dev", "br-lan")
    dns.lan.run("ip", "route", "add", "10.77.0.1", "dev", "eth0", "src", "172.20.0.9")
    assert dns.ask("nixie.lan")["code"] == "REFUSED"


def test_names_go_on_when_every_database_is_gone(dns: Names) -> None:
    for path in dns.state.glob("*.db*"):
        path.unlink()
    assert dns.answers("printer.lan") == ["10.77.0.7"]


def test_a_new_upstream_is_asked_from_now_on(dns: Names) -> None:
    dns.upstream()
    dns.isp.run("ip", "addr", "add", "192.0.2.9/24", "dev", "eth0")
    dns.publish(asking("192.0.2.77"))
    until(lambda: dns.ask("www.example.com")["code"] == "SERVFAIL", "the old one is left")
    dns.publish(asking("192.0.2.9"))
    until(lambda: dns.answers("www.example.com") == ["203.0.113.5"], "the new one answers")


def test_a_forged_answer_to_another_question_is_not_taken(dns: Names) -> None:
    forger = """
import socket, dnslib
s = socket.socket(2, 2); s.bind(("", 53))
while True:
    data, client = s.recvfrom(4096)
    asked = dnslib.DNSRecord.parse(data)
    for name, address in (("other.example.com.", "6.6.6.6"), (asked.q.qname, "203.0.113.5")):
        head = dnslib.DNSHeader(id=asked.header.id, qr=1)
        said = dnslib.DNSRecord(head, q=dnslib.DNSQuestion(name))
        said.add_answer(dnslib.RR(asked.q.qname, rdata=dnslib.A(address), ttl=60))
        s.sendto(said.pack(), client)
"""
    dns.isp.start(sys.executable, "-c", forger)
    until(lambda: dns.answers("www.example.com") == ["203.0.113.5"], "the true answer is taken")


def test_many_who_ask_the_same_are_one_question_upstream(dns: Names) -> None:
    dns.upstream()
    flood = """
import socket, sys, dnslib
asked = [dnslib.DNSRecord.question("www.example.com") for _ in range(50)]
s = socket.socket(2, 2); s.settimeout(60)
for one in asked: s.sendto(one.pack(), ("10.77.0.1", 53))
heard = {dnslib.DNSRecord.parse(s.recv(4096)).header.id for _ in asked}
print(heard == {one.header.id for one in asked})
"""
    assert dns.lan.python(flood).strip() == "True"
    assert dns.upstream_heard("www.example.com") == 1


def test_noise_leaves_it_answering(dns: Names) -> None:
    noise = """
import random, socket
s = socket.socket(2, 2); dice = random.Random(5)
for n in range(3000): s.sendto(dice.randbytes(dice.randrange(80)), ("10.77.0.1", 53))
"""
    dns.publish(asking("192.0.2.1", queries_per_second=1_000_000))
    dns.lan.python(noise)
    until(lambda: dns.answers("nixie.lan") == ["10.77.0.1"], "what was thrown at it is read")
    assert dns.role.poll() is None


def test_noise_by_tcp_leaves_it_answering(dns: Names) -> None:
    noise = """
import random, socket
dice = random.Random(6)
for n in range(300):
    with socket.create_connection(("10.77.0.1", 53), 60) as s:
        body = dice.randbytes(dice.randrange(80))
        length = dice.choice((len(body), len(body) + 9, 0, 65535, max(len(body) - 3, 0)))
        s.sendall(length.to_bytes(2) + body)
"""
    dns.publish(asking("192.0.2.1", queries_per_second=1_000_000))
    dns.lan.python(noise)
    until(lambda: dns.answers("nixie.lan") == ["10.77.0.1"], "what was thrown at it is read")
    assert dns.ask("nixie.lan", tcp=True)["answers"] == ["10.77.0.1"]
    assert dns.role.poll() is None


def test_an_idle_stream_does_not_keep_others_from_asking(dns: Names) -> None:
    held = "import socket, time\n" + (
        "every = [socket.create_connection(('10.77.0.1', 53)) for _ in range(60)]\n"
        "print('up', flush=True); time.sleep(600)"
    )
    child = subprocess.Popen(
        ["ip", "netns", "exec", dns.lan.name, sys.executable, "-c", held], stdout=subprocess.PIPE
    )
    try:
        assert child.stdout
        assert child.stdout.readline() == b"up\n"
        assert dns.ask("nixie.lan", tcp=True)["answers"] == ["10.77.0.1"]
    finally:
        child.kill()
        child.wait()


@pytest.fixture
def dig(dns: Names) -> Callable[..., str]:
    """BIND's own client, which complains about what it finds odd."""
    if shutil.which("dig") is None:
        pytest.skip("dig is not here; install bind9-dnsutils")
    return lambda *words: dns.lan.run("dig", "@10.77.0.1", "+tries=1", "+time=8", *words)


def test_dig_finds_nothing_odd_in_our_answers(dns: Names, dig: Callable[..., str]) -> None:
    dns.upstream()
    for words in (
        ("nixie.lan",),
        ("nixie.lan", "AAAA"),
        ("nobody.lan",),
        ("-x", "10.77.0.7"),
        ("lan", "SOA"),
        ("www.example.com",),
        ("www.example.com", "+dnssec", "+nsid"),
        ("nobody.example.com",),
        ("long.example.com", "TXT"),
        ("long.example.com", "TXT", "+tcp"),
        ("nixie.lan", "+tcp", "+keepopen", "printer.lan"),
    ):
        said = dig(*words)
        assert "status: NO" in said or "status: NXDOMAIN" in said
        for odd in ("bad packet", "WARNING", "Warning", "mismatch", "malformed", "extra bytes"):
            assert odd not in said, said


def test_dig_is_told_of_an_edns_version_nobody_knows(dig: Callable[..., str]) -> None:
    assert "status: BADVERS" in dig("nixie.lan", "+edns=7", "+noednsnegotiation")


def test_dig_repeats_by_tcp_what_was_cut(dns: Names, dig: Callable[..., str]) -> None:
    dns.upstream()
    assert dig("long.example.com", "TXT", "+short").count("x" * 200) == 10


def counts(dns: Names) -> dict[str, int]:
    """What the role said last of what it did."""
    with closing(names.opened(dns.state / "dns.db")) as own:
        found = names.standing(own)
    return dict(found.counts) if found else {}


def test_what_was_asked_once_is_not_held_as_a_whole_answer(dns: Names) -> None:
    dns.upstream()
    dns.answers("first.example.com")
    until(lambda: counts(dns).get("forwarded") == 1, "the role told of what was before")
    before = counts(dns)
    for _ in range(3):
        dns.answers("www.example.com")
    until(lambda: counts(dns)["asked"] == before["asked"] + 3, "the role told of it")
    assert counts(dns)["repeated"] == before["repeated"] + 1


def test_a_flood_of_new_names_is_answered_to_the_last(dns: Names) -> None:
    dns.upstream("--address=/flood.example/203.0.113.9")
    said = dns.lan.python(FLOOD_OF_NAMES).split()
    assert said == ["400", "400"]


FLOOD_OF_NAMES = """
import socket, dnslib
s = socket.socket(2, 2); s.settimeout(60); s.setsockopt(1, 8, 1 << 20)
heard = set()
for first in range(0, 400, 50):
    for number in range(first, first + 50):
        asked = dnslib.DNSRecord.question(f"n{number}.flood.example")
        asked.header.id = number
        s.sendto(bytes(asked.pack()), ("10.77.0.1", 53))
    for _ in range(50):
        reply = dnslib.DNSRecord.parse(s.recv(512))
        if str(reply.rr[0].rdata) == "203.0.113.9":
            heard.add((reply.header.id, str(reply.q.qname)))
print(len(heard), sum(name == f"n{number}.flood.example." for number, name in heard))
"""
