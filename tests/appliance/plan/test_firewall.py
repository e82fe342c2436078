from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from appliance.model.config import Network, RouterConfig
from appliance.model.firewall import Ends, Rule, StaticRoute
from appliance.plan.expression import rule
from appliance.plan.firewall import Chain, DropTable, Hook, Refill, State, steps, wanted
from appliance.plan.noted import BEFORE
from tests.appliance.model.firewall_home import GUEST, HOME, LAN, SIX, SSH, WAN, ruled

FULL = wanted(RouterConfig((LAN,), WAN))


def ids(state: State, chain: str) -> list[str]:
    """Of the rules that decide something."""
    found = [one["comment"] for one in state.chains[chain].rules]
    return [one for one in found if not one.startswith(BEFORE)]


def expression(state: State, chain: str, ident: str) -> str:
    (found,) = (one for one in state.chains[chain].rules if one["comment"] == ident)
    return str(found["expr"])


def refill(wanted: State, present: State) -> Refill:
    (step,) = steps(wanted, present)
    assert isinstance(step, Refill)
    return step


def test_whatever_no_rule_lets_through_is_dropped() -> None:
    for name in ("input", "forward"):
        hook = FULL.chains[name].hook
        assert hook
        assert hook.policy == "drop"


def test_every_rule_has_its_own_id() -> None:
    every = [ident for chain in FULL.chains for ident in ids(FULL, chain)]
    assert len(every) == len(set(every))


def test_to_the_internet_side_nothing_is_open_but_what_ipv6_needs() -> None:
    open_to_it = [
        ident
        for ident in ids(FULL, "input")
        if "eth0" in (found := expression(FULL, "input", ident)) and "'drop'" not in found
    ]
    assert open_to_it == ["input-dhcpv6", "input-wan-ping6"]


def test_dhcp_is_open_only_where_it_is_served() -> None:
    silent = Network("lab", "br-lab", (), IPv4Interface("10.78.0.1/24"))
    state = wanted(RouterConfig((LAN, silent)))
    assert "br-lab" not in expression(state, "input", "input-dhcp")
    assert "br-lab" in expression(state, "input", "input-dns-udp")


def test_a_network_without_netboot_gets_no_tftp() -> None:
    assert "input-tftp" not in ids(wanted(RouterConfig((replace(LAN, netboot=False),))), "input")


def test_networks_are_not_forwarded_to_each_other() -> None:
    guest = Network("guest", "br-guest", (), IPv4Interface("10.78.0.1/24"))
    state = wanted(RouterConfig((LAN, guest), WAN))
    between = [
        one["comment"]
        for one in state.chains["forward"].rules
        if side(one, "iifname") & {"br-lan"}
        and side(one, "oifname") & {"br-guest"}
        and not one["comment"].startswith(BEFORE)
    ]
    assert between == ["forward-lan-refused"]


def side(one: Mapping[str, Any], name: str) -> set[str]:
    """The links that a rule asks for on one side."""
    return {
        word
        for part in one["expr"]
        if name in words(part)
        for word in words(part["match"]["right"])
    }


