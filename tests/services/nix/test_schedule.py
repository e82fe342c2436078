"""When to look again, what to start."""

import pytest

from services.nix.schedule import Waiting, fits, look_memory, looks_at_once, next_check, startable

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


def test_at_least_one_host_is_looked_at() -> None:
    assert looks_at_once(GIBIBYTE // 4, 8) == 1


def test_memory_and_processors_bound_how_many_are_looked_at() -> None:
    assert looks_at_once(64 * GIBIBYTE, 4) == 4
    assert looks_at_once(4 * GIBIBYTE, 16) == 2


def test_one_look_gets_its_share_of_memory() -> None:
    assert look_memory(6 * GIBIBYTE, 2) == 3 * GIBIBYTE
    assert look_memory(GIBIBYTE, 1) == 2 * GIBIBYTE
    assert look_memory(64 * GIBIBYTE, 1) == 4 * GIBIBYTE


def test_builds_start_in_their_order() -> None:
    queue = [Waiting("1", "a"), Waiting("2", "b")]
    assert startable(queue, [], 1) == (Waiting("1", "a"),)


def test_a_host_is_never_built_twice_at_once() -> None:
    queue = [Waiting("2", "a"), Waiting("3", "b")]
    assert startable(queue, [Waiting("1", "a")], 2) == (Waiting("3", "b"),)


def test_a_full_house_starts_nothing() -> None:
    assert startable([Waiting("2", "b")], [Waiting("1", "a")], 1) == ()
