"""Which packets are marked."""

from dataclasses import replace

import pytest

from appliance.model.config import RouterConfig
from appliance.model.trace import Flow
from appliance.plan.expression import Json
from appliance.plan.trace import MARK, Chain, wanted
from tests.appliance.model.firewall_home import HOME, LAN

PORTS = replace(LAN, ports=("enp2s0",))
HOUSE = replace(HOME, networks=(PORTS, *HOME.networks[1:]))
FLOW = Flow("lan", ("10.77.0.9",), "internet", ("198.51.100.7",), "tcp", 443)


def chains(flow: Flow, config: RouterConfig = HOUSE) -> dict[tuple[str, str], Chain]:
    return {(one.family, one.hook): one for one in wanted(config, flow)}


def matched(rule: Json) -> dict[str, object]:
    """What a rule asks of a packet, by the words for it."""
    found = (part["match"] for part in rule["expr"] if "match" in part)
    return {words(one["left"]): one["right"] for one in found}


def words(left: Json) -> str:
    ((kind, said),) = left.items()
    if kind == "payload":
        return f"{said['protocol']} {said['field']}"
    return f"{kind} {said.get('key') or said['result']}"


def test_exactly_this_conversation_is_marked() -> None:
    (rule,) = chains(FLOW)["inet", "prerouting"].rules
    assert matched(rule) == {
        "meta iifname": "br-lan",
        "ip saddr": "10.77.0.9",
        "ip daddr": "198.51.100.7",
        "tcp dport": 443,
    }


def test_nothing_is_decided_and_no_more_than_a_few_a_second_are_marked() -> None:
    for chain in wanted(HOUSE, FLOW):
        for rule in chain.rules:
            rest = [part for part in rule["expr"] if "match" not in part]
            assert rest == [{"limit": {"rate": 5, "burst": 10, "per": "second"}}, MARK]


def test_packets_are_marked_before_any_rule_of_ours() -> None:
    assert chains(FLOW)["inet", "prerouting"].priority < -300
    assert chains(FLOW)["bridge", "prerouting"].priority < -300


def test_on_the_bridge_a_frame_comes_by_a_port_of_its_network() -> None:
    (rule,) = chains(FLOW)["bridge", "prerouting"].rules
    assert matched(rule)["meta iifname"] == "enp2s0"


def test_anybodys_frames_are_not_marked_on_the_bridge() -> None:
    assert ("bridge", "prerouting") not in chains(replace(FLOW, senders=()))


def test_a_device_is_marked_by_its_card_in_both_families() -> None:
    flow = replace(FLOW, senders=("52:54:00:00:00:05",), receivers=("10.1.1.1", "fd99::1"))
    four, six = chains(flow)["inet", "prerouting"].rules
    assert matched(four)["ether saddr"] == matched(six)["ether saddr"] == "52:54:00:00:00:05"
    assert (matched(four)["ip daddr"], matched(six)["ip6 daddr"]) == ("10.1.1.1", "fd99::1")


def test_addresses_of_two_families_never_meet_in_a_rule() -> None:
    assert chains(replace(FLOW, receivers=("fd99::1",)))["inet", "prerouting"].rules == ()


def test_anybody_in_the_internet_is_behind_the_way_out() -> None:
    (rule,) = chains(replace(FLOW, receivers=()))["inet", "prerouting"].rules
    assert matched(rule)["fib oifname"] == "eth0"


def test_the_router_is_whoever_has_an_address_of_it() -> None:
    (rule,) = chains(replace(FLOW, destination="router", receivers=()))["inet", "prerouting"].rules
    assert matched(rule)["fib type"] == "local"


def test_what_a_forward_sends_on_is_marked_once_it_has_its_address() -> None:
    (rule,) = chains(FLOW)["inet", "forward"].rules
    assert {"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}} in rule[
        "expr"
    ]


def test_a_ping_is_an_echo_of_either_family() -> None:
    flow = replace(FLOW, protocol="icmp", port=None, senders=(), receivers=())
    asked = [matched(one) for one in chains(flow)["inet", "prerouting"].rules]
    assert [one.get("icmp type") or one.get("icmpv6 type") for one in asked] == ["echo-request"] * 2


@pytest.mark.parametrize("changed", [{"source": "cellar"}, {"destination": "cellar"}])
def test_a_place_that_is_not_there_marks_nothing(changed: dict[str, str]) -> None:
    assert wanted(HOUSE, replace(FLOW, **changed)) == ()  # type: ignore[arg-type]


def test_without_a_way_out_there_is_no_internet() -> None:
    assert wanted(replace(HOUSE, wan=None), FLOW) == ()