def words(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*map(words, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(words, value)) if value else set()
    return {str(value)}


def test_without_a_way_out_nothing_is_masqueraded() -> None:
    assert "postrouting" not in wanted(RouterConfig((LAN,))).chains


def test_the_same_table_needs_no_step() -> None:
    assert steps(FULL, FULL) == ()


def test_only_the_changed_chain_is_filled_again() -> None:
    forward = replace(FULL.chains["forward"], rules=())
    present = replace(FULL, chains={**FULL.chains, "forward": forward})
    assert [chain.name for chain in refill(FULL, present).fill] == ["forward"]


def test_counters_that_stay_are_not_touched() -> None:
    present = replace(FULL, chains={})
    step = refill(FULL, present)
    assert (step.add_named, step.drop_named) == ((), ())


def test_a_chain_that_changes_its_hook_is_made_anew() -> None:
    chain = FULL.chains["input"]
    early = replace(chain, hook=Hook("filter", "input", -10, "drop"))
    present = replace(FULL, chains={**FULL.chains, "input": early})
    assert refill(FULL, present).rehook == ("input",)


def test_a_chain_that_somebody_added_to_our_table_goes() -> None:
    present = replace(FULL, chains={**FULL.chains, "theirs": Chain("theirs", None, ())})
    assert refill(FULL, present).drop == ("theirs",)


def test_the_words_name_the_rules_that_differ() -> None:
    one, two, three = (rule(name, {"accept": None}) for name in ("one", "two", "three"))
    changed = rule("two", {"drop": None})
    present = State(stands=True, chains={"x": Chain("x", None, (one, two))})
    target = State(stands=True, chains={"x": Chain("x", None, (changed, three))})
    assert refill(target, present).words == ("+three", "~two", "-one")


def test_when_nothing_is_wanted_the_table_goes() -> None:
    assert steps(State(), FULL) == (DropTable(),)


# ── rules, forwards and zones ────────────────────────────────────────────────────────────────────


def named(config: RouterConfig, comment: str) -> list[tuple[str, str]]:
    """Every rule of the table with this comment: its chain, and its parts in short."""
    return [
        (chain.name, " ".join(map(short, one["expr"])))
        for chain in wanted(config).chains.values()
        for one in chain.rules
        if one["comment"] == comment
    ]


def short(part: Any) -> str:
    """One part of a rule, short enough to compare by eye."""
    if "match" not in part:
        return str(part).replace("'", "")
    left, right = part["match"]["left"], part["match"]["right"]
    return f"{list(words(left) - {'meta', 'payload'})[-1:][0]}={right}".replace("'", "")


def test_the_order_of_the_rules_is_kept() -> None:
    one = Rule("one", "lan", "internet", "accept")
    two = Rule("two", "lan", "internet", "drop")
    forward = ids(wanted(ruled(two, one)), "forward")
    assert forward.index("rule:two") < forward.index("rule:one")


def test_rules_come_before_what_zones_reach() -> None:
    forward = ids(wanted(ruled(Rule("a", "lan", "internet", "drop"))), "forward")
    assert forward.index("rule:a") < forward.index("forward-lan-internet")


def test_answers_come_before_every_rule() -> None:
    forward = ids(wanted(ruled(Rule("a", "internet", "lan", "drop"))), "forward")
    assert forward.index("forward-answers") < forward.index("rule:a")


def test_a_rule_for_the_router_stands_in_input() -> None:
    state = wanted(ruled(Rule("a", "guest", "router", "reject", protocol="icmp")))
    assert "rule:a" in ids(state, "input")
    assert "rule:a" not in ids(state, "forward")


def test_what_is_refused_from_inside_is_told_so() -> None:
    assert "'goto': {'target': 'refuse'}" in expression(FULL, "forward", "forward-lan-refused")
    assert "tcp reset" in expression(FULL, "refuse", "refuse-tcp")


def test_what_the_internet_began_gets_no_answer() -> None:
    assert "'drop'" in expression(FULL, "forward", "forward-wan")


def test_the_owners_rules_have_counters_that_outlive_a_refill() -> None:
    assert ("counter", "rule-a") in wanted(ruled(Rule("a", "lan", "internet", "drop"))).named


def test_a_rule_that_is_switched_off_leaves_nothing_behind() -> None:
    off = Rule("a", "lan", "internet", "drop", enabled=False)
    assert wanted(ruled(off)) == wanted(HOME)


def test_a_rule_for_a_device_that_nobody_knows_is_not_a_rule_for_everybody() -> None:
    stranger = Ends(devices=("52:54:00:00:00:99",))
    open_up = Rule("a", "internet", "lan", "accept", receivers=stranger)
    assert named(ruled(open_up), "rule:a") == []


def test_ends_of_two_families_never_meet() -> None:
    mixed = Rule(
        "a",
        "lan",
        "internet",
        "drop",
        senders=Ends(v4=(IPv4Network("10.77.0.0/25"),), v6=(IPv6Network("fd00::/64"),)),
        receivers=Ends(v4=(IPv4Network("198.51.100.0/24"),), v6=(IPv6Network("2001:db8::/32"),)),
    )
    assert len(named(ruled(mixed), "rule:a")) == 2


def test_a_forward_is_made_in_every_chain_that_it_needs() -> None:
    chains = [chain for chain, _ in named(ruled(forwards=(SSH,)), "forward:ssh")]
    assert sorted(chains) == ["forward", "forward", "postrouting", "prerouting"]


def test_a_forward_that_goes_leaves_nothing_behind() -> None:
    assert wanted(ruled(forwards=(replace(SSH, enabled=False),))) == wanted(HOME)


def test_the_admin_is_for_zones_that_manage() -> None:
    state = wanted(HOME)
    assert "br-guest" not in expression(state, "input", "input-admin")
    assert "br-guest" in expression(state, "input", "input-dns-udp")


def test_a_guest_that_may_not_boot_gets_no_boot_files() -> None:
    assert "br-guest" not in expression(wanted(HOME), "input", "input-boot")
    boots = replace(GUEST, netboot=True)
    open_to = expression(wanted(replace(HOME, networks=(LAN, boots))), "input", "input-boot")
    assert "br-guest" in open_to


def test_what_is_behind_another_router_of_ours_is_masqueraded_too() -> None:
    route = StaticRoute(IPv4Network("10.99.0.0/16"), IPv4Address("10.77.0.9"))
    assert "10.99.0.0" in expression(
        wanted(ruled(routes=(route,))), "postrouting", "masquerade-lan"
    )


def test_what_is_behind_another_router_by_ipv6_is_not_masqueraded() -> None:
    route = StaticRoute(IPv6Network("fd99::/48"), IPv6Address("fe80::9%lan"))
    assert wanted(replace(SIX, routes=(route,))) == wanted(SIX)


def test_where_packets_must_be_smaller_both_ends_of_tcp_are_told() -> None:
    state = wanted(RouterConfig((LAN,), replace(WAN, mtu=1492)))
    assert ids(state, "forward")[:4] == [
        "segments-out-4",
        "segments-in-4",
        "segments-out-6",
        "segments-in-6",
    ]
    assert "1452" in expression(state, "forward", "segments-out-4")
    assert "1432" in expression(state, "forward", "segments-in-6")


def test_usual_packets_need_no_such_rule() -> None:
    state = wanted(RouterConfig((LAN,), replace(WAN, mtu=1500)))
    assert not [name for name in ids(state, "forward") if name.startswith("segments")]
