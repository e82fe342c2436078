"""Days and times at which a source is looked at."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.look_times import Times, next_at, read
from appliance.model.week import WEEK

HELSINKI = ZoneInfo("Europe/Helsinki")


def at(text: str, where: ZoneInfo = HELSINKI) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=where).timestamp()


@pytest.mark.parametrize("text", ["", "04:00", "mon", "monday 04:00", "mon 24:00", "mon 4", "x y"])
def test_what_is_no_time_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="daily 04:00"):
        read(text)


def test_what_is_stored_is_read_again() -> None:
    assert read(str(read("fri,mon 16:30 4:00"))) == Times(("mon", "fri"), ("04:00", "16:30"))


def test_the_next_one_is_later_the_same_day() -> None:
    times = read("daily 04:00,16:30")
    assert next_at(times, at("2026-11-29T05:00"), HELSINKI) == at("2026-11-29T16:30")


def test_the_moment_itself_is_over() -> None:
    times = read("daily 04:00")
    assert next_at(times, at("2026-11-29T04:00"), HELSINKI) == at("2026-11-30T04:00")


def test_a_day_of_the_week_may_be_a_week_away() -> None:
    times = read("sun 04:00")
    assert next_at(times, at("2026-11-29T04:00"), HELSINKI) == at("2026-12-06T04:00")


def test_clocks_that_are_put_back_do_not_look_twice() -> None:
    times = read("daily 03:30")  # in Helsinki 2026-10-25 has 03:30 twice
    first = next_at(times, at("2026-10-25T00:00"), HELSINKI)
    assert next_at(times, first, HELSINKI) == at("2026-10-26T03:30")


def test_a_time_that_a_night_skips_comes_all_the_same() -> None:
    times = read("daily 03:30")  # in Helsinki 2026-03-29 has none
    found = next_at(times, at("2026-03-29T00:00"), HELSINKI)
    assert f"{datetime.fromtimestamp(found, HELSINKI):%d %H:%M}" == "29 04:30"


@given(
    st.sets(st.sampled_from(WEEK), min_size=1),
    st.sets(st.times(), min_size=1, max_size=3),
    st.floats(0, 4e9),
)
def test_the_next_one_is_within_eight_days_and_later(days, clocks, after) -> None:  # type: ignore[no-untyped-def]
    times = Times(
        tuple(day for day in WEEK if day in days), tuple(sorted({f"{c:%H:%M}" for c in clocks}))
    )
    found = next_at(times, after, UTC)
    assert after < found <= after + 8 * 86_400
    local = datetime.fromtimestamp(found, UTC)
    assert WEEK[local.weekday()] in days
    assert f"{local:%H:%M}" in times.clocks
