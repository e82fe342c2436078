"""Which generations go: the laws that keep a host bootable."""

from hypothesis import given
from hypothesis import strategies as some

from appliance.generations import FAILURES, Standings, Tally, images_of, served
from appliance.retention import counted, let_go
from appliance.store.builds import GenerationRow


def row(number: int, state: str = "trial", host: str = "s/ember", **special: str) -> GenerationRow:
    return GenerationRow(
        host, number, f"{host}-{number}", special, state, float(number), 100, "/t", "r"
    )


def rows(count: int, state: str = "trial", host: str = "s/ember") -> list[GenerationRow]:
    return [row(number, state, host) for number in range(count, 0, -1)]


def numbers(found: tuple[GenerationRow, ...]) -> list[int]:
    return [one.number for one in found]


tallies = some.builds(Tally, ups=some.integers(0, 2), failures=some.integers(0, FAILURES + 1))
worlds = some.builds(
    lambda states, told, pin, aside: (
        [
            row(number, state, quiet=f"quiet-{number}")
            for number, state in zip(range(len(states), 0, -1), states, strict=True)
        ],
        Standings(
            {f"s/ember-{number}": machines for number, machines in told.items()},
            {"s/ember": f"s/ember-{pin}"} if pin else {},
            frozenset(f"s/ember-{number}" for number in aside),
        ),
    ),
    some.lists(some.sampled_from(["trial", "good", "unwatched"]), max_size=9),
    some.dictionaries(
        some.integers(1, 9), some.dictionaries(some.sampled_from("abc"), tallies, max_size=3)
    ),
    some.none() | some.integers(1, 9),
    some.sets(some.integers(1, 9), max_size=4),
)


@given(worlds, some.integers(1, 12), some.sampled_from(["", "a", "b", "c"]))
def test_no_machine_is_served_anything_else_afterwards(
    world: tuple[list[GenerationRow], Standings], keep: int, machine: str
) -> None:
    before, stands = world
    gone = let_go(before, stands, keep)
    after = [one for one in before if one not in gone]
    assert served(after, stands, "s/ember", machine) == served(before, stands, "s/ember", machine)


@given(worlds, some.integers(1, 12))
def test_the_newest_always_stay(world: tuple[list[GenerationRow], Standings], keep: int) -> None:
    before, stands = world
    gone = let_go(before, stands, keep)
    assert not [one for one in before[:keep] if one in gone]


@given(worlds, some.integers(1, 12), some.sets(some.integers(1, 9)))
def test_what_is_in_use_stays(
    world: tuple[list[GenerationRow], Standings], keep: int, used: set[int]
) -> None:
    before, stands = world
    images = {f"quiet-{number}" for number in used}
    for one in let_go(before, stands, keep, in_use=images):
        assert not images.intersection(images_of(one))


@given(worlds, some.integers(1, 12))
def test_letting_go_twice_lets_nothing_more_go(
    world: tuple[list[GenerationRow], Standings], keep: int
) -> None:
    before, stands = world
    after = [one for one in before if one not in let_go(before, stands, keep)]
    assert let_go(after, stands, keep) == ()


@given(worlds, some.integers(1, 12))
def test_keeping_more_never_lets_more_go(
    world: tuple[list[GenerationRow], Standings], keep: int
) -> None:
    before, stands = world
    more = {one.number for one in let_go(before, stands, keep + 1)}
    assert more <= {one.number for one in let_go(before, stands, keep)}


def test_the_oldest_go() -> None:
    assert numbers(let_go(rows(7, "good"), Standings(), 5)) == [2, 1]


def test_each_host_keeps_its_own() -> None:
    both = [*rows(3, "good"), *rows(2, "good", "s/anvil")]
    assert [(one.host, one.number) for one in let_go(both, Standings(), 2)] == [("s/ember", 1)]


def test_what_is_pinned_stays() -> None:
    stands = Standings(pins={"s/ember": "s/ember-1"})
    assert numbers(let_go(rows(4, "good"), stands, 1)) == [3, 2]


def test_the_last_good_one_stays_behind_many_on_trial() -> None:
    every = [*rows(9)[:6], row(3, "good"), row(2, "good"), row(1, "good")]
    assert numbers(let_go(every, Standings(), 2)) == [7, 6, 5, 4, 2, 1]


def test_what_a_menu_offers_stays() -> None:
    assert numbers(let_go(rows(5, "good"), Standings(), 1, least={"s/ember": 4})) == [1]


def test_a_machine_that_cannot_run_the_newest_keeps_what_it_is_served() -> None:
    stands = Standings(
        {
            "s/ember-4": {"a": Tally(failures=FAILURES), "b": Tally(ups=1)},
            "s/ember-3": {"a": Tally(failures=FAILURES), "b": Tally(ups=1)},
        }
    )
    assert numbers(let_go(rows(5, "good")[1:], stands, 1)) == [3, 1]


def test_whose_they_are_is_said_short() -> None:
    assert counted([*rows(2), row(1, host="s/anvil")]) == "1 of anvil and 2 of ember"
    many = [row(1, host=f"s/h{number}") for number in range(9)]
    assert counted(many) == "1 of h0, 1 of h1, 1 of h2 and others of 6 more hosts"
