from typing import Any

from appliance.plan.flows import Drop, Lay, State, wanted
from services.firewall.flows import commands, probed, state
from tests.appliance.plan.test_links import CONFIG

WANTED = wanted(CONFIG)


def listed() -> list[Any]:
    """What nft lists of the table that was laid."""
    found = []
    for command in commands(Lay(WANTED.links, WANTED.rules)):
        ((kind, body),) = command["add"].items()
        found.append({kind: {**body, "handle": 7}})
    return [{"metainfo": {"version": "1.0.6"}}, *found]


def test_what_was_laid_is_read_back() -> None:
    assert state(listed()) == WANTED


def test_another_table_is_none() -> None:
    assert state([{"table": {"family": "inet", "name": "nixie"}}]) == State()


def test_a_table_without_its_flowtable_is_laid_anew() -> None:
    left = [one for one in listed() if "flowtable" not in one]
    assert state(left) not in (State(), WANTED)


def test_a_chain_that_was_hooked_elsewhere_is_laid_anew() -> None:
    for one in (found := listed()):
        if "chain" in one:
            one["chain"]["prio"] = -10
    assert state(found) not in (State(), WANTED)


def test_a_device_that_went_away_is_missed() -> None:
    for one in (found := listed()):
        if "flowtable" in one:
            one["flowtable"]["dev"] = "br-lan"
    assert state(found).links == ("br-lan",)


def test_the_whole_table_goes_at_once() -> None:
    assert commands(Drop()) == [{"delete": {"table": {"family": "inet", "name": "nixie_flows"}}}]


def test_the_dry_run_has_a_table_of_its_own() -> None:
    assert "nixie_flows" not in str(probed("lo"))
