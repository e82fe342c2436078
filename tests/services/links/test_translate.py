from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from appliance.model.firewall import EVERYWHERE, EVERYWHERE_SIX
from appliance.plan.links import MARK, Link
from appliance.plan.routes import ON_THE_CABLE_SIX, PROTOCOL, Route
from services.links.translate import address_of, link_of, route_of, with_own_macs

NAMES = {3: "br-lan", 4: "eth0"}
ROUTE = {
    "family": 2,
    "type": 1,
    "proto": PROTOCOL,
    "table": 254,
    "gateway": "192.0.2.1",
    "oif": 4,
    "dst_len": 0,
}


def test_a_bridge_that_is_up() -> None:
    message = {"flags": 0x1003, "linkinfo": {"kind": "bridge"}}
    assert link_of(message, NAMES) == Link(bridge=True, up=True)


def test_a_bridge_that_takes_frames_without_a_tag_only() -> None:
    data = {"br_vlan_filtering": 1}
    message = {"flags": 0x1003, "linkinfo": {"kind": "bridge", "data": data}}
    assert link_of(message, NAMES) == Link(bridge=True, up=True, untagged=True)


TAG = {"flags": 0x1003, "link": 4, "group": MARK}
VLAN = {"kind": "vlan", "data": {"vlan_id": 7}}


def test_a_tag_of_ours() -> None:
    found = link_of({**TAG, "linkinfo": VLAN}, NAMES)
    assert found == Link(bridge=False, up=True, parent="eth0", vlan=7)


def test_a_tag_of_somebody_else_is_a_link_like_any_other() -> None:
    found = link_of({**TAG, "group": 0, "linkinfo": VLAN}, NAMES)
    assert found == Link(bridge=False, up=True)


def test_the_own_mac_of_a_tag_is_that_of_its_port() -> None:
    tag = Link(bridge=False, up=True, mac="02:00:00:00:00:99", parent="eth0", vlan=7)
    card = Link(bridge=False, up=True, mac="52:54:00:00:00:01", own_mac="52:54:00:00:00:01")
    found = with_own_macs({"eth0": card, "eth0.7": tag})
    assert (found["eth0"], found["eth0.7"].own_mac) == (card, card.mac)


def test_a_port_that_is_down_in_its_bridge() -> None:
    assert link_of({"flags": 0x1002, "master": 3}, NAMES) == Link(
        bridge=False, up=False, master="br-lan"
    )


def test_an_address_with_its_prefix() -> None:
    message = {"local": "10.77.0.1", "address": "10.77.0.1", "prefixlen": 24}
    assert address_of(message) == IPv4Interface("10.77.0.1/24")


def test_on_a_point_to_point_link_the_local_end_is_ours() -> None:
    message = {"local": "10.0.0.2", "address": "10.0.0.1", "prefixlen": 32}
    assert address_of(message) == IPv4Interface("10.0.0.2/32")


def test_a_default_route_of_ours() -> None:
    found = route_of({**ROUTE, "priority": 20}, NAMES)
    assert found == Route(EVERYWHERE, IPv4Address("192.0.2.1"), "eth0", 20)


def test_a_route_to_a_network() -> None:
    found = route_of({**ROUTE, "dst": "10.9.0.0", "dst_len": 16}, NAMES)
    assert found
    assert found.destination == IPv4Network("10.9.0.0/16")


def test_an_ipv6_route_to_the_link_itself() -> None:
    found = route_of({**ROUTE, "family": 10, "gateway": None, "priority": 20}, NAMES)
    assert found == Route(EVERYWHERE_SIX, ON_THE_CABLE_SIX, "eth0", 20)


def test_a_route_that_leads_nowhere_is_none() -> None:
    nowhere = {**ROUTE, "family": 10, "type": 7, "dst": "2001:db8::", "dst_len": 56}
    assert route_of(nowhere, NAMES) is None


def test_a_route_with_somebody_elses_mark_is_not_ours() -> None:
    assert route_of({**ROUTE, "proto": 4}, NAMES) is None


def test_a_route_of_another_table_is_not_ours() -> None:
    assert route_of({**ROUTE, "table": 100}, NAMES) is None


def test_a_route_through_a_link_that_is_gone_is_not_seen() -> None:
    assert route_of({**ROUTE, "oif": 9}, NAMES) is None
