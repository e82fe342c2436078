import pytest

from appliance.actions.patience import (
    CEILING,
    FORGET_SECONDS,
    LONGEST_SECONDS,
    NAMES,
    Patience,
    Pause,
)

HOME, AWAY = "192.0.2.1", "192.0.2.66"
YEAR = 365 * 86400.0


def tries(patience: Patience, count: int, now: float, address: str = HOME) -> list[Pause | None]:
    return [patience.begin(address, "owner", now) for _ in range(count)]


def test_the_first_tries_are_free() -> None:
    assert tries(Patience(), 4, 100.0) == [None] * 4


def test_pauses_double() -> None:
    patience, now, pauses = Patience(), 0.0, []
    tries(patience, 4, now)
    for _ in range(4):
        pause = patience.begin(HOME, "owner", now)
        assert pause is not None
        pauses.append(pause.seconds)
        now += pause.seconds
        assert patience.begin(HOME, "owner", now) is None
    assert pauses == [2.0, 4.0, 8.0, 16.0]


def test_a_pause_is_never_longer_than_five_minutes() -> None:
    patience, now = Patience(), 0.0
    for _ in range(20):
        pause = patience.begin(HOME, "owner", now)
        now += pause.seconds if pause else 0.0
        patience.begin(HOME, "owner", now)
    assert patience.begin(HOME, "owner", now) == Pause(LONGEST_SECONDS, crowd=False)


def test_asking_during_the_pause_does_not_prolong_it() -> None:
    patience = Patience()
    tries(patience, 4, 0.0)
    tries(patience, 50, 1.0)
    assert patience.begin(HOME, "owner", 2.0) is None


def test_changing_names_gain_nothing() -> None:
    patience = Patience()
    waits = [patience.begin(AWAY, f"name-{n}", 0.0) for n in range(61)]
    assert waits == [None] * 4 + [Pause(2.0, crowd=False)] * 57


def test_guesses_from_one_address_hold_up_no_other() -> None:
    patience = Patience()
    for number in range(200):
        patience.begin(AWAY, f"name-{number}", 0.0)
    assert patience.begin(HOME, "owner", 0.0) is None


def test_one_household_counts_as_one() -> None:
    patience = Patience()
    for number in range(4):
        assert patience.begin(f"2001:db8::{number}", "owner", 0.0) is None
    assert patience.begin("2001:db8::9999", "owner", 0.0) is not None
    assert patience.begin("2001:db8:0:1::1", "owner", 0.0) is None


def test_a_mapped_address_is_the_address() -> None:
    patience = Patience()
    tries(patience, 4, 0.0, f"::ffff:{HOME}")
    assert patience.begin(HOME, "OWNER", 0.0) is not None


def test_a_success_forgets_the_tries_under_its_name() -> None:
    patience = Patience()
    tries(patience, 4, 0.0)
    patience.succeeded(HOME, "Owner")
    assert tries(patience, 4, 0.0) == [None] * 4


def test_a_success_under_another_name_forgives_no_guess() -> None:
    patience = Patience()
    tries(patience, 4, 0.0)
    patience.succeeded(HOME, "helper")
    assert patience.begin(HOME, "owner", 0.0) is not None


def test_many_names_do_not_grow_without_end() -> None:
    patience, now = Patience(), 0.0
    for number in range(3 * NAMES):
        now += LONGEST_SECONDS
        patience.begin(HOME, f"name-{number}", now)
    assert len(patience._tries[HOME].names) <= NAMES + 1


def test_tries_are_forgotten_after_an_hour() -> None:
    patience = Patience()
    tries(patience, 4, 0.0)
    assert patience.begin(HOME, "owner", FORGET_SECONDS + 1) is None


@pytest.mark.parametrize("jump", [-YEAR, YEAR])
def test_a_clock_that_jumps_locks_nobody_out(jump: float) -> None:
    patience = Patience()
    tries(patience, 5, 2 * YEAR)
    now = 2 * YEAR + jump
    pause = patience.begin(HOME, "owner", now)
    assert pause is None or pause.seconds <= 2.0
    assert patience.begin(HOME, "owner", now + 2.0) is None


def test_strangers_together_have_a_ceiling() -> None:
    patience = Patience()
    waits = [patience.begin(f"198.51.100.{n}", "owner", 5.0) for n in range(CEILING + 1)]
    assert waits == [None] * CEILING + [Pause(55.0, crowd=True)]


@pytest.mark.parametrize("how", ["told at the start", "signed in"])
def test_a_known_address_is_not_held_up_by_strangers(how: str) -> None:
    patience = Patience([HOME] if how == "told at the start" else [])
    if how == "signed in":
        patience.succeeded(HOME, "owner")
    for number in range(2 * CEILING):
        patience.begin(f"198.51.100.{number}", "owner", 5.0)
    assert patience.begin(HOME, "owner", 5.0) is None


def test_the_boxs_own_socket_is_never_held_up() -> None:
    assert tries(Patience(), 100, 0.0, "") == [None] * 100
