"""A clock that starts in 1970, in 2040, or goes back, and what is believed of it."""

import pytest

from appliance.clock import FAR_SECONDS, WRITTEN, Clock, looked, started

KEPT = 1_795_000_200.0
DAY = 86_400


@pytest.mark.parametrize(
    ("now", "trusted"),
    [
        (0.0, False),
        (KEPT - 1, False),
        (KEPT, True),
        (KEPT + 30 * DAY, True),
        (KEPT + FAR_SECONDS, False),
    ],
    ids=["1970", "before it was last seen", "a moment later", "a month later", "2036 and later"],
)
def test_a_clock_at_the_start(now: float, *, trusted: bool) -> None:
    assert started(now, KEPT).trusted is trusted


def test_a_first_start_before_the_program_was_written_is_wrong() -> None:
    assert started(WRITTEN - 1, 0.0) == Clock(trusted=False, floor=WRITTEN)


def test_a_wrong_clock_stays_wrong_until_a_server_sets_it() -> None:
    clock = started(0.0, KEPT)
    clock = looked(clock, 3_600.0, synchronised=False)
    assert clock == Clock(trusted=False, floor=KEPT)
    clock = looked(clock, KEPT + DAY, synchronised=True)
    assert clock == Clock(trusted=True, floor=KEPT + DAY)


def test_a_wrong_clock_does_not_become_right_by_itself() -> None:
    assert not looked(started(0.0, KEPT), KEPT + DAY, synchronised=False).trusted


def test_the_floor_rises_with_the_time() -> None:
    clock = looked(started(KEPT, KEPT), KEPT + DAY + 61, synchronised=False)
    assert clock == Clock(trusted=True, floor=KEPT + DAY)


def test_a_clock_that_goes_back_is_wrong() -> None:
    clock = looked(started(KEPT, KEPT), KEPT - DAY, synchronised=False)
    assert clock == Clock(trusted=False, floor=KEPT)


def test_a_small_correction_is_no_reason_for_distrust() -> None:
    assert looked(started(KEPT, KEPT), KEPT - 2, synchronised=False).trusted


def test_a_floor_in_the_far_future_is_mended_by_a_server() -> None:
    clock = looked(started(KEPT, KEPT * 2), KEPT, synchronised=True)
    assert clock == Clock(trusted=True, floor=KEPT)
