from dataclasses import replace

from appliance.store.builds import SourceStateRow
from services.nix.wanted import WANTED_SECONDS, due

READY = SourceStateRow("s1", "ready", "", 90.0, None, 1)


def test_a_source_that_was_looked_at_before_is_looked_at() -> None:
    assert due({"s1/ember": 100.0}, {}, {"s1": READY}, 101.0) == {"s1/ember": "s1"}


def test_a_source_that_was_looked_at_since_is_left_alone() -> None:
    known = {"s1": replace(READY, checked_at=100.0)}
    assert due({"s1/ember": 100.0}, {}, known, 101.0) == {}


def test_a_wish_is_acted_on_once() -> None:
    assert due({"s1/ember": 100.0}, {"s1/ember": 100.0}, {"s1": READY}, 101.0) == {}
    assert due({"s1/ember": 120.0}, {"s1/ember": 100.0}, {"s1": READY}, 121.0) == {"s1/ember": "s1"}


def test_what_nobody_waits_for_any_more_is_left_alone() -> None:
    assert due({"s1/ember": 100.0}, {}, {"s1": READY}, 101.0 + WANTED_SECONDS) == {}
    assert due({"s2/ember": 100.0}, {}, {"s1": READY}, 101.0) == {}
    assert due({"s1/ember": 100.0}, {}, {"s1": replace(READY, state="removed")}, 101.0) == {}
