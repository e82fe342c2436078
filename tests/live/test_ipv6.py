"""IPv6 on the LAN by real programs: radvd announces, dhcpcd asks a provider, a kernel listens."""

import json
import sqlite3
import time
from contextlib import closing
from functools import partial
from ipaddress import IPv6Network

import pytest

from appliance.events import DriftRepaired, PrefixDelegated, PrefixGone
from appliance.model.ipv6 import eui64, joined
from appliance.store.verified import verified
from tests.live.net_room import NETWORK
from tests.live.six_room import SIX, ULA, Six, addresses, link_local, program, six
from tests.live.waiting import until

__all__ = ["program", "six"]

pytestmark = pytest.mark.live

ON_CABLE = ("dev", "eth0")
OLD, NEW = "2001:db8:42::/56", "2001:db8:77::/56"


def heard(six: Six, start: str, *, deprecated: bool = False) -> str:
    """Wait until the client has a usable address that starts so; that address."""

    def found() -> list[str]:
        mine = addresses(six.lan, "eth0")
        return [one for one, old in mine if one.startswith(start) and old == deprecated]

    return until(found, f"the client has an address in {start}")[0]


def delegated(six: Six, prefix: str = OLD) -> None:
    """The provider delegates a prefix, and the router has told its LAN."""
    six.delegate(prefix)
    six.apply(SIX)
    until(lambda: prefix in six.wholes(), f"{prefix} is delegated")


def test_a_client_gives_itself_an_address_of_our_own_prefix(six: Six) -> None:
    six.apply(SIX)
    heard(six, "fd12:3456:789a:0:")
    until(lambda: six.lan.reaches("fd12:3456:789a::1"), "it reaches the router")


def test_while_nothing_leads_out_we_are_no_default_router(six: Six) -> None:
    six.apply(SIX)
    heard(six, "fd12:3456:789a:0:")
    assert "default" not in six.lan.run("ip", "-6", "route")


def test_a_client_reaches_the_provider_from_a_delegated_address(six: Six) -> None:
    delegated(six)
    heard(six, "2001:db8:42:0:")
    until(lambda: six.six() == {"fd12:3456:789a::1", "2001:db8:42::1"}, "ours are there")
    six.announce()
    until(lambda: six.lan.reaches("2001:db8:ffff::1"), "it reaches the provider")


SOLICIT = """
import socket
from contextlib import suppress
from ipaddress import IPv6Address
asking = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
asking.settimeout(1)
said = b""
for _ in range(40):
    asking.sendto(bytes([133]) + bytes(7), ("ff02::2", 0, 0, socket.if_nametoindex("eth0")))
    with suppress(TimeoutError):
        while said[:1] != bytes([134]):
            said = asking.recv(1500)
        break
options = said[16:]
while options:
    size = options[1] * 8
    if options[0] == 25:
        print(*(IPv6Address(options[at : at + 16]) for at in range(8, size, 16)))
    options = options[size:]
"""
"""Asks for a router's advertisement; prints the name servers in it (RFC 8106 §5.1)."""


def test_a_client_is_told_who_answers_names(six: Six) -> None:
    six.apply(SIX)
    heard(six, "fd12:3456:789a:0:")
    assert six.lan.python(SOLICIT).split() == ["fd12:3456:789a::1"]


def test_names_are_answered_by_ipv6_alone(six: Six) -> None:
    delegated(six)
    heard(six, "fd12:3456:789a:0:")
    dig = ("dig", "+short", "+tries=5", "@fd12:3456:789a::1", "nixie.lan", "AAAA")
    ours = ["fd12:3456:789a::1", "2001:db8:42::1"]
    until(lambda: six.lan.run(*dig).split() == ours, "its name has both addresses")
    assert six.lan.run(*dig, "+tcp").split() == ours


OUT = {"destination": "2001:db8:ffff::/48", "gateway": "fe80::1%internet"}


def test_a_name_is_asked_of_a_server_behind_an_ipv6_route(six: Six) -> None:
    six.isp.run("ip", "addr", "add", "fe80::1/64", "dev", "eth0", "nodad")
    six.isp.start(
        *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"),
        *("--pid-file=", "--user=root", "--host-record=www.example.com,203.0.113.5"),
    )
    six.apply({**SIX, "routes": [OUT], "dns": {"upstreams": [{"address": "2001:db8:ffff::1"}]}})
    six.isp.run("ip", "-6", "route", "add", ULA, "via", link_local(six.inside, "up0"), *ON_CABLE)
    heard(six, "fd12:3456:789a:0:")
    dig = ("dig", "+short", "+tries=5", "@fd12:3456:789a::1", "www.example.com")
    until(lambda: six.lan.run(*dig).split() == ["203.0.113.5"], "the name is answered")


def test_names_are_not_answered_to_the_internet_side_by_ipv6(six: Six) -> None:
    delegated(six)
    listed = six.inside.run("ss", "-lnuH6", "sport = :53")
    assert "%br-lan" in listed
    assert "%up0" not in listed


def test_nobody_outside_begins_a_flow_to_a_device(six: Six) -> None:
    delegated(six)
    address = heard(six, "2001:db8:42:0:")
    six.announce()
    until(lambda: six.lan.reaches("2001:db8:ffff::1"), "it reaches the provider")
    assert not six.isp.reaches(address)


def test_delegated_addresses_that_no_network_has_lead_nowhere(six: Six) -> None:
    delegated(six)
    assert "unreachable 2001:db8:42::/56" in six.inside.run("ip", "-6", "route")


def test_the_internet_side_hears_no_advertisement(six: Six) -> None:
    six.isp.run("sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=2")
    delegated(six)
    heard(six, "2001:db8:42:0:")
    assert six.isp.run("ip", "-6", "route", "show", "proto", "ra") == ""


