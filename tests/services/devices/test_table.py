"""The devices' table as nft's JSON; on a real kernel it is tested in tests/live/test_devices.py."""

from typing import Any

from appliance.plan.devices import CHAINS, State, steps, wanted
from services.devices.table import Count, commands, counts, state

A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
OURS = {"family": "bridge", "table": "nixie_devices"}


def counted(mac: str, moved: int) -> dict[str, Any]:
    return {"elem": {"val": mac, "counter": {"packets": 1, "bytes": moved}}}


def listed(priority: int = -300) -> list[dict[str, Any]]:
    """What nft 1.0.6 lists of a table that blocks A, and counts A and B."""
    chains = {"arriving": "prerouting", "leaving": "postrouting"}
    return [
        {"metainfo": {"version": "1.0.6"}},
        {"table": {"family": "bridge", "name": "nixie_devices", "handle": 1}},
        {"set": {**OURS, "name": "blocked", "type": "ether_addr", "elem": [A]}},
        {"set": {**OURS, "name": "sent", "elem": [counted(A, 7), counted(B, 8)]}},
        {"set": {**OURS, "name": "received", "elem": [counted(A, 1), counted(B, 2)]}},
        *(
            {"chain": {**OURS, "name": name, "hook": hook, "prio": priority, "policy": "accept"}}
            for name, hook in chains.items()
        ),
        *(
            {"rule": {**OURS, "chain": name, "handle": 9, **rule}}
            for name, rules in CHAINS.items()
            for rule in rules
        ),
        {"set": {"family": "bridge", "table": "other", "name": "blocked", "elem": [B]}},
    ]


def test_what_is_listed_is_what_was_wanted() -> None:
    assert state(listed()) == wanted([A], [A, B])


def test_a_chain_with_another_priority_is_not_ours() -> None:
    assert state(listed(0)).chains == {}


def test_nothing_listed_is_no_table() -> None:
    assert state([]) == State()


def test_counters_are_read_by_mac() -> None:
    assert counts(listed()) == {A: Count(down=1, up=7), B: Count(down=2, up=8)}


def test_a_block_adds_one_element() -> None:
    (step,) = steps(wanted([A, B], [A, B]), state(listed()))
    element = {**OURS, "name": "blocked", "elem": [B]}
    assert commands(step) == [{"add": {"element": element}}]


def test_an_unblock_takes_one_element_away() -> None:
    (step,) = steps(wanted([], [A, B]), state(listed()))
    element = {**OURS, "name": "blocked", "elem": [A]}
    assert commands(step) == [{"delete": {"element": element}}]
