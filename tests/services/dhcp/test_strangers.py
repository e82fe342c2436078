from services.dhcp.strangers import FEWEST, Strangers


def mac(number: int) -> bytes:
    return number.to_bytes(6, "big")


def asked(count: int, *, size: int = 100, now: float = 0.0) -> Strangers:
    strangers = Strangers(size)
    for number in range(count):
        strangers.met(mac(number), now)
    return strangers


def test_nobody_is_no_crowd() -> None:
    assert not asked(0).crowd(0.0)


def test_more_than_one_in_eight_addresses_is_a_crowd() -> None:
    assert not asked(12).crowd(0.0)
    assert asked(13).crowd(0.0)


def test_as_many_as_a_small_network_may_meet_are_no_flood() -> None:
    assert not asked(FEWEST).flood(0.0)
    assert asked(FEWEST + 1).flood(0.0)


def test_as_many_as_there_are_addresses_are_no_flood() -> None:
    assert not asked(5000, size=5000).flood(0.0)
    assert asked(5001, size=5000).flood(0.0)


def test_one_that_asks_again_and_again_is_one() -> None:
    strangers = Strangers(100)
    for now in range(1000):
        strangers.met(mac(1), now / 100)
    assert strangers.lately(10.0) == 1


def test_after_a_calm_minute_a_flood_is_over() -> None:
    strangers = asked(5000)
    assert strangers.flood(59.9)
    assert not strangers.flood(60.0)


def test_a_flood_that_goes_on_is_one_all_along() -> None:
    strangers = Strangers(100)
    for number in range(5000):
        strangers.met(mac(number), number / 83)
        assert strangers.flood(number / 83) == (number >= FEWEST)


def test_what_is_remembered_is_bounded() -> None:
    assert asked(100_000).lately(0.0) == FEWEST + 1


def test_a_clock_that_went_back_forgets_them() -> None:
    assert asked(5000, now=1e9).lately(5e8) == 0


def test_a_new_slice_goes_on_counting() -> None:
    fresh = Strangers(100)
    fresh.succeed(asked(5000))
    assert fresh.flood(1.0)
