from typing import Any

from appliance.plan.expression import rule
from appliance.plan.firewall import Chain, DropTable, Hook, Refill, State, steps
from services.firewall.canonical import commands, state

ACCEPT = {"accept": None}
OURS = {"family": "inet", "table": "nixie"}
TABLE = {"table": {"family": "inet", "name": "nixie", "handle": 1}}
HOOKED = {
    "chain": {
        **OURS,
        "name": "input",
        "handle": 1,
        "type": "filter",
        "hook": "input",
        "prio": 0,
        "policy": "drop",
    }
}


def listed_rule(*expression: Any, **more: Any) -> dict[str, Any]:
    return {"rule": {**OURS, "chain": "input", "handle": 7, "expr": list(expression), **more}}


def verbs(step: Refill) -> list[str]:
    """Each command as "verb kind name"."""
    found = []
    for command in commands(step):
        ((verb, what),) = command.items()
        ((kind, body),) = what.items()
        found.append(f"{verb} {kind} {body.get('name') or body.get('chain')}")
    return found


def test_other_tables_are_not_looked_at() -> None:
    assert state([{"table": {"family": "ip", "name": "nixie"}}]) == State()
    foreign = {"family": "ip", "table": "nixie", "name": "x", "handle": 1}
    assert state([{"chain": foreign}, {"metainfo": {}}]) == State()


def test_handles_are_left_out() -> None:
    found = state([TABLE, HOOKED, listed_rule(ACCEPT, comment="one")])
    assert found.chains["input"].rules == (rule("one", ACCEPT),)


def test_a_hook_is_read() -> None:
    hook = Hook("filter", "input", 0, "drop")
    assert state([TABLE, HOOKED]).chains["input"] == Chain("input", hook, ())


def test_members_of_a_set_have_one_order() -> None:
    def listed(members: list[Any]) -> State:
        return state([TABLE, HOOKED, listed_rule({"match": {"right": {"set": members}}})])

    assert listed([53, 67]) == listed([67, 53])


def test_what_a_counter_counted_is_left_out() -> None:
    def listed(packets: int) -> State:
        counter = {**OURS, "name": "c", "handle": 3, "packets": packets, "bytes": 9}
        inline = listed_rule({"counter": {"packets": packets, "bytes": 9}}, ACCEPT)
        return state([TABLE, HOOKED, {"counter": counter}, inline])

    assert listed(0) == listed(6)


def test_what_packets_put_into_a_set_is_left_out() -> None:
    def listed(flags: list[str], elements: list[str]) -> State:
        body = {**OURS, "name": "s", "handle": 3, "type": "ipv4_addr", "flags": flags}
        return state([TABLE, {"set": {**body, "elem": elements}}])

    assert listed(["dynamic"], ["10.0.0.1"]) == listed(["dynamic"], [])
    assert listed(["interval"], ["10.0.0.1"]) != listed(["interval"], [])


def refill(wanted: State, present: State) -> Refill:
    (step,) = steps(wanted, present)
    assert isinstance(step, Refill)
    return step


BASE = Chain("input", Hook("filter", "input", 0, "drop"), (rule("one", ACCEPT),))
COUNTED = {("counter", "c"): {"name": "c"}}


def test_a_new_table_is_made_in_one_go() -> None:
    step = refill(State(stands=True, chains={"input": BASE}, named=COUNTED), State())
    assert verbs(step)[:2] == ["add table nixie", "add chain input"]
    assert verbs(step)[-1] == "add rule input"


def test_a_changed_chain_is_flushed_before_it_is_filled() -> None:
    old = Chain("input", BASE.hook, ())
    step = refill(
        State(stands=True, chains={"input": BASE}), State(stands=True, chains={"input": old})
    )
    found = verbs(step)
    assert found.index("flush chain input") < found.index("add rule input")
    assert "delete chain input" not in found


def test_a_chain_with_another_hook_is_deleted_first() -> None:
    old = Chain("input", Hook("filter", "input", 5, "drop"), ())
    step = refill(
        State(stands=True, chains={"input": BASE}), State(stands=True, chains={"input": old})
    )
    found = verbs(step)
    assert found.index("delete chain input") < found.index("add chain input")


def test_a_counter_goes_after_the_rules_that_used_it() -> None:
    present = State(stands=True, chains={"input": BASE}, named=COUNTED)
    step = refill(State(stands=True, chains={}), present)
    assert verbs(step)[1:] == ["flush chain input", "delete chain input", "delete counter c"]


def test_the_whole_table_goes_in_one_command() -> None:
    (command,) = commands(DropTable())
    assert command == {"delete": {"table": {"family": "inet", "name": "nixie"}}}