def test_another_prefix_takes_the_old_one_back_at_once(six: Six) -> None:
    delegated(six)
    heard(six, "2001:db8:42:0:")
    six.delegate(NEW)
    six.ask_again()
    heard(six, "2001:db8:77:0:")
    heard(six, "2001:db8:42:0:", deprecated=True)
    until(lambda: six.six() == {"fd12:3456:789a::1", "2001:db8:77::1"}, "ours are there")
    assert [one.prefix for one in six.told(PrefixGone)] == [OLD]
    assert [one.prefix for one in six.told(PrefixDelegated)] == [OLD, NEW]


def test_a_prefix_that_changed_during_a_power_cut_is_taken_back(six: Six) -> None:
    delegated(six)
    heard(six, "2001:db8:42:0:")
    six.kill()
    six.forget()
    six.delegate(NEW)
    six.start()
    heard(six, "2001:db8:77:0:")
    heard(six, "2001:db8:42:0:", deprecated=True)
    until(lambda: six.six() == {"fd12:3456:789a::1", "2001:db8:77::1"}, "ours are there")


NUMBERED = {**SIX, "networks": [{**NETWORK, "ipv6": {"subnet": 7}}]}


@pytest.fixture
def tried(six: Six) -> str:
    """The LAN's number is on trial; the address that a client has from before."""
    delegated(six)
    heard(six, "fd12:3456:789a:0:")
    six.on_trial(NUMBERED)
    heard(six, "fd12:3456:789a:7:")
    return heard(six, "fd12:3456:789a:0:", deprecated=True)


def asks_from(six: Six, address: str) -> list[str]:
    """Who the router is, asked at its old address from one of the client's."""
    dig = ("dig", "+short", "+tries=5", "-b", address, "@fd12:3456:789a::1", "nixie.lan", "AAAA")
    return six.lan.run(*dig).split()


def test_during_a_trial_names_are_answered_at_the_old_ipv6_address(six: Six, tried: str) -> None:
    until(lambda: len(six.six()) == 4, "both have their IPv6 addresses")
    assert six.six() >= {"fd12:3456:789a::1", "2001:db8:42::1"}
    assert asks_from(six, tried) == ["fd12:3456:789a:7::1", "2001:db8:42:7::1"]
    assert "fd12:3456:789a::/64 dev eth0" in six.lan.run("ip", "-6", "route")


def test_after_keep_the_old_ipv6_addresses_are_gone(six: Six, tried: str) -> None:
    assert asks_from(six, tried)
    row = six.trial()
    assert row
    six.wish("keep", change=row[0])
    until(lambda: six.six() == {"fd12:3456:789a:7::1", "2001:db8:42:7::1"}, "they are gone")
    assert six.told(DriftRepaired) == []


def test_after_an_undo_the_old_ipv6_addresses_are_the_only_ones(six: Six, tried: str) -> None:
    assert asks_from(six, tried)
    row = six.trial()
    assert row
    six.wish("undo", change=row[0], by="ada")
    until(lambda: six.six() == {"fd12:3456:789a::1", "2001:db8:42::1"}, "they are back")
    heard(six, "fd12:3456:789a:0:")
    heard(six, "fd12:3456:789a:7:", deprecated=True)


def test_a_router_that_is_switched_off_says_so(six: Six) -> None:
    delegated(six)
    heard(six, "2001:db8:42:0:")
    until(lambda: "default" in six.lan.run("ip", "-6", "route"), "we are the default router")
    six.stop()
    until(lambda: "default" not in six.lan.run("ip", "-6", "route"), "we are no router any more")


ASK = """
import sys
sys.path.insert(0, sys.argv[1])
import dnslib
asked = dnslib.DNSRecord.question(sys.argv[2], sys.argv[3])
told = dnslib.DNSRecord.parse(asked.send("fd12:3456:789a::1", ipv6=True, timeout=60))
print(*(str(one.rdata) for one in told.rr))
"""


def named(six: Six) -> str:
    """The LAN has a tablet with a fixed address; the IPv6 address that it makes of its MAC."""
    six.lan.run("sysctl", "-qw", "net.ipv6.conf.eth0.use_tempaddr=2")  # RFC 8981, too
    mac = json.loads(six.lan.run("ip", "-j", "link", "show", "eth0"))[0]["address"]
    tablet = {"mac": mac, "address": "10.77.0.50", "name": "tablet"}
    network = {**NETWORK, "ipv6": {}, "dhcp": {**NETWORK["dhcp"], "reservations": [tablet]}}
    six.apply(SIX | {"networks": [network]})
    return str(joined(IPv6Network("fd12:3456:789a::/64"), eui64(mac)))


def test_a_device_is_found_by_the_address_that_it_made_of_its_mac(six: Six) -> None:
    own = named(six)
    until(lambda: own in [one for one, _ in addresses(six.lan, "eth0")], "it has its address")
    asked = partial(six.lan.python, ASK, str(six.program), "tablet.lan", "AAAA")
    until(lambda: own in asked(), "it is found by it", 150)  # net asks every two minutes
    assert asked().split() == [own]


def test_a_device_that_says_nothing_is_found_within_seconds_of_its_arrival(six: Six) -> None:
    six.lan.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
    own = named(six)
    time.sleep(12)  # net has looked twice, and asked in vain
    six.lan.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0")

    def answered() -> bool:
        with closing(sqlite3.connect(f"file:{six.state}/net.db?mode=ro", uri=True)) as file:
            return own in [str(address) for _, address in verified(file)]

    until(answered, "it answered there")
