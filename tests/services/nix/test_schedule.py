"""When to look again, what to start."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nix.schedule import Waiting, fits, grant, next_check, planned, startable

GIBIBYTE = 1 << 30


def test_a_source_without_an_interval_is_never_checked_by_itself() -> None:
    assert next_check(100.0, 0, 0.5) is None


@pytest.mark.parametrize("chance", [0.0, 0.25, 1.0])
def test_checks_come_within_a_tenth_of_their_interval(chance: float) -> None:
    following = next_check(1_000.0, 3_600, chance)
    assert following is not None
    assert 1_000 + 3_240 <= following <= 1_000 + 3_960


def test_sources_of_one_interval_do_not_march_in_step() -> None:
    assert next_check(0.0, 3_600, 0.1) != next_check(0.0, 3_600, 0.9)


def test_no_interval_is_shorter_than_a_minute() -> None:
    following = next_check(0.0, 1, 0.0)
    assert following is not None
    assert following >= 54


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("interval", [60, 900, 3_600, 0])
def test_a_check_that_was_planned_fits_its_interval(interval: int, chance: float) -> None:
    assert fits(interval, 1_000.0, next_check(1_000.0, interval, chance))


@pytest.mark.parametrize(
    ("interval", "checked", "following"),
    [
        (900, 1_000.0, 4_600.0),
        (3_600, 1_000.0, 1_900.0),
        (900, 1_000.0, None),
        (0, 1_000.0, 1_900.0),
        (900, None, None),
    ],
)
def test_a_check_planned_for_another_interval_does_not_fit(
    interval: int, checked: float | None, following: float | None
) -> None:
    assert not fits(interval, checked, following)


def test_the_first_evaluation_begins_whatever_there_is() -> None:
    assert grant(GIBIBYTE // 4, [], 8) == 2 * GIBIBYTE


@pytest.mark.parametrize(
    ("available", "granted", "processors"),
    [
        (64 * GIBIBYTE, [4 * GIBIBYTE] * 4, 4),  # no processor is left
        (64 * GIBIBYTE, [4 * GIBIBYTE] * 8, 16),
        (5 * GIBIBYTE, [4 * GIBIBYTE], 16),  # no memory is left
    ],
)
def test_another_evaluation_waits(available: int, granted: list[int], processors: int) -> None:
    assert grant(available, granted, processors) is None


def test_one_evaluation_gets_its_share_of_what_is_free() -> None:
    assert grant(6 * GIBIBYTE, [], 2) == 3 * GIBIBYTE
    assert grant(6 * GIBIBYTE, [3 * GIBIBYTE], 2) == 3 * GIBIBYTE
    assert grant(64 * GIBIBYTE, [], 1) == 4 * GIBIBYTE


def test_what_the_owner_gives_each_is_no_share() -> None:
    assert grant(20 * GIBIBYTE, [], 4, asked=8 * GIBIBYTE) == 8 * GIBIBYTE
    assert grant(3 * GIBIBYTE, [], 4, asked=8 * GIBIBYTE) == 8 * GIBIBYTE
    assert grant(64 * GIBIBYTE, [], 4, asked=GIBIBYTE) == GIBIBYTE


def test_no_more_begin_than_the_owners_limit_leaves_room_for() -> None:
    assert grant(15 * GIBIBYTE, [8 * GIBIBYTE], 4, asked=8 * GIBIBYTE) is None


@given(st.integers(0, 256), st.integers(1, 64), st.none() | st.integers(1, 64))
def test_what_is_granted_together_is_never_more_than_there_is(
    available: int, processors: int, asked: int | None
) -> None:
    granted: list[int] = []
    each = asked * GIBIBYTE if asked else None
    while (fresh := grant(available * GIBIBYTE, granted, processors, each)) is not None:
        granted.append(fresh)
    assert len(granted) == 1 or sum(granted) <= available * GIBIBYTE


def test_builds_start_in_their_order() -> None:
    queue = [Waiting("1", "a"), Waiting("2", "b")]
    assert startable(queue, [], 1) == (Waiting("1", "a"),)


def test_a_host_is_never_built_twice_at_once() -> None:
    queue = [Waiting("2", "a"), Waiting("3", "b")]
    assert startable(queue, [Waiting("1", "a")], 2) == (Waiting("3", "b"),)


def test_a_full_house_starts_nothing() -> None:
    assert startable([Waiting("2", "b")], [Waiting("1", "a")], 1) == ()


def test_days_and_times_take_the_place_of_the_interval() -> None:
    found = planned(3600, "daily 00:00", UTC, 100.0, 200.0, 150.0, 0.5)
    assert found == 86_400.0


def test_what_was_missed_is_made_up_for() -> None:
    found = planned(0, "daily 00:00", UTC, 100.0, None, 10 * 86_400.0, 0.5)
    assert found == 86_400.0


def test_an_interval_that_was_planned_stays() -> None:
    assert planned(3600, "", UTC, 100.0, 3_700.0, 150.0, 0.9) == 3_700.0


def test_without_either_it_is_only_looked_at_when_asked() -> None:
    assert planned(0, "", UTC, 100.0, 3_700.0, 150.0, 0.9) is None
