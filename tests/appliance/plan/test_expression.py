from ipaddress import IPv4Network, IPv6Network

from appliance.model.firewall import Ports
from appliance.plan.expression import networks, one_of, ports


def test_a_set_of_one_is_the_value_itself() -> None:
    assert one_of(["eth0", "eth0"]) == "eth0"


def test_members_have_one_order_whatever_order_they_came_in() -> None:
    assert one_of(["b", "a"]) == one_of(["a", "b"]) == {"set": ["a", "b"]}


def test_ranges_that_touch_are_one() -> None:
    found = networks([IPv4Network("10.0.0.0/25"), IPv4Network("10.0.0.128/25")])
    assert found == {"prefix": {"addr": "10.0.0.0", "len": 24}}


def test_a_single_address_has_no_length() -> None:
    assert networks([IPv6Network("fd00::1/128")]) == "fd00::1"


def test_everything_of_a_family_is_no_match_at_all() -> None:
    assert networks([IPv4Network("0.0.0.0/0"), IPv4Network("10.0.0.0/8")]) is None


def test_ports_that_touch_are_one_range() -> None:
    assert ports([Ports(82), Ports(80, 81)]) == {"range": [80, 82]}


def test_a_port_inside_a_range_is_not_named_again() -> None:
    assert ports([Ports(80, 90), Ports(85)]) == {"range": [80, 90]}


def test_ports_apart_are_a_set() -> None:
    assert ports([Ports(443), Ports(80)]) == {"set": [443, 80]}
