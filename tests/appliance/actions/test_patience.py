from appliance.actions.patience import CEILING, FORGET_SECONDS, LONGEST_SECONDS, Patience


def tries(patience: Patience, count: int, now: float, address: str = "192.0.2.1") -> list[float]:
    return [patience.begin(address, "owner", now) for _ in range(count)]


def test_the_first_tries_are_free() -> None:
    assert tries(Patience(), 4, 100.0) == [0.0] * 4


def test_pauses_double() -> None:
    patience, now, pauses = Patience(), 0.0, []
    tries(patience, 4, now)
    for _ in range(4):
        pauses.append(patience.begin("192.0.2.1", "owner", now))
        now += pauses[-1]
        assert patience.begin("192.0.2.1", "owner", now) == 0.0
    assert pauses == [2.0, 4.0, 8.0, 16.0]


def test_a_pause_is_never_longer_than_five_minutes() -> None:
    patience, now = Patience(), 0.0
    for _ in range(20):
        now += patience.begin("192.0.2.1", "owner", now)
        patience.begin("192.0.2.1", "owner", now)
    assert patience.begin("192.0.2.1", "owner", now) == LONGEST_SECONDS


def test_asking_during_the_pause_does_not_prolong_it() -> None:
    patience = Patience()
    tries(patience, 4, 0.0)
    tries(patience, 50, 1.0)
    assert patience.begin("192.0.2.1", "owner", 2.0) == 0.0


def test_one_household_counts_as_one() -> None:
    patience = Patience()
    for number in range(4):
        assert patience.begin(f"2001:db8::{number}", "owner", 0.0) == 0.0
    assert patience.begin("2001:db8::9999", "owner", 0.0) > 0
    assert patience.begin("2001:db8:0:1::1", "owner", 0.0) == 0.0


def test_a_mapped_address_is_the_address() -> None:
    patience = Patience()
    tries(patience, 4, 0.0, "::ffff:192.0.2.1")
    assert patience.begin("192.0.2.1", "OWNER", 0.0) > 0


def test_a_success_forgets_the_tries() -> None:
    patience = Patience()
    tries(patience, 4, 0.0)
    patience.succeeded("192.0.2.1", "Owner")
    assert tries(patience, 4, 0.0) == [0.0] * 4


def test_tries_are_forgotten_after_an_hour() -> None:
    patience = Patience()
    tries(patience, 4, 0.0)
    assert patience.begin("192.0.2.1", "owner", FORGET_SECONDS + 1) == 0.0


def test_many_addresses_together_have_a_ceiling() -> None:
    patience = Patience()
    waits = [patience.begin(f"192.0.2.{n}", "owner", 5.0) for n in range(CEILING + 1)]
    assert waits[:-1] == [0.0] * CEILING
    assert waits[-1] == 55.0
