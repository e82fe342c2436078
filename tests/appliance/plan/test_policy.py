from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

from appliance.model.firewall import Ends, Ports, Rule
from appliance.model.policy import Line, lines
from appliance.plan.expression import Json
from appliance.plan.noted import BEFORE
from appliance.plan.policy import link, places, rules_of
from tests.appliance.model.firewall_home import HOME, ruled

BLOCK = Rule("block", "guest", "internet", "drop", protocol="tcp", ports=(Ports(25),))


def made(rule: Rule) -> tuple[Json, ...]:
    """What one rule of the owner becomes, but for what only notes."""
    config = ruled(rule)
    found = rules_of(config, its_line(rule))
    return tuple(one for one in found if not one["comment"].startswith(BEFORE))


def its_line(rule: Rule) -> Line:
    return next(one for one in lines(ruled(rule)) if one.id == f"rule:{rule.id}")


def left(rule: Json) -> list[object]:
    """What its matches look at."""
    return [part["match"]["left"] for part in rule["expr"] if "match" in part]


def test_the_internet_has_the_link_of_the_way_out() -> None:
    assert [link(HOME, one) for one in places(HOME)] == ["br-lan", "br-guest", "eth0"]


def test_without_a_way_out_there_is_no_internet() -> None:
    assert places(replace(HOME, wan=None)) == ("lan", "visitors")


def test_a_rule_of_the_owners_counts_what_it_decides() -> None:
    ((only),) = made(BLOCK)
    assert only["comment"] == "rule:block"
    assert only["expr"][-2:] == [{"counter": "rule-block"}, {"drop": None}]


def test_ends_of_two_families_never_meet() -> None:
    senders = Ends(v4=(IPv4Network("10.78.0.0/25"),))
    receivers = Ends(v6=(IPv6Network("2001:db8::/32"),))
    assert made(replace(BLOCK, senders=senders, receivers=receivers)) == ()


def test_senders_of_both_families_are_two_rules() -> None:
    senders = Ends(v4=(IPv4Network("10.78.0.0/25"),), v6=(IPv6Network("fd00::/64"),))
    assert len(made(replace(BLOCK, senders=senders))) == 2


def test_all_of_a_family_is_said_once() -> None:
    everybody = Ends(v4=(IPv4Network("0.0.0.0/0"),))
    (only,) = made(replace(BLOCK, senders=everybody))
    assert {"meta": {"key": "nfproto"}} in left(only)
    assert {"payload": {"protocol": "ip", "field": "saddr"}} not in left(only)
