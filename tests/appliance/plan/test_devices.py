"""The steps towards the devices' table."""

from appliance.plan.devices import CHAINS, Add, Apart, Drop, Lay, State, steps, wanted

A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"


def test_nothing_is_done_where_nothing_differs() -> None:
    assert steps(wanted([A], [A, B]), wanted([A], [A, B])) == ()


def test_a_missing_table_is_laid_with_its_blocks() -> None:
    aim = wanted([A], [B])
    assert steps(aim, State()) == (Lay(aim.chains, aim.sets),)


def test_a_table_with_other_rules_is_laid_anew() -> None:
    aim = wanted([A], [B])
    assert steps(aim, State({**CHAINS, "leaving": ()}, aim.sets)) == (Lay(aim.chains, aim.sets),)


def test_a_set_that_is_missing_lays_the_table_anew() -> None:
    aim = wanted([A], [])
    present = State(CHAINS, {name: macs for name, macs in aim.sets.items() if name != "sent"})
    assert steps(aim, present) == (Lay(aim.chains, aim.sets),)


def test_members_come_before_others_go() -> None:
    assert steps(wanted([B], []), wanted([A], [])) == (Add("blocked", (B,)), Drop("blocked", (A,)))


def test_no_table_wanted_leaves_what_is_there() -> None:
    assert steps(State(), wanted([A], [])) == ()


LAN = Apart("lan", ("eth1", "eth2"), frozenset({A}))


def test_a_network_that_keeps_newcomers_apart_has_a_chain_between_its_ports() -> None:
    aim = wanted([], [], [LAN])
    assert aim.sets["admitted-lan"] == {A}
    assert [one["comment"] for one in aim.chains["between"] if {"drop": None} in one["expr"]] == [
        "newcomers-lan",
        "newcomers-lan",
    ]


def test_letting_somebody_in_lays_nothing_anew() -> None:
    more = Apart("lan", LAN.ports, frozenset({A, B}))
    assert steps(wanted([], [], [more]), wanted([], [], [LAN])) == (Add("admitted-lan", (B,)),)


def test_a_network_without_a_port_keeps_nobody_apart() -> None:
    assert wanted([], [], [Apart("lan", (), frozenset())]) == wanted([], [])
