from typing import Any

import pytest

from appliance.model import read
from appliance.model.check import problems
from appliance.model.config import SCHEMA

Change = dict[str, Any]

POOL = {"first": "10.77.0.100", "last": "10.77.0.199"}
LAN: Change = {
    "name": "lan",
    "bridge": "br-lan",
    "ports": ["eth1"],
    "address": "10.77.0.1/24",
    "dhcp": {"pool": POOL},
}
GUEST: Change = {
    "name": "guest",
    "bridge": "br-guest",
    "ports": ["eth2"],
    "address": "10.78.0.1/24",
}
STATIC = {"address": "192.0.2.2/24", "gateway": "192.0.2.1"}
WAN = {"port": "eth0", "static": STATIC}
MAC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"


def found(**changes: Any) -> list[tuple[tuple[str | int, ...], str]]:
    config = read.config({"networks": [LAN, GUEST], "wan": WAN, "schema": SCHEMA, **changes})
    return [(problem.where, problem.what) for problem in problems(config)]


def reserved(*rows: Change, **dhcp: Any) -> list[Change]:
    return [{**LAN, "dhcp": {"pool": POOL, "reservations": list(rows), **dhcp}}, GUEST]


def one(mac: str, address: str, name: str | None = None) -> Change:
    return {"mac": mac, "address": address, "name": name}


def by_six(address: str) -> Change:
    """Where a network has IPv6, a name server with that address."""
    return {"networks": [{**LAN, "ipv6": {}}], "dns": {"upstreams": [{"address": address}]}}


def test_a_sound_config_has_no_problems() -> None:
    rows = reserved(one(MAC, "10.77.0.7", "printer"), one(OTHER, "10.77.0.150"))
    servers = [{"address": one} for one in ("9.9.9.9", "127.0.0.1", "::1")]
    assert found(networks=rows, dns={"upstreams": servers}) == []
    assert found(**by_six("2620:fe::fe")) == []


FIRST = ("networks", 0)
SECOND = ("networks", 1)
ROWS = (*FIRST, "dhcp", "reservations")

