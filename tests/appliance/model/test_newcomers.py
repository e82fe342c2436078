from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from appliance.model.config import RouterConfig
from appliance.model.firewall import Rule
from appliance.model.newcomers import QUARANTINE
from appliance.model.policy import lines
from appliance.model.reachability import Packet, Verdict, matrix, verdict
from tests.appliance.model.firewall_home import GUEST, HOME, LAN, NAS

HOLDS = replace(HOME, networks=(replace(LAN, newcomers=QUARANTINE), GUEST))
NEW, OLD = "52:54:00:00:00:77", "52:54:00:00:00:78"
ADMITTED = {"lan": frozenset({OLD})}
CHOSEN = Packet(
    "lan", "internet", ip_address("10.77.0.150"), ip_address("198.51.100.7"), "tcp", 443
)


def judged(mac: str | None, config: RouterConfig = HOLDS, **changed: Any) -> Verdict:
    return verdict(config, replace(CHOSEN, mac=mac, **changed), 0.0, ADMITTED)


def test_a_newcomer_does_not_get_out() -> None:
    assert judged(NEW) == Verdict(False, "newcomers-lan")


def test_who_was_let_in_does() -> None:
    assert judged(OLD).accepted


def test_by_ipv6_neither() -> None:
    six: dict[str, Any] = {"sender": ip_address("fd77::150"), "receiver": ip_address("2001:db8::7")}
    assert judged(NEW, **six) == Verdict(False, "newcomers-lan")


def test_a_newcomer_reaches_no_other_network() -> None:
    assert not judged(NEW, destination="visitors", receiver=ip_address("10.78.0.20")).accepted


@pytest.mark.parametrize(
    ("protocol", "port"), [("udp", 53), ("tcp", 53), ("udp", 67), ("udp", 123)]
)
def test_a_newcomer_gets_what_it_needs_to_wait(protocol: str, port: int) -> None:
    asked: dict[str, Any] = {"destination": "router", "receiver": LAN.address.ip}
    assert judged(NEW, protocol=protocol, port=port, **asked).accepted


@pytest.mark.parametrize(
    ("protocol", "port"), [("tcp", 443), ("tcp", 80), ("udp", 69), ("tcp", 22)]
)
def test_a_newcomer_gets_nothing_else_of_the_router(protocol: str, port: int) -> None:
    asked: dict[str, Any] = {"destination": "router", "receiver": LAN.address.ip}
    found = judged(NEW, protocol=protocol, port=port, **asked)
    assert found == Verdict(False, "newcomers-lan")


def test_no_rule_lets_a_newcomer_out() -> None:
    let = Rule("let", "lan", "internet", "accept")
    assert not judged(NEW, replace(HOLDS, rules=(let,))).accepted


def test_on_other_networks_nobody_waits() -> None:
    guest = {"source": "visitors", "sender": ip_address("10.78.0.150")}
    assert judged(NEW, replace(HOME, zones=HOLDS.zones), **guest).by != "newcomers-visitors"


def test_who_is_nobody_in_particular_is_no_newcomer() -> None:
    assert judged(None) == judged(OLD)


def test_the_matrix_names_new_devices() -> None:
    (cell,) = [
        one
        for one in matrix(HOLDS)
        if (one.source, one.destination, one.family) == ("lan", "internet", 4)
    ]
    assert "new devices" in cell.words


def test_a_network_that_tells_has_no_such_line() -> None:
    assert not [line for line in lines(HOME) if line.id.startswith("newcomers")]


def test_a_fixed_address_alone_is_not_asked_here() -> None:
    """Who is admitted is said by `net`; the model obeys."""
    assert not judged(NAS.mac).accepted


def test_a_newcomer_does_not_reach_its_own_network() -> None:
    own: dict[str, Any] = {"destination": "lan", "receiver": ip_address("10.77.0.20")}
    assert judged(NEW, **own) == Verdict(False, "newcomers-lan")
    assert judged(OLD, **own).accepted
