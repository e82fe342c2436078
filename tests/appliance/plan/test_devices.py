"""The steps towards the devices' table."""

from appliance.plan.devices import CHAINS, Add, Drop, Lay, State, steps, wanted

A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"


def test_nothing_is_done_where_nothing_differs() -> None:
    assert steps(wanted([A], [A, B]), wanted([A], [A, B])) == ()


def test_a_missing_table_is_laid_with_its_blocks() -> None:
    aim = wanted([A], [B])
    assert steps(aim, State()) == (Lay(aim.sets),)


def test_a_table_with_other_rules_is_laid_anew() -> None:
    aim = wanted([A], [B])
    assert steps(aim, State({**CHAINS, "leaving": ()}, aim.sets)) == (Lay(aim.sets),)


def test_a_set_that_is_missing_lays_the_table_anew() -> None:
    aim = wanted([A], [])
    present = State(CHAINS, {name: macs for name, macs in aim.sets.items() if name != "sent"})
    assert steps(aim, present) == (Lay(aim.sets),)


def test_members_come_before_others_go() -> None:
    assert steps(wanted([B], []), wanted([A], [])) == (Add("blocked", (B,)), Drop("blocked", (A,)))


def test_no_table_wanted_leaves_what_is_there() -> None:
    assert steps(State(), wanted([A], [])) == ()
