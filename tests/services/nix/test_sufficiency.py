"""What a build takes: laws of the estimate, and the sentences that an owner reads."""

from hypothesis import given
from hypothesis import strategies as some

from appliance.model.outlook import BAD, OK, WARN, Outlook
from appliance.store.outlooks import Timing
from services.nix.shortage import Forecast
from services.nix.sufficiency import (
    LARGEST_SHARE,
    LEAST_SHARE,
    Demand,
    Here,
    about,
    disk_needed,
    expected_seconds,
    guess,
    guessed_seconds,
    of_router,
    outlook,
)

MIB, GIB = 1 << 20, 1 << 30
HERE = Here(processors=4, memory=8 * GIB, builds_memory=6 * GIB, free=40 * GIB, write=200e6)
BUILDS = Forecast(fetched=0, builds=True, derivations=31)


def took(
    seconds: float,
    *,
    host: str = "s/ember",
    derivations: int = 31,
    whole: bool = True,
    builder: str = "",
    disk: int = 0,
    memory: int = 0,
) -> Timing:
    return Timing("b", host, builder, whole, seconds, derivations, disk, memory, 0.0)


def said(demand: Demand, here: Here = HERE, *timings: Timing) -> list[tuple[str, str]]:
    return [(one.kind, one.what) for one in outlook(demand, here, timings)[1]]


