from dataclasses import replace

from appliance.model.builders import Builder
from appliance.store.builder_states import LOST, READY, BuilderState
from services.nix.remote.choice import (
    by_features,
    evaluators,
    helpers,
    nobody,
    places,
    ready,
    served,
)

KILN = Builder("k", "kiln", "kiln.lan", 22, "nix", ("aarch64-linux",), 2, 1, True, "key")
OVEN = replace(KILN, id="o", name="oven", speed=5)
X86, ARM = frozenset({"x86_64-linux"}), frozenset({"aarch64-linux"})
NEEDS = "It needs a builder for aarch64-linux: this router cannot build for it, and no builder"


def test_only_those_that_are_there_are_asked() -> None:
    states = {"k": BuilderState("k", READY), "o": BuilderState("o", LOST)}
    assert ready([KILN, OVEN], states, ARM) == (KILN,)
    assert ready([KILN, OVEN], {}, ARM) == ()
    assert ready([KILN, OVEN], states, X86) == ()


def test_one_is_asked_whether_it_is_still_there() -> None:
    states = {one: BuilderState(one, READY) for one in "ko"}
    assert ready([KILN, OVEN], states, ARM, "k") == (KILN,)
    assert ready([OVEN], states, ARM, "k") == ready([KILN], {}, ARM, "k") == ()


def test_those_that_share_are_not_given_whole_builds() -> None:
    states = {one: BuilderState(one, READY) for one in "ko"}
    both = [replace(KILN, shares=True), OVEN]
    assert (ready(both, states, ARM), helpers(both, states)) == ((OVEN,), (both[0],))
    assert helpers(both, {}) == helpers([replace(both[0], enabled=False)], states) == ()
    assert served(both) == ARM


def test_those_that_evaluate_are_asked_when_they_are_there() -> None:
    states = {"k": BuilderState("k", READY), "o": BuilderState("o", LOST)}
    both = [replace(one, evaluates=True) for one in (KILN, OVEN)]
    assert evaluators([*both, replace(KILN, evaluates=False)], states) == (both[0],)


def test_who_has_what_is_required_is_asked_first_and_nobody_is_left_out() -> None:
    able = replace(KILN, features=("kvm", "big-parallel"))
    half = replace(KILN, features=("kvm",))
    assert by_features([OVEN, half, able], {"kvm", "big-parallel"}) == (able, half, OVEN)
    assert by_features([OVEN, half, able], {"kvm"}) == (half, able, OVEN)
    assert by_features([OVEN, half, able], ()) == (OVEN, half, able)


def test_without_a_builder_one_is_asked_for() -> None:
    assert nobody([], {}, ARM, X86) == f"{NEEDS} does. Add one under Builders."


def test_with_builders_each_says_why_it_does_not() -> None:
    states = {"k": BuilderState("k", LOST, "kiln.lan does not answer.")}
    off, strange = replace(OVEN, enabled=False), replace(OVEN, name="new", host_key="")
    fresh = replace(OVEN, name="fresh")
    assert nobody([KILN, off, strange, fresh], states, ARM, X86) == (
        f"{NEEDS} for it is ready. kiln: kiln.lan does not answer. oven: it is switched off. "
        "new: its host key waits to be compared, under Builders. fresh: it was not tried yet."
    )


def test_what_this_router_may_not_build_says_so() -> None:
    what = nobody([], {}, X86, X86)
    assert what.startswith("It needs a builder for x86_64-linux: its source is built on builders")
    assert what.endswith("Add one under Builders.")


def test_builds_go_on_at_once_here_and_on_each_builder_of_whole_builds() -> None:
    assert places([], {}) == 1
    several = [KILN, replace(KILN, id="o"), replace(KILN, id="s", shares=True)]
    there = {one.id: BuilderState(one.id, READY) for one in several}
    assert places(several, there) == 3
    assert places(several, {**there, "o": BuilderState("o", LOST)}) == 2
