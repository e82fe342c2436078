from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from appliance.model.wan import StaticAddress, Wan
from appliance.plan.firewall import Chain, DropTable, Hook, Refill, State, rule, steps, wanted

POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"), Dhcp(POOL))
WAN = Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1")))
FULL = wanted(RouterConfig((LAN,), WAN))


def ids(state: State, chain: str) -> list[str]:
    return [one["comment"] for one in state.chains[chain].rules]


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


def test_no_service_is_open_to_the_internet_side() -> None:
    for ident in ids(FULL, "input"):
        found = expression(FULL, "input", ident)
        assert "eth0" not in found or "'drop'" in found or ident == "input-dhcpv6"


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
    both = [one for one in state.chains["forward"].rules if {"br-lan", "br-guest"} <= words(one)]
    assert both == []


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
