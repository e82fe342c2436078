from services.dns.race import (
    BESIDE_SECONDS,
    LONGEST_REST,
    LOOK_SECONDS,
    MOST_WAITING,
    SHORTEST_REST,
    SILENCES,
    Race,
    Races,
)
from services.dns.reply import Reply
from tests.services.dns.packets import query, reply

GOOD = reply("www.example.com. 60 IN A 192.0.2.7")
BAD = reply(code="SERVFAIL")


class Told:
    def __init__(self) -> None:
        self.replies: list[Reply | None] = []

    def hear(self, said: Reply | None, _now: float) -> None:
        self.replies.append(said)


def races_of(count: int) -> Races[Told]:
    return Races(count, Told.hear)


def begun(
    races: Races[Told], now: float, told: Told | None = None, name: str = "a.example"
) -> Race[Told]:
    made = races.ask(query(name), told or Told(), now)
    assert made
    return made[0]


def known(count: int = 2, at: float = 100.0) -> Races[Told]:
    """Upstreams that answered once each, the first in 10 ms, the second in 20, and so on."""
    races = races_of(count)
    race = begun(races, at)
    for number in range(count):
        races.told(race, number, GOOD, at + 0.01 * (number + 1))
    return races


def test_at_first_everybody_is_asked() -> None:
    made = races_of(3).ask(query(), Told(), 100)
    assert made
    assert sorted(made[1]) == [0, 1, 2]


def test_then_only_the_quickest_is_asked() -> None:
    made = known().ask(query(), Told(), 101)
    assert made
    assert made[1] == [0]


def test_after_a_short_wait_the_next_is_asked_beside_it() -> None:
    races = known()
    race = begun(races, 101)
    assert list(races.woken(101 + BESIDE_SECONDS)) == [(race, 1)]


def test_the_first_good_answer_ends_it() -> None:
    races, told = known(), Told()
    race = begun(races, 101, told)
    races.told(race, 0, GOOD, 101.01)
    assert told.replies == [GOOD]
    assert list(races.woken(102)) == []


def test_nothing_is_held_of_a_race_that_is_over() -> None:
    races = known()
    races.told(begun(races, 101), 0, GOOD, 101.01)
    assert races.wake_at is None


def test_who_asks_the_same_meanwhile_waits_for_the_same_answer() -> None:
    races, first, second = known(), Told(), Told()
    race = begun(races, 101, first)
    assert races.ask(query("a.example"), second, 101) is None
    races.told(race, 0, GOOD, 101.01)
    assert first.replies == second.replies == [GOOD]


def test_too_many_who_wait_for_one_answer_are_sent_off() -> None:
    races, told = known(), [Told() for _ in range(MOST_WAITING + 1)]
    for one in told:
        races.ask(query("a.example"), one, 101)
    assert [one.replies for one in told] == [[]] * MOST_WAITING + [[None]]


def test_a_failure_is_followed_by_the_next_at_once() -> None:
    races = known()
    assert races.told(begun(races, 101), 0, BAD, 101.01) == 1


def test_a_failure_is_the_answer_when_nobody_knows_better() -> None:
    races, told = known(), Told()
    race = begun(races, 101, told)
    races.told(race, 0, BAD, 101.01)
    races.told(race, 1, None, 101.02)
    assert told.replies == [BAD]


def test_nobody_there_is_no_answer() -> None:
    told = Told()
    assert races_of(0).ask(query(), told, 100) is None
    assert told.replies == [None]


def silenced(races: Races[Told], at: float) -> float:
    """The first upstream stays silent until it rests; when that was."""
    for number in range(SILENCES):
        race = begun(races, at + number, name=f"n{number}.example")
        list(races.woken(at + number + BESIDE_SECONDS))
        races.told(race, 1, GOOD, at + number + BESIDE_SECONDS)
    return at + SILENCES - 1 + BESIDE_SECONDS


def test_a_silent_one_costs_nothing_once_it_rests() -> None:
    races = known()
    at = silenced(races, 101)
    made = races.ask(query(), Told(), at + 0.1)
    assert made
    assert made[1] == [1]


def test_one_that_rests_is_looked_at_beside_another() -> None:
    races = known()
    at = silenced(races, 101)
    made = races.ask(query(), Told(), at + SHORTEST_REST)
    assert made
    assert made[1] == [1, 0]


def test_one_that_is_back_is_asked_again() -> None:
    races = known()
    at = silenced(races, 101) + SHORTEST_REST
    races.told(begun(races, at), 0, GOOD, at + 0.001)
    made = races.ask(query("b.example"), Told(), at + 1)
    assert made
    assert made[1] == [0]


def test_a_late_word_is_a_sign_of_life() -> None:
    races = known()
    race = begun(races, 101)
    races.told(race, 0, GOOD, 101.01)
    silenced(races, 110)
    assert not races.health[0].well
    late = begun(races, 120)
    races.told(late, 1, GOOD, 120.01)
    races.told(late, 0, GOOD, 123)
    assert races.health[0].well


def test_a_dead_one_is_looked_at_less_and_less() -> None:
    races = known()
    at = silenced(races, 101)
    for _ in range(10):
        at = races.health[0].look_at
        race = begun(races, at, name=f"{at}.example")
        races.told(race, 1, GOOD, at)
        races.told(race, 0, None, at)
    assert races.health[0].rest == LONGEST_REST


def test_one_that_nobody_asks_is_looked_at_now_and_then() -> None:
    races = known(at=100)
    made = races.ask(query(), Told(), 100 + LOOK_SECONDS)
    assert made
    assert made[1] == [0, 1]


def test_one_upstream_alone_has_nobody_beside_it() -> None:
    races = known(1)
    begun(races, 101)
    assert races.wake_at is None


def test_clearing_sends_everybody_off() -> None:
    races, told = known(), Told()
    begun(races, 101, told)
    races.clear(102)
    assert (told.replies, len(races), races.wake_at) == ([None], 0, None)
