"""How full a disk may get."""

from hypothesis import given
from hypothesis import strategies as some

from appliance.model.storage import FULL, ROOMY, STATES, TIGHT
from services.nix.room import (
    Disk,
    ended,
    full_below,
    not_begun,
    sentence,
    state,
    stop_below,
    stopped,
    tight_below,
)

GIB = 1 << 30
sizes = some.integers(1, 1 << 50)


@given(sizes)
def test_it_is_told_before_builds_wait_before_one_is_ended(size: int) -> None:
    assert stop_below(size) <= full_below(size) <= tight_below(size) <= size


@given(sizes, some.sampled_from(STATES), some.data())
def test_more_room_is_never_worse(size: int, before: str, data: some.DataObject) -> None:
    free = data.draw(some.integers(0, size))
    more = data.draw(some.integers(free, size))
    worse, better = (STATES.index(state(Disk("store", one, size), before)) for one in (free, more))
    assert better <= worse


@given(sizes, some.data())
def test_a_disk_at_a_bound_does_not_flap(size: int, data: some.DataObject) -> None:
    free = data.draw(some.integers(0, size))
    once = state(Disk("store", free, size), ROOMY)
    assert state(Disk("store", free, size), once) == once


def test_a_large_disk_has_bounds_in_gibibytes() -> None:
    assert [state(Disk("store", free * GIB, 4_000 * GIB), ROOMY) for free in (1, 3, 9)] == [
        FULL,
        TIGHT,
        ROOMY,
    ]


def test_builds_that_wait_say_why_and_what_helps() -> None:
    assert sentence(Disk("store", GIB, 64 * GIB), FULL) == (
        "1.0 GiB of 64.0 GiB are free on the disk of the store, too little to build on: builds "
        "wait, what is published is served. Let go of old generations under Storage, or plug in a "
        "larger disk; builds then go on by themselves."
    )


def test_with_room_nothing_is_said() -> None:
    assert sentence(Disk("store", 60 * GIB, 64 * GIB), ROOMY) == ""


def test_a_build_that_was_ended_says_what_it_took() -> None:
    assert stopped(GIB // 2, 9 * GIB).startswith(
        "The disk of the store is full. The build took 9.0 GiB and was stopped while 512 MiB were "
    )


def test_a_fetch_or_an_evaluation_that_was_ended_says_what_went() -> None:
    said = ended(GIB // 4, 3 * GIB)
    assert said.startswith("The disk of the store is full. 3.0 GiB went while this was fetched or")
    assert "256 MiB were left, which the router needs itself" in said


def test_what_others_filled_is_nobodys_fault_who_waits() -> None:
    assert not_begun(GIB // 4).startswith("256 MiB are left on the disk of the store, which the")
