"""The watch on the gateway."""

from services.wan.gauge import Gauge


def asked(gauge: Gauge, answer: float | None) -> None:
    """One question at its time, answered after so many seconds, or not at all."""
    while not gauge.woken(gauge.wake_at):
        pass
    if answer is not None:
        gauge.answered(gauge.wake_at - 1.0 + answer)
    else:
        gauge.woken(gauge.wake_at)


def test_nothing_is_known_before_the_first_answer() -> None:
    gauge = Gauge(0.0)
    assert (gauge.heard, gauge.milliseconds, gauge.lost_percent) == (None, None, None)
    assert gauge.woken(0.0)
    gauge.answered(0.0125)
    assert (gauge.heard, gauge.milliseconds, gauge.lost_percent) == (True, 12.5, 0)


def test_a_gateway_that_answers_is_asked_four_times_a_minute() -> None:
    gauge, times = Gauge(0.0), 0
    while gauge.wake_at < 60.0:
        asked(gauge, 0.001)
        times += 1
    assert times == 4


def test_three_losses_in_a_row_are_silence() -> None:
    gauge = Gauge(0.0)
    asked(gauge, 0.002)
    told = []
    for _ in range(3):
        told.append(gauge.heard)
        gauge.woken(gauge.wake_at)
        gauge.woken(gauge.wake_at)
    assert told[0] is True
    assert gauge.heard is False
    asked(gauge, 0.002)
    assert gauge.heard is True


def test_a_late_answer_is_lost() -> None:
    gauge = Gauge(0.0)
    assert gauge.woken(0.0)
    gauge.woken(1.0)  # asks again
    gauge.answered(1.1)
    assert gauge.lost_percent == 50


def test_an_answer_that_nobody_asked_for_counts_for_nothing() -> None:
    gauge = Gauge(0.0)
    gauge.answered(0.0)
    assert gauge.heard is None


def test_the_middle_one_of_the_latencies_is_told() -> None:
    gauge = Gauge(0.0)
    for seconds in (0.001, 0.9, 0.002):
        asked(gauge, seconds)
    assert gauge.milliseconds == 2.0
