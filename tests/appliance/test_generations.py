"""Which generation is served, whatever machines and owners do, over the tables that keep it."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from appliance.generations import FAILURES, NOTHING_KNOWN, Standings, Tally, booted, served
from appliance.store import boots, generations
from appliance.store.journal import transaction

HOST = "s1/ember"
MACHINES = ("anvil", "bellows", "lan|52:54:00:00:77:09")


@dataclass(frozen=True)
class Made:
    """A generation, as far as the choice looks at it."""

    image: str
    state: str = "trial"
    specialisations: Mapping[str, str] = field(default_factory=dict, compare=False)


NEW, MIDDLE, OLD = Made("new"), Made("middle"), Made("old")
EVERY = (NEW, MIDDLE, OLD)
UP, FAILED = Tally(ups=1), Tally(failures=FAILURES, boot="b1")


def test_the_newest_is_served_while_it_is_on_trial() -> None:
    assert served(EVERY, NOTHING_KNOWN, HOST, "anvil") == NEW


def test_one_failure_takes_nothing_away() -> None:
    once = Standings({"new": {"anvil": Tally(failures=FAILURES - 1)}, "old": {"anvil": UP}})
    assert served(EVERY, once, HOST, "anvil") == NEW


def test_a_bad_one_makes_room_for_the_last_good_one_for_everybody() -> None:
    stands = Standings({"new": {"anvil": FAILED}, "old": {"anvil": UP}})
    assert [served(EVERY, stands, HOST, machine) for machine in MACHINES] == [OLD] * 3


def test_one_that_fails_on_one_machine_stays_with_those_that_run_it() -> None:
    stands = Standings({"new": {"anvil": FAILED, "bellows": UP}, "middle": {"bellows": UP}})
    assert stands.state("new", "trial") == "good"
    assert served(EVERY, stands, HOST, "bellows") == NEW
    assert served(EVERY, stands, HOST, "anvil") == MIDDLE


def test_a_machine_on_which_every_one_failed_goes_on_with_the_newest_good_one() -> None:
    stands = Standings({one.image: {"anvil": FAILED, "bellows": UP} for one in EVERY})
    assert served(EVERY, stands, HOST, "anvil") == NEW


def test_without_a_good_one_an_older_one_on_trial_may_prove_itself() -> None:
    assert served(EVERY, Standings({"new": {"anvil": FAILED}}), HOST, "anvil") == MIDDLE


def test_when_every_one_is_bad_none_is_served() -> None:
    stands = Standings({one.image: {"anvil": FAILED} for one in EVERY})
    assert served(EVERY, stands, HOST, "anvil") is None


def test_a_pinned_one_is_served_though_it_is_bad() -> None:
    stands = Standings({"new": {"anvil": FAILED}, "old": {"anvil": UP}}, {HOST: "new"})
    assert stands.state("new", "trial") == "bad"
    assert served(EVERY, stands, HOST, "anvil") == NEW


def test_a_pin_of_another_host_says_nothing() -> None:
    assert served(EVERY, Standings(pins={"s1/other": "old"}), HOST) == NEW


def test_one_the_owner_rolled_back_from_is_bad_though_machines_run_it() -> None:
    stands = Standings({"new": {"anvil": UP}, "middle": {"anvil": UP}}, aside=frozenset({"new"}))
    assert (stands.state("new", "good"), served(EVERY, stands, HOST)) == ("bad", MIDDLE)


def test_what_build_knows_to_be_good_is_good_without_a_tally() -> None:
    assert NOTHING_KNOWN.state("old", "good") == "good"


def test_an_unwatched_one_is_never_bad_for_its_silence() -> None:
    assert Standings({"new": {"anvil": FAILED}}).state("new", "unwatched") == "unwatched"


def test_what_is_not_on_the_disk_is_not_served() -> None:
    assert served(EVERY, NOTHING_KNOWN, HOST, there=lambda image: image != "new") == MIDDLE


@pytest.mark.parametrize(("special", "got"), [("old", OLD), ("", None)])
def test_a_specialisation_is_judged_by_its_own_image(special: str, got: Made | None) -> None:
    stands = Standings({"n-gaming": {"anvil": FAILED}, "m-gaming": {"anvil": FAILED}})
    images = {NEW: "n-gaming", MIDDLE: "m-gaming", OLD: special}
    assert served(EVERY, stands, HOST, "anvil", boots=lambda one: images[one]) == got
    assert served(EVERY, stands, HOST, "anvil") == NEW


def test_a_good_generation_says_nothing_of_its_specialisation() -> None:
    stands = Standings({"n-gaming": {"anvil": FAILED}})
    proved = Made("new", "good", {"gaming": "n-gaming"})
    older = Made("old", "good", {"gaming": "o-gaming"})
    gaming = served(
        (proved, older), stands, HOST, "bellows", boots=lambda one: booted(one, "gaming")
    )
    assert (gaming, served((proved, older), stands, HOST, "bellows")) == (older, proved)


class Life(RuleBasedStateMachine):
    """A host's whole life: builds, boots, failures, decisions and clearing away, in any order."""

    which = st.integers(0, 9)
    who = st.sampled_from(MACHINES)

    @initialize()
    def begin(self) -> None:
        self.file = sqlite3.connect(":memory:", isolation_level=None)
        for script in boots.MIGRATIONS:
            self.file.executescript(script)
        self.there: list[Made] = []  # newest first
        self.made = 0

    def teardown(self) -> None:
        if hasattr(self, "file"):
            self.file.close()

    @property
    def stands(self) -> Standings:
        return generations.standings(self.file)

    def one(self, which: int) -> Made:
        return self.there[which % len(self.there)]

    @rule(watched=st.booleans(), again=st.booleans())
    def is_published(self, watched: bool, again: bool) -> None:
        """A revision that is taken back makes an image that was there before."""
        self.made += 1
        old = self.there[-1] if again and self.there else None
        fresh = Made(f"image-{self.made}", "trial" if watched else "unwatched")
        self.there.insert(0, old or fresh)

    @precondition(lambda self: bool(getattr(self, "there", None)))
    @rule(which=which)
    def is_cleared_away(self, which: int) -> None:
        del self.there[which % len(self.there)]

    @precondition(lambda self: bool(getattr(self, "there", None)))
    @rule(which=which, who=who)
    def comes_up(self, which: int, who: str) -> None:
        """Also late, with an image that is not served any more."""
        with transaction(self.file):
            generations.count_up(self.file, self.one(which).image, who, 1.0)

    @precondition(lambda self: bool(getattr(self, "there", None)))
    @rule(who=who, times=st.integers(1, FAILURES + 1))
    def falls_short(self, who: str, times: int) -> None:
        """With what it is given, again and again."""
        for _ in range(times):
            given = served(self.there, self.stands, HOST, who)
            if given is not None and given.state != "unwatched":
                with transaction(self.file):
                    generations.count_failure(self.file, given.image, who, "b1", 1.0)

    @precondition(lambda self: bool(getattr(self, "there", None)))
    @rule(which=which)
    def is_pinned(self, which: int) -> None:
        generations.pin(self.file, HOST, self.one(which).image, 1.0)

    @rule()
    def is_unpinned(self) -> None:
        generations.unpin(self.file, HOST)

    @precondition(lambda self: bool(getattr(self, "there", None)))
    @rule(which=which)
    def is_rolled_back_from(self, which: int) -> None:
        generations.set_aside(self.file, HOST, self.one(which).image, 1.0)

    @precondition(lambda self: bool(getattr(self, "there", None)))
    @rule(which=which)
    def is_tried_again(self, which: int) -> None:
        generations.put_on_trial(self.file, self.one(which).image)

    @invariant()
    def a_good_one_leaves_no_machine_without(self) -> None:
        stands = self.stands
        if any(stands.state(one.image, one.state) == "good" for one in self.there):
            assert all(served(self.there, stands, HOST, who) for who in MACHINES)

    @invariant()
    def a_bad_one_is_served_only_when_pinned(self) -> None:
        stands = self.stands
        for who in MACHINES:
            given = served(self.there, stands, HOST, who)
            if given is not None and stands.state(given.image, given.state) == "bad":
                assert stands.pins[HOST] == given.image

    @invariant()
    def a_pinned_one_that_is_there_is_served(self) -> None:
        stands = self.stands
        pinned = stands.pins.get(HOST)
        if any(one.image == pinned for one in self.there):
            for who in MACHINES:
                given = served(self.there, stands, HOST, who)
                assert given is not None
                assert given.image == pinned

    @invariant()
    def nobodys_failure_takes_the_newest_from_a_machine_that_runs_it(self) -> None:
        stands = self.stands
        if not self.there or stands.pins or self.there[0].image in stands.aside:
            return
        for who, tally in stands.tallies.get(self.there[0].image, {}).items():
            if tally.ups:
                assert served(self.there, stands, HOST, who) == self.there[0]

    @invariant()
    def nobody_calls_an_unwatched_one_bad_but_its_owner(self) -> None:
        stands = self.stands
        for one in self.there:
            if one.state == "unwatched" and one.image not in stands.aside:
                assert stands.state(one.image, one.state) == "unwatched"


TestLife = Life.TestCase
