from itertools import product

import pytest

from appliance.once import EVENTS, ONCE, STATES, TRANSITIONS, after, gives

LONG = 6
"""How many things happen in the longest story: all of them are told, 56,000 for each kind."""


def stories(kind: str, *, watched: bool = True) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Every story with the state after each of its events."""
    found = []
    for length in range(1, LONG + 1):
        for told in product(EVENTS, repeat=length):
            state, states = "asked", []
            for event in told:
                state = after(kind, state, event, watched=watched)
                states.append(state)
            found.append((told, tuple(states)))
    return found


ALL = {
    (kind, watched): stories(kind, watched=watched) for kind in ONCE for watched in (True, False)
}


@pytest.mark.parametrize("case", ALL)
def test_what_may_have_run_is_never_given_again(case: tuple[str, bool]) -> None:
    for told, states in ALL[case]:
        ran = given = False
        for event, state in zip(told, states, strict=True):
            given = given or event == "gives"
            ran = ran or (given and event in ("sent", "cut"))
            if event == "failed":
                ran = False  # iPXE is still there, so nothing ran
            assert not (ran and gives(state)), (told, states)


@pytest.mark.parametrize("case", ALL)
def test_what_phoned_home_is_over_for_ever(case: tuple[str, bool]) -> None:
    for told, states in ALL[case]:
        if "up" in told:
            assert set(states[told.index("up") :]) == {"spent"}, told


def test_an_installation_that_was_not_heard_of_is_never_taken_for_done() -> None:
    for told, states in ALL["install", True]:
        assert ("spent" in states) == ("up" in told), (told, states)


@pytest.mark.parametrize("case", ALL)
def test_asking_and_giving_alone_never_use_it_up(case: tuple[str, bool]) -> None:
    for told, states in ALL[case]:
        if set(told) <= {"asks", "gives", "failed"}:
            assert gives(states[-1]), (told, states)


def test_only_an_installation_waits_for_the_owner() -> None:
    assert {state for _, states in ALL["rescue", True] for state in states} == (
        set(STATES) - {"unsure"}
    )
    assert {state for _, states in ALL["install", True] for state in states} == set(STATES)


def test_nobody_waits_for_what_cannot_phone_home() -> None:
    for kind in ONCE:
        assert {state for _, states in ALL[kind, False] for state in states} == {
            "asked",
            "given",
            "spent",
        }


def test_the_table_has_no_word_of_its_own() -> None:
    assert {word for state, _ in TRANSITIONS for word in (state,)} <= set(STATES)
    assert {event for _, event in TRANSITIONS} <= set(EVENTS)
    assert set(TRANSITIONS.values()) <= set(STATES)
