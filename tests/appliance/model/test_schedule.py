from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from appliance.model.firewall import Rule, Schedule
from appliance.model.schedule import changes_at, current, holds
from tests.appliance.model.firewall_home import HOME, SSH, ruled

HELSINKI = ZoneInfo("Europe/Helsinki")
NIGHT = Schedule(("fri", "sat"), "22:00", "06:00")
BLOCK = Rule("block", "lan", "internet", "drop")


def at(text: str) -> float:
    """Unix seconds of a local time in Helsinki; 27 November 2026 is a Friday."""
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI).timestamp()


@pytest.mark.parametrize(
    ("when", "held"),
    [
        ("2026-11-27T21:59", False),
        ("2026-11-27T22:00", True),
        ("2026-11-28T05:59", True),
        ("2026-11-28T06:00", False),
        ("2026-11-29T05:59", True),  # Saturday's night
        ("2026-11-29T22:00", False),
        ("2026-11-27T05:59", False),  # Thursday's night is not meant
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(when: str, held: bool) -> None:
    assert holds(NIGHT, at(when), HELSINKI) is held


def test_from_midnight_to_midnight_is_the_whole_day() -> None:
    sunday = Schedule(("sun",))
    assert holds(sunday, at("2026-11-29T23:59"), HELSINKI)
    assert not holds(sunday, at("2026-11-30T00:00"), HELSINKI)


def test_a_rule_is_over_at_its_end() -> None:
    config = ruled(replace(BLOCK, until=1000))
    assert current(config, 999.9).rules
    assert not current(config, 1000.0).rules


def test_a_forward_is_over_at_its_end() -> None:
    config = ruled(forwards=(replace(SSH, until=1000),))
    assert current(config, 999.9).forwards
    assert not current(config, 1000.0).forwards


def test_what_is_switched_off_does_not_hold() -> None:
    off = ruled(replace(BLOCK, enabled=False), forwards=(replace(SSH, enabled=False),))
    held = current(off, 0.0)
    assert (held.rules, held.forwards) == ((), ())


def test_without_times_nothing_ever_changes() -> None:
    assert changes_at(ruled(BLOCK, forwards=(SSH,)), 0.0) is None


def test_the_next_change_is_the_next_beginning() -> None:
    config = ruled(replace(BLOCK, schedule=NIGHT), time_zone="Europe/Helsinki")
    assert changes_at(config, at("2026-11-27T12:00")) == at("2026-11-27T22:00")


def test_the_next_change_is_an_expiry_that_comes_first() -> None:
    until = int(at("2026-11-27T13:00"))
    config = ruled(
        replace(BLOCK, schedule=NIGHT),
        forwards=(replace(SSH, until=until),),
        time_zone="Europe/Helsinki",
    )
    assert changes_at(config, at("2026-11-27T12:00")) == until


@pytest.mark.parametrize("start", ["2026-03-29T00:00", "2026-10-25T00:00"])
def test_no_change_comes_late_on_a_day_that_moves_its_clocks(start: str) -> None:
    turning = Schedule(begins="03:30", ends="05:00")
    config = ruled(replace(BLOCK, schedule=turning), time_zone="Europe/Helsinki")
    now, before = at(start), False
    for minute in range(8 * 60):
        held = holds(turning, now + minute * 60, HELSINKI)
        if held is not before:
            announced = changes_at(config, now + (minute - 61) * 60)
            assert announced is not None
            assert announced <= now + minute * 60
        before = held


def test_a_configuration_without_rules_is_as_it_was() -> None:
    assert current(HOME, 0.0) == HOME