timings = some.lists(
    some.builds(
        took,
        some.floats(0.1, 1e5),
        host=some.sampled_from(["s/ember", "s/anvil"]),
        derivations=some.integers(1, 5_000),
        whole=some.booleans(),
        disk=some.integers(0, 1 << 40),
        memory=some.integers(0, 1 << 40),
    ),
    max_size=8,
)
forecasts = some.builds(
    lambda fetched, count: Forecast(fetched, count > 0, fetched // 3, count),
    some.integers(0, 1 << 40),
    some.integers(0, 5_000),
)
demands = some.builds(
    Demand,
    some.just("s/ember"),
    forecasts,
    last=some.integers(0, 1 << 36),
    evaluation=some.integers(0, 1 << 36),
)
machines = some.builds(
    Here,
    some.integers(1, 128),
    some.integers(1 << 28, 1 << 40),
    some.none() | some.integers(1 << 28, 1 << 40),
    some.integers(0, 1 << 42),
    some.none() | some.floats(1e5, 1e10),
)


@given(demands, machines, timings)
def test_every_host_gets_a_few_words_and_a_reason(
    demand: Demand, here: Here, past: list[Timing]
) -> None:
    short, needs = outlook(demand, here, past)
    assert 0 < len(short) < 60
    assert needs
    assert all(one.what.endswith(".") and bool(one.way) == bool(one.link) for one in needs)


@given(demands, machines, timings, some.integers(0, 1 << 42))
def test_more_disk_never_makes_it_worse(
    demand: Demand, here: Here, past: list[Timing], more: int
) -> None:
    roomy = Here(here.processors, here.memory, here.builds_memory, here.free + more, here.write)
    before, after = (
        sum(one.kind == BAD for one in outlook(demand, each, past)[1]) for each in (here, roomy)
    )
    assert after <= before


@given(some.integers(0, 5_000), timings)
def test_a_time_is_within_what_the_hosts_own_builds_took(
    derivations: int, past: list[Timing]
) -> None:
    own = [one.seconds for one in past if one.host == "s/ember" and one.whole]
    found = expected_seconds(derivations, "s/ember", past)
    if own:
        assert found is not None
        slack = 1e-6 * max(own)
        assert min(own) * LEAST_SHARE - slack <= found <= max(own) * LARGEST_SHARE + slack


@given(some.integers(0, 5_000), some.integers(0, 5_000), timings)
def test_more_to_build_never_takes_less(one: int, other: int, past: list[Timing]) -> None:
    few, many = sorted((one, other))
    shorter = expected_seconds(few, "s/ember", past)
    longer = expected_seconds(many, "s/ember", past)
    assert (shorter is None) == (longer is None)
    assert shorter is None or longer is None or shorter <= longer


@given(forecasts, machines)
def test_more_processors_never_take_longer(told: Forecast, here: Here) -> None:
    twice = Here(2 * here.processors, here.memory, here.builds_memory, here.free, here.write)
    assert guessed_seconds(told, 0, twice) <= guessed_seconds(told, 0, here)


@given(demands, timings)
def test_what_is_fetched_always_fits_into_what_is_needed(
    demand: Demand, past: list[Timing]
) -> None:
    assert disk_needed(demand, past) >= demand.forecast.fetched


@given(some.floats(0, 1e7))
def test_no_time_is_said_to_the_second(seconds: float) -> None:
    assert about(seconds).startswith(("about ", "less than "))
    assert not guess(seconds).startswith("about")


def test_what_was_timed_is_said_as_it_was() -> None:
    short, needs = outlook(Demand("s/ember", BUILDS), HERE, (took(700), took(720), took(710)))
    assert short == "about 12 minutes here"
    assert needs[0].what == "Builds here in about 12 minutes."
    assert Outlook("s/ember", short, needs, 0.0).kind == OK


def test_others_say_how_long_a_derivation_takes() -> None:
    told = said(Demand("s/ember", BUILDS), HERE, took(100, host="s/anvil", derivations=10))
    assert told[0] == (OK, "Builds here in about 5 minutes.")


def test_a_first_build_is_a_guess_and_says_so() -> None:
    ((kind, what),) = said(Demand("s/ember", BUILDS))
    assert kind == OK
    assert what == (
        "Builds here, some minutes at a guess: 31 derivations on 4 processors. No build was timed "
        "here yet; the first one says more."
    )


def test_a_long_build_names_the_way_out() -> None:
    _, needs = outlook(Demand("s/ember", BUILDS), HERE, (took(9_000),))
    assert (needs[0].kind, needs[0].link) == (WARN, "/builders")


def test_what_is_only_fetched_is_not_built() -> None:
    short, needs = outlook(
        Demand("s/ember", Forecast(3 * GIB, builds=False, download=GIB)), HERE, ()
    )
    assert short == "fetches 1.0 GiB"
    assert needs[0].what == "Fetches 1.0 GiB, builds nothing."


def test_a_disk_that_is_too_small_says_how_much_is_missing() -> None:
    small = Here(4, 8 * GIB, None, 5 * GIB)
    demand = Demand("s/ember", Forecast(10 * GIB, True, 3 * GIB, 12), last=4 * GIB)
    short, needs = outlook(demand, small, ())
    assert short == "needs 9.0 GiB more disk"
    (missing,) = [one for one in needs if one.kind == BAD]
    assert missing.what.startswith(
        "Needs 9.0 GiB more disk while the squashfs is made: about 14.0 GiB, and 5.0 GiB are free."
    )
    assert missing.link == "/storage"


def test_a_build_that_filled_the_disk_is_remembered() -> None:
    demand = Demand("s/ember", BUILDS, last=GIB)
    assert disk_needed(demand, [took(60, whole=False, disk=40 * GIB)]) == 50 * GIB


def test_a_build_of_another_size_says_nothing_of_the_disk() -> None:
    demand = Demand("s/ember", BUILDS, last=GIB)
    assert disk_needed(demand, [took(60, derivations=3_000, disk=50 * GIB)]) == GIB


def test_of_what_a_builder_makes_only_the_image_takes_room_here() -> None:
    demand = Demand("s/ember", BUILDS, builder="kiln", last=3 * GIB)
    short, needs = outlook(demand, HERE, (took(250, builder="kiln"), took(9_000)))
    assert short == "about 4 minutes on kiln"
    assert [one.what for one in needs] == [
        "Builds on kiln in about 4 minutes. Only its image comes home."
    ]


def test_an_image_that_has_no_room_to_come_home_is_said() -> None:
    """It lies here twice for a moment (`remote/driver.py` refuses what does not fit)."""
    demand = Demand("s/ember", BUILDS, builder="kiln", last=25 * GIB)
    short, needs = outlook(demand, HERE, (took(250, builder="kiln"),))
    assert short == "needs 10.0 GiB more disk"
    assert (needs[1].kind, needs[1].link, needs[1].what) == (
        BAD,
        "/storage",
        "Needs 10.0 GiB more disk while its image comes home: about 50.0 GiB, and 40.0 GiB are "
        "free. Plug in a larger disk, or let go of old generations.",
    )
    tight = Demand("s/ember", BUILDS, builder="kiln", last=15 * GIB)
    assert said(tight, HERE)[1:] == [
        (WARN, "Takes about 30.0 GiB of the disk while its image comes home; 40.0 GiB are free.")
    ]


def test_without_a_builder_for_it_there_is_one_way_out() -> None:
    demand = Demand("s/ember", BUILDS, nobody="It needs one.", systems=("aarch64-linux",))
    short, needs = outlook(demand, HERE, ())
    assert short == "needs a builder for aarch64-linux"
    assert [(one.kind, one.link) for one in needs] == [(BAD, "/builders")]


def test_an_evaluation_that_is_large_for_the_router_is_a_warning() -> None:
    small = Here(2, 2 * GIB, None, 40 * GIB)
    demand = Demand("s/ember", Forecast(0, builds=False), evaluation=int(2.1 * GIB))
    assert (
        WARN,
        "Needs 2.1 GiB to evaluate; this router has 2.0 GiB. Let a builder evaluate, give it more "
        "memory, or split what the host imports.",
    ) in said(demand, small)


def test_a_slow_disk_is_named() -> None:
    slow = Here(4, 8 * GIB, None, 40 * GIB, write=5e6)
    told = said(Demand("s/ember", Forecast(3 * GIB, True, GIB, 4)), slow)
    assert any(kind == WARN and "is slow, 5 MB/s" in what for kind, what in told)


def test_memory_that_the_last_build_nearly_used_up_is_a_warning() -> None:
    told = said(Demand("s/ember", BUILDS), HERE, took(60, memory=5 * GIB))
    assert any(kind == WARN and "held 5.0 GiB of memory, of 6.0 GiB" in what for kind, what in told)


def test_a_router_with_enough_says_what_it_has() -> None:
    short, needs = of_router(HERE)
    assert (short, {one.kind for one in needs}) == ("builds by itself", {OK})
    assert [one.what for one in needs] == [
        "A NixOS host takes about 2 GiB of memory to evaluate; this router has 8.0 GiB.",
        "40.0 GiB are free for what is built and for images.",
        "4 processors, 6.0 GiB of memory for builds and a disk that takes 191 MiB a second. What a "
        "cache has is not built, only fetched.",
    ]


def test_a_small_router_says_what_it_is_short_of_and_the_way_out() -> None:
    small = Here(processors=1, memory=1 * GIB, builds_memory=None, free=4 * GIB, write=9e6)
    short, needs = of_router(small)
    assert short == "has little of something"
    assert [(one.kind, one.link) for one in needs] == [
        (WARN, "/builders"),
        (WARN, "/storage"),
        (WARN, "/builders"),
    ]
    assert needs[2].what.startswith("One processor and a disk that takes 9 MiB a second, which")
    helped = of_router(small, "kiln")[1][0]
    assert (helped.kind, helped.what) == (OK, "kiln says what the hosts of your flakes are.")


def test_a_router_of_which_little_is_known_says_that() -> None:
    bare = Here(processors=1, memory=8 * GIB, builds_memory=None, free=40 * GIB, write=None)
    assert of_router(bare)[1][2].what == (
        "One processor. What a cache has is not built, only fetched."
    )
