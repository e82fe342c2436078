"""Counters as rates."""

from appliance.store.metrics import Rate
from services.devices.meter import Meter
from services.devices.table import Count


def test_two_readings_make_a_rate() -> None:
    meter = Meter()
    meter.read({"a": Count(100, 50)}, 10.0)
    assert meter.read({"a": Count(1_100, 250)}, 12.0) == {"a": Rate(500.0, 100.0)}


def test_the_first_reading_tells_nothing() -> None:
    assert Meter().read({"a": Count(10**12, 50)}, 10.0) == {}


def test_who_moved_nothing_has_no_rate() -> None:
    meter = Meter()
    meter.read({"a": Count(100, 50)}, 10.0)
    assert meter.read({"a": Count(100, 50)}, 12.0) == {}


def test_a_counter_that_began_again_counts_from_zero() -> None:
    meter = Meter()
    meter.read({"a": Count(10_000, 10_000)}, 10.0)
    assert meter.read({"a": Count(20, 40)}, 11.0) == {"a": Rate(20.0, 40.0)}


def test_what_was_gathered_is_handed_out_once() -> None:
    meter = Meter()
    for at, count in ((1.0, Count(0, 0)), (2.0, Count(5, 6)), (3.0, Count(7, 9))):
        meter.read({"a": count}, at)
    assert meter.gathered() == {"a": (7, 9)}
    assert meter.gathered() == {}
