from typing import Any

from appliance.model.config import RouterConfig
from appliance.model.firewall import Rule
from appliance.plan.expression import equals, to_us_alone
from appliance.plan.firewall import OVERHEARD, Refill, State, steps, wanted
from appliance.plan.noted import A_SECOND, BEFORE, NOTED
from tests.appliance.model.firewall_home import LAN, WAN, ruled

STATE = wanted(RouterConfig((LAN,), WAN))
DECIDES = ("accept", "drop", "reject", "goto", "jump", "masquerade", "dnat")


def keys(one: Any) -> set[str]:
    return {key for part in one["expr"] for key in part}


def every(state: State) -> list[Any]:
    return [one for chain in state.chains.values() for one in chain.rules]


def test_whatever_holds_back_is_noted_right_before() -> None:
    for chain in STATE.chains.values():
        for before, one in zip((None, *chain.rules), chain.rules, strict=False):
            if one["comment"] in OVERHEARD:
                continue
            if "drop" in keys(one) or {"goto": {"target": "refuse"}} in one["expr"]:
                assert before
                assert before["comment"] == f"{BEFORE}{one['comment']}"
                matches = [part for part in one["expr"] if "match" in part]
                told = [part for part in before["expr"] if "match" in part]
                assert told == [*matches, to_us_alone()]


def test_a_rule_that_notes_decides_nothing() -> None:
    for one in every(STATE):
        if one["comment"].startswith(BEFORE):
            assert not keys(one) & set(DECIDES)


def test_only_rules_that_note_have_a_limit() -> None:
    limited = [one["comment"] for one in every(STATE) if "limit" in keys(one)]
    assert limited
    assert all(one.startswith(BEFORE) for one in limited)


def test_the_kernel_tells_only_so_many_a_second() -> None:
    (one,) = [one for one in every(STATE) if one["comment"] == f"{BEFORE}input-wan"]
    limit, log = one["expr"][-2]["limit"], one["expr"][-1]["log"]
    assert (limit["rate"], limit["per"]) == (A_SECOND, "second")
    assert (log["group"], log["prefix"]) == (NOTED, "input-wan")


def test_what_passes_is_not_noted() -> None:
    let = Rule("let", "lan", "internet", "accept")
    assert f"{BEFORE}rule:let" not in [one["comment"] for one in every(wanted(ruled(let)))]


def test_the_steps_name_a_rule_once() -> None:
    (step,) = steps(STATE, State(stands=True))
    assert isinstance(step, Refill)
    assert len(step.words) == len(set(step.words))
    assert not [word for word in step.words if BEFORE in word]


def test_what_is_held_back_untold_is_an_answer_of_a_dhcp_server() -> None:
    found = {one["comment"]: one for one in every(STATE) if one["comment"] in OVERHEARD}
    assert tuple(found) == OVERHEARD
    for one in found.values():
        assert equals("udp", "sport", 67) in one["expr"]
        assert equals("udp", "dport", 68) in one["expr"]
        assert "drop" in keys(one)
