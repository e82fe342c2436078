from dataclasses import replace

import pytest

from appliance.model.firewall import Ports, Rule
from appliance.model.outside import (
    Heard,
    Seen,
    Socket,
    exposed,
    from_json,
    reached_by,
    to_json,
    unexpected,
)
from tests.appliance.model.firewall_home import HOME, SSH, WAN, ruled

ADMIN = Socket("tcp", "0.0.0.0", 443, "br-lan", "web", 0)


def heard(port: int, address: str = "192.0.2.2", protocol: str = "tcp") -> tuple[Heard, ...]:
    return (Heard(protocol, address, port, "open"),)


@pytest.mark.parametrize("address", ["192.0.2.2", "10.77.0.1", "2001:db8::1", "fe80::6e78"])
def test_nothing_is_expected_to_answer(address: str) -> None:
    assert unexpected(HOME, heard(443, address), 0.0) == heard(443, address)


def test_a_forward_may_answer() -> None:
    forwarded = ruled(forwards=(SSH,))
    assert unexpected(forwarded, heard(2222), 0.0) == ()
    assert unexpected(forwarded, heard(2223), 0.0) == heard(2223)


def test_what_a_rule_lets_in_may_answer() -> None:
    rule = Rule("mine", "internet", "router", "accept", protocol="tcp", ports=(Ports(22),))
    assert unexpected(ruled(rule), heard(22), 0.0) == ()


def test_a_socket_on_the_internets_side_is_exposed() -> None:
    for link in ("", WAN.port):
        bare = replace(ADMIN, link=link)
        assert exposed(HOME, [bare]) == (bare,)


@pytest.mark.parametrize(
    "one",
    [
        ADMIN,
        Socket("udp", "127.0.0.1", 323, "", "chronyd", 61123),
        Socket("udp", "fe80::1", 546, WAN.port, "dhcpcd", 61122),
        Socket("tcp", "0.0.0.0", 22, "", "", 0),
    ],
    ids=["on a network", "on the box itself", "on purpose", "of somebody else"],
)
def test_other_sockets_are_not(one: Socket) -> None:
    assert exposed(HOME, [one]) == ()


def test_the_zones_that_may_ask_a_socket_are_told() -> None:
    names = Socket("udp", "0.0.0.0", 53, "", "dns", 0)
    assert reached_by(HOME, names, 0.0) == ("lan", "guest")
    assert reached_by(HOME, replace(names, address="::"), 0.0) == ("lan", "guest")
    assert reached_by(HOME, ADMIN, 0.0) == ("lan",)
    assert reached_by(HOME, replace(names, address="127.0.0.1"), 0.0) == ()


def test_a_look_is_read_as_it_was_written() -> None:
    seen = Seen(True, 412, ("192.0.2.2/24",), heard(443), (ADMIN,))
    assert from_json(to_json(seen)) == seen
