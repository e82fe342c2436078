from itertools import pairwise

from services.notices.pace import (
    FIRST_RETRY_SECONDS,
    GATHER_SECONDS,
    LONGEST_SECONDS,
    SHORTEST_SECONDS,
    Pace,
)


def messages(pace: Pace, until: float, every: float) -> list[float]:
    """When it sends while something happens every `every` seconds, and every message is taken."""
    found, now = [], 0.0
    while now < until:
        pace.came(now)
        if pace.due(now):
            pace.sent(now)
            found.append(now)
        now += every
    return found


def test_the_first_is_sent_after_a_moment() -> None:
    pace = Pace()
    pace.came(100.0)
    assert not pace.due(100.0)
    assert pace.due(100.0 + GATHER_SECONDS)


def test_with_nothing_to_send_nothing_is_due() -> None:
    assert not Pace().due(1e9)


def test_a_connection_that_flaps_all_night_makes_few_messages() -> None:
    found = messages(Pace(), 8 * 3_600.0, 10.0)
    assert 5 <= len(found) <= 16


def test_the_pauses_grow_to_an_hour_at_most() -> None:
    found = messages(Pace(), 86_400.0, 10.0)
    apart = [after - before for before, after in pairwise(found)]
    assert apart == sorted(apart)
    assert apart[-1] <= LONGEST_SECONDS + 10.0


def test_after_a_quiet_stretch_it_begins_again() -> None:
    pace = Pace()
    messages(pace, 3_600.0, 10.0)
    pace.came(20_000.0)
    pace.sent(20_005.0)
    pace.came(20_010.0)
    assert pace.wake_at == 20_005.0 + SHORTEST_SECONDS


def test_what_is_refused_is_tried_again_later_each_time() -> None:
    pace = Pace()
    pace.came(0.0)
    pace.failed(10.0)
    assert pace.wake_at == 10.0 + FIRST_RETRY_SECONDS
    pace.failed(40.0)
    assert pace.wake_at == 40.0 + 2 * FIRST_RETRY_SECONDS


def test_new_ones_do_not_hasten_a_retry() -> None:
    pace = Pace()
    pace.came(0.0)
    pace.failed(10.0)
    pace.came(11.0)
    assert pace.wake_at == 10.0 + FIRST_RETRY_SECONDS


def test_it_is_tried_every_hour_at_least() -> None:
    pace = Pace()
    for number in range(20):
        pace.failed(float(number))
    assert pace.wake_at == 19.0 + LONGEST_SECONDS