CASES: dict[str, tuple[Change, tuple[str | int, ...], str]] = {
    "two networks of one name": (
        {"networks": [LAN, {**GUEST, "name": "lan"}]},
        (*SECOND, "name"),
        "Two networks are called lan.",
    ),
    "one bridge for two networks": (
        {"networks": [LAN, {**GUEST, "bridge": "br-lan"}]},
        (*SECOND, "bridge"),
        "br-lan is used twice",
    ),
    "one port in two networks": (
        {"networks": [LAN, {**GUEST, "ports": ["eth1"]}]},
        (*SECOND, "ports", 0),
        "eth1 is used twice",
    ),
    "the internet port in a network": (
        {"wan": {**WAN, "port": "eth1"}},
        ("wan", "port"),
        "eth1 is used twice",
    ),
    "a bridge with a sysctl word for a name": (
        {"networks": [LAN, {**GUEST, "bridge": "all"}]},
        (*SECOND, "bridge"),
        "the kernel keeps for itself",
    ),
    "overlapping subnets": (
        {"networks": [LAN, {**GUEST, "address": "10.77.0.129/25"}]},
        (*SECOND, "address"),
        "10.77.0.128/25 of guest overlaps 10.77.0.0/24 of lan",
    ),
    "a subnet that overlaps the internet side": (
        {"networks": [LAN, {**GUEST, "address": "192.0.2.9/28"}]},
        ("wan", "static", "address"),
        "192.0.2.0/24 of the internet port overlaps 192.0.2.0/28 of guest",
    ),
    "a network address for a router": (
        {"networks": [LAN, {**GUEST, "address": "10.78.0.0/24"}]},
        (*SECOND, "address"),
        "take 10.78.0.1",
    ),
    "a broadcast address for a router": (
        {"networks": [LAN, {**GUEST, "address": "10.78.0.255/24"}]},
        (*SECOND, "address"),
        "not a host in it",
    ),
    "a subnet too small": (
        {"networks": [LAN, {**GUEST, "address": "10.78.0.1/31"}]},
        (*SECOND, "address"),
        "/31 is no size",
    ),
    "a multicast router": (
        {"networks": [LAN, {**GUEST, "address": "224.0.1.1/24"}]},
        (*SECOND, "address"),
        "cannot be the address of a router",
    ),
    "a loopback router": (
        {"networks": [LAN, {**GUEST, "address": "127.0.0.1/24"}]},
        (*SECOND, "address"),
        "cannot be the address of a router",
    ),
    "a pool outside its subnet": (
        {"networks": [{**LAN, "dhcp": {"pool": {**POOL, "last": "10.77.1.9"}}}]},
        (*FIRST, "dhcp", "pool", "last"),
        "10.77.1.9 of the pool is not a host address in 10.77.0.0/24",
    ),
    "a pool with the broadcast address": (
        {"networks": [{**LAN, "dhcp": {"pool": {**POOL, "last": "10.77.0.255"}}}]},
        (*FIRST, "dhcp", "pool", "last"),
        "10.77.0.255 of the pool",
    ),
    "a pool with the router in it": (
        {"networks": [{**LAN, "dhcp": {"pool": {"first": "10.77.0.1", "last": "10.77.0.9"}}}]},
        (*FIRST, "dhcp", "pool"),
        "the router's own address",
    ),
    "a reservation outside its subnet": (
        {"networks": reserved(one(MAC, "10.78.0.7"))},
        (*ROWS, 0, "address"),
        "not a host address in 10.77.0.0/24",
    ),
    "a reservation of the router's address": (
        {"networks": reserved(one(MAC, "10.77.0.1"))},
        (*ROWS, 0, "address"),
        "the router's own address",
    ),
    "an address reserved twice": (
        {"networks": reserved(one(MAC, "10.77.0.7"), one(OTHER, "10.77.0.7"))},
        (*ROWS, 1, "address"),
        "10.77.0.7 is reserved twice",
    ),
    "a device with two reservations": (
        {"networks": reserved(one(MAC, "10.77.0.7"), one(MAC, "10.77.0.8"))},
        (*ROWS, 1, "mac"),
        "has two reservations",
    ),
    "a name for two devices": (
        {"networks": reserved(one(MAC, "10.77.0.7", "tv"), one(OTHER, "10.77.0.8", "tv"))},
        (*ROWS, 1, "name"),
        f"tv is already the name of {MAC}",
    ),
    "a device with the router's name": (
        {"networks": reserved(one(MAC, "10.77.0.7", "nixie"))},
        (*ROWS, 0, "name"),
        "nixie is the router's own name",
    ),
    "a device with a name that redirects others": (
        {"networks": reserved(one(MAC, "10.77.0.7", "wpad"))},
        (*ROWS, 0, "name"),
        "no device may have",
    ),
    "an option of the protocol": (
        {"networks": reserved(options=[{"code": 54, "value": "0a4d0001"}])},
        (*FIRST, "dhcp", "options", 0, "code"),
        "option 54 is the server's address",
    ),
    "an option given twice": (
        {"networks": reserved(options=[{"code": 42, "value": "00"}] * 2)},
        (*FIRST, "dhcp", "options", 1, "code"),
        "option 42 is given twice",
    ),
    "a gateway out of reach": (
        {"wan": {**WAN, "static": {**STATIC, "gateway": "198.51.100.1"}}},
        ("wan", "static", "gateway"),
        "is not in 192.0.2.0/24",
    ),
    "a MAC of several cards": (
        {"wan": {**WAN, "mac": "01:00:5e:00:00:01"}},
        ("wan", "mac"),
        "no address of one card",
    ),
    "a gateway that is the router": (
        {"wan": {**WAN, "static": {**STATIC, "gateway": "192.0.2.2"}}},
        ("wan", "static", "gateway"),
        "the router's own address",
    ),
    "an upstream that is the router": (
        {"dns": {"upstreams": [{"address": "10.77.0.1"}]}},
        ("dns", "upstreams", 0, "address"),
        "round in a circle",
    ),
    "an upstream that is no host": (
        {"dns": {"upstreams": [{"address": "224.0.0.1"}]}},
        ("dns", "upstreams", 0, "address"),
        "cannot be a name server",
    ),
    "an upstream that is asked already": (
        {"dns": {"upstreams": [{"address": "9.9.9.9"}, {"address": "9.9.9.9"}]}},
        ("dns", "upstreams", 1, "address"),
        "asked once already",
    ),
    "an upstream that is the router by IPv6": (
        {"ula": "fd12:3456:789a::/48", **by_six("fd12:3456:789a::1")},
        ("dns", "upstreams", 0, "address"),
        "round in a circle",
    ),
    "an upstream that is good on one link": (
        by_six("fe80::1"),
        ("dns", "upstreams", 0, "address"),
        "fe80::1 is good on one link only; write an address that is good everywhere, like",
    ),
    "an upstream that names a network": (
        by_six("2620:fe::fe%lan"),
        ("dns", "upstreams", 0, "address"),
        "is good on one link only",
    ),
    "an upstream that is IPv4 in other clothes": (
        by_six("::ffff:9.9.9.9"),
        ("dns", "upstreams", 0, "address"),
        "cannot be a name server",
    ),
    "an upstream for many": (
        by_six("ff02::fb"),
        ("dns", "upstreams", 0, "address"),
        "cannot be a name server",
    ),
    "an upstream by IPv6 where nothing has IPv6": (
        {"dns": {"upstreams": [{"address": "2620:fe::fe"}]}},
        ("dns", "upstreams", 0, "address"),
        "No network has IPv6, so the router has no way to 2620:fe::fe",
    ),
    "a forwarding to nobody": (
        {"dns": {"forwardings": [{"domain": "corp.example", "upstreams": []}]}},
        ("dns", "forwardings", 0, "upstreams"),
        "Nobody is named",
    ),
    "a forwarding of our own domain": (
        {"dns": {"forwardings": [{"domain": "lan", "upstreams": [{"address": "10.9.9.9"}]}]}},
        ("dns", "forwardings", 0, "domain"),
        "own domain",
    ),
    "a forwarding to the router": (
        {"dns": {"forwardings": [{"domain": "a.b", "upstreams": [{"address": "10.77.0.1"}]}]}},
        ("dns", "forwardings", 0, "upstreams", 0, "address"),
        "round in a circle",
    ),
    "a record with a value of another kind": (
        {"dns": {"records": [{"name": "nas", "kind": "A", "value": "fd00::9"}]}},
        ("dns", "records", 0, "value"),
        "write it like 10.77.0.9",
    ),
    "a record whose number is too large": (
        {"dns": {"records": [{"name": "a.b", "kind": "MX", "value": "65536 c.d"}]}},
        ("dns", "records", 0, "value"),
        "write it like 10 mail.lan",
    ),
    "a record that takes the router's name": (
        {"dns": {"records": [{"name": "nixie", "kind": "A", "value": "10.77.0.9"}]}},
        ("dns", "records", 0, "name"),
        "the router's own name",
    ),
    "an alias beside another record": (
        {
            "dns": {
                "records": [
                    {"name": "nas", "kind": "CNAME", "value": "box.lan"},
                    {"name": "nas.lan", "kind": "A", "value": "10.77.0.9"},
                ]
            }
        },
        ("dns", "records", 0, "name"),
        "no second record",
    ),
    "the same record twice": (
        {"dns": {"records": [{"name": "nas", "kind": "TXT", "value": "x"}] * 2}},
        ("dns", "records", 1),
        "there twice",
    ),
    "a domain that belongs to mDNS": (
        {"domain": "local"},
        ("domain",),
        "take lan",
    ),
    "a domain with an empty label": (
        {"domain": "a..b"},
        ("domain",),
        "take lan",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_problem_has_its_place_and_a_sentence(case: str) -> None:
    changes, place, sentence = CASES[case]
    ((where, what),) = found(**changes)
    assert where == place
    assert sentence in what
    assert what.endswith(".")


def test_one_device_may_have_one_name_on_two_networks() -> None:
    pool = {"first": "10.78.0.100", "last": "10.78.0.199"}
    both = {**GUEST, "dhcp": {"pool": pool, "reservations": [one(MAC, "10.78.0.7", "tv")]}}
    assert found(networks=[reserved(one(MAC, "10.77.0.7", "tv"))[0], both]) == []
