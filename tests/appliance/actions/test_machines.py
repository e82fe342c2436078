from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from appliance.actions import acts, changes, machines, networks, sources
from appliance.actions.desk import Desk
from appliance.actions.refusals import Clash, Unknown
from appliance.errors import Refused
from appliance.store import boots
from appliance.store.inventory_view import MachineView, UnknownView
from appliance.store.open import writer
from tests.appliance.actions.conftest import OWNER, Clock, Judge

MAC = "52:54:00:12:34:56"
Waits = Callable[..., None]


@pytest.fixture
def source(desk: Desk) -> str:
    return sources.add_source(desk, OWNER, "github:owner/hosts").subject


def only(desk: Desk) -> MachineView:
    (view,) = desk.reads.machines()
    return view


def test_a_new_machine_is_on_hold(desk: Desk) -> None:
    machines.add_machine(desk, OWNER, "52-54-00-12-34-56")
    view = only(desk)
    assert (view.name, view.macs, view.intent) == ("machine-123456", ((None, MAC),), "hold")


def test_assigning_an_unknown_mac_makes_a_machine(desk: Desk, source: str, judge: Judge) -> None:
    host = judge(source, "ember")
    done = machines.assign_machine(desk, OWNER, MAC, host="ember", name="desk-1", network="lan")
    view = only(desk)
    assert (view.id, view.name, view.macs) == (done.subject, "desk-1", (("lan", MAC),))
    assert (view.intent, view.host) == ("run", host)
    assert done.what == "desk-1 boots ember next time once it is built."


def test_every_assignment_has_a_new_intent_id(desk: Desk, source: str, judge: Judge) -> None:
    judge(source, "ember")
    machines.assign_machine(desk, OWNER, MAC, host="ember")
    first = only(desk).intent_id
    machines.assign_machine(desk, OWNER, MAC, host="ember")
    assert only(desk).intent_id != first


def test_undoing_an_assignment_brings_the_old_host_with_a_new_intent_id(
    desk: Desk, source: str, judge: Judge
) -> None:
    judge(source, "ember")
    judge(source, "quench")
    machines.assign_machine(desk, OWNER, MAC, host="ember")
    before = only(desk)
    machines.assign_machine(desk, OWNER, MAC, host="quench")
    acts.undo(desk, OWNER)
    after = only(desk)
    assert after.host == before.host
    assert after.intent_id != before.intent_id


def test_undoing_twice_goes_back_two_acts(desk: Desk, source: str, judge: Judge) -> None:
    for name in ("ember", "quench", "anvil"):
        judge(source, name)
        machines.assign_machine(desk, OWNER, MAC, host=name)
    acts.undo(desk, OWNER)
    acts.undo(desk, OWNER)
    assert only(desk).host == f"{source}/ember"


def test_undoing_an_undo_does_the_act_again(desk: Desk) -> None:
    machines.add_machine(desk, OWNER, MAC, name="desk-1")
    machines.rename_machine(desk, OWNER, "desk-1", "desk-2")
    undone = acts.undo(desk, OWNER)
    again = acts.undo(desk, OWNER, undone.act)
    assert again.what == "Done again: desk-1 is called desk-2."
    assert only(desk).name == "desk-2"


def test_an_act_on_a_row_that_changed_since_is_not_taken_back(desk: Desk) -> None:
    machines.add_machine(desk, OWNER, MAC, name="desk-1")
    first = machines.rename_machine(desk, OWNER, "desk-1", "desk-2")
    machines.rename_machine(desk, OWNER, "desk-2", "desk-3")
    with pytest.raises(Clash):
        acts.undo(desk, OWNER, first.act)
    assert only(desk).name == "desk-3"


def test_a_name_taken_meanwhile_stops_an_undo(desk: Desk) -> None:
    machines.add_machine(desk, OWNER, MAC, name="desk-1")
    removed = machines.remove_machine(desk, OWNER, "desk-1")
    machines.add_machine(desk, OWNER, "52:54:00:00:00:02", name="desk-1")
    with pytest.raises(Clash):
        acts.undo(desk, OWNER, removed.act)
    assert only(desk).macs == ((None, "52:54:00:00:00:02"),)


def test_a_removed_machine_comes_back_with_everything(
    desk: Desk, source: str, judge: Judge
) -> None:
    judge(source, "ember")
    machines.assign_machine(desk, OWNER, MAC, host="ember", name="desk-1")
    before = only(desk)
    machines.remove_machine(desk, OWNER, "desk-1")
    assert desk.reads.machines() == []
    acts.undo(desk, OWNER)
    after = only(desk)
    assert (after.id, after.macs, after.host) == (before.id, before.macs, before.host)


def test_a_hold_keeps_what_it_replaces(desk: Desk, source: str, judge: Judge) -> None:
    host = judge(source, "ember")
    machines.assign_machine(desk, OWNER, MAC, host="ember", name="desk-1")
    machines.hold_machine(desk, OWNER, "desk-1")
    assert only(desk).intent == "hold"
    machines.release_machine(desk, OWNER, "desk-1")
    assert (only(desk).intent, only(desk).host) == ("run", host)


def test_a_machine_that_never_had_anything_is_not_released(desk: Desk) -> None:
    machines.add_machine(desk, OWNER, MAC, name="desk-1")
    with pytest.raises(Refused, match="Assign a host or a menu"):
        machines.release_machine(desk, OWNER, "desk-1")


def test_one_mac_is_one_machine_per_network(desk: Desk) -> None:
    machines.add_machine(desk, OWNER, MAC, name="everywhere")
    with pytest.raises(Refused, match="belongs to everywhere"):
        machines.add_machine(desk, OWNER, MAC)
    machines.add_machine(desk, OWNER, MAC, network="lab", name="in-the-lab")
    assert len(desk.reads.machines()) == 2


@pytest.mark.parametrize(
    ("mac", "what"),
    [("nonsense", "write it like"), ("01:00:5e:00:00:01", "a group"), ("0" * 12, "nobody")],
)
def test_an_impossible_mac_is_refused(desk: Desk, mac: str, what: str) -> None:
    with pytest.raises(Refused, match=what):
        machines.add_machine(desk, OWNER, mac)


def test_a_host_that_cannot_boot_is_not_assigned(desk: Desk, source: str, judge: Judge) -> None:
    judge(source, "broken", "not-bootable", "It has no kernel.")
    with pytest.raises(Refused, match=r"cannot be booted\. It has no kernel"):
        machines.assign_machine(desk, OWNER, MAC, host="broken")
    assert desk.reads.machines() == []


def test_an_unknown_host_says_which_there_are(desk: Desk, source: str, judge: Judge) -> None:
    judge(source, "ember")
    with pytest.raises(Unknown, match=r"No host is named 'amber'\. There are ember\."):
        machines.assign_machine(desk, OWNER, MAC, host="amber")


def test_a_name_of_two_hosts_asks_which(desk: Desk, source: str, judge: Judge) -> None:
    other = sources.add_source(desk, OWNER, "github:other/flakes").subject
    judge(source, "ember")
    host = judge(other, "ember")
    with pytest.raises(Refused, match="hosts/ember or flakes/ember"):
        machines.assign_machine(desk, OWNER, MAC, host="ember")
    machines.assign_machine(desk, OWNER, MAC, host="flakes/ember")
    assert only(desk).host == host


def test_a_host_nobody_looked_at_yet_may_be_assigned(desk: Desk, source: str) -> None:
    machines.assign_machine(desk, OWNER, MAC, host=f"{source}/ember")
    assert only(desk).host == f"{source}/ember"


def test_a_specialisation_must_be_one_of_the_hosts(desk: Desk, source: str, judge: Judge) -> None:
    judge(source, "ember")
    with pytest.raises(Refused, match="It has small"):
        machines.assign_machine(desk, OWNER, MAC, host="ember", specialisation="large")
    machines.assign_machine(desk, OWNER, MAC, host="ember", specialisation="small")


def test_exactly_one_thing_is_assigned(desk: Desk) -> None:
    with pytest.raises(Refused, match="Choose one"):
        machines.assign_machine(desk, OWNER, MAC)
    with pytest.raises(Refused, match="Choose one"):
        machines.assign_machine(desk, OWNER, MAC, intent="local", menu="x")


def test_unknown_machines_get_what_the_network_says(desk: Desk) -> None:
    networks.set_network_default(desk, OWNER, "*", "nothing")
    networks.set_network_default(desk, OWNER, "lan", "hold")
    assert sorted(desk.reads.unknowns(), key=lambda one: one.network) == [
        UnknownView("*", "nothing", None),
        UnknownView("lan", "hold", None),
    ]


def test_a_network_that_is_not_there_has_no_default(desk: Desk) -> None:
    changes.propose_revision(
        desk,
        OWNER,
        {"networks": [{"name": "lan", "bridge": "br-lan", "ports": [], "address": "10.77.0.1/24"}]},
    )
    with pytest.raises(Unknown, match="There are lan"):
        networks.set_network_default(desk, OWNER, "lab", "hold")


@pytest.fixture
def waits(desk: Desk, clock: Clock) -> Iterator[Waits]:
    """A machine shows its code since `since`, as boot writes it down."""
    connection = writer(desk.reads.state / "boot.db", boots.MIGRATIONS)

    def waiting(since: float, network: str = "lan") -> None:
        row = boots.HeldRow(network, MAC, "4821", since, clock.now, {})
        boots.save_held(connection, row)

    yield waiting
    connection.close()


def inbox(desk: Desk) -> list[str]:
    return [row.network for row in desk.reads.held(desk.now())]


def test_a_forgotten_machine_is_left_alone_while_it_goes_on_asking(
    desk: Desk, clock: Clock, waits: Waits
) -> None:
    began = clock.now
    waits(began)
    assert inbox(desk) == ["lan"]
    clock.now += 5
    done = machines.forget_held(desk, OWNER, "lan", MAC)
    assert done.what == f"{MAC} is left alone until it asks again."
    clock.now += 3
    waits(began)  # it polls on in the same boot
    assert inbox(desk) == []


def test_a_forgotten_machine_is_back_with_its_next_boot(
    desk: Desk, clock: Clock, waits: Waits
) -> None:
    waits(clock.now)
    machines.forget_held(desk, OWNER, "lan", MAC)
    clock.now += 600
    waits(clock.now)
    assert inbox(desk) == ["lan"]


def test_a_machine_is_forgotten_on_one_network_only(desk: Desk, clock: Clock, waits: Waits) -> None:
    waits(clock.now)
    waits(clock.now, "lab")
    machines.forget_held(desk, OWNER, "lan", MAC)
    assert inbox(desk) == ["lab"]


@pytest.mark.parametrize(("network", "mac"), [("lan", "nonsense"), ("a|b", MAC), ("", MAC)])
def test_what_cannot_be_in_the_inbox_cannot_be_forgotten(
    desk: Desk, network: str, mac: str
) -> None:
    with pytest.raises(Refused):
        machines.forget_held(desk, OWNER, network, mac)


def test_a_machine_waits_for_the_newest_an_hour_at_most(desk: Desk) -> None:
    machines.add_machine(desk, OWNER, MAC, name="anvil")
    done = machines.wait_for_newest(desk, OWNER, "anvil", 600)
    assert done.what == "anvil waits for the newest image, for 10 min at most."
    assert only(desk).waits_seconds == 600
    with pytest.raises(Refused, match="an hour at most"):
        machines.wait_for_newest(desk, OWNER, "anvil", 3601)
    machines.wait_for_newest(desk, OWNER, "anvil", 0)
    assert only(desk).waits_seconds == 0


@pytest.mark.parametrize(("firmware", "warned"), [("pxe-arm64", True), ("pxe-x64", False)])
def test_a_host_for_another_processor_is_assigned_with_a_warning(
    desk: Desk, source: str, judge: Judge, firmware: str, warned: bool
) -> None:
    host = judge(source, "ember")
    machine = machines.assign_machine(desk, OWNER, MAC, intent="hold", name="anvil").subject
    nothing = (None,) * 7
    last = boots.BootRow("b1", "lan", MAC, machine, firmware, 1.0, 2.0, "held", *nothing, {})
    with closing(writer(desk.reads.state / "boot.db", boots.MIGRATIONS)) as file:
        boots.save_boot(file, last, None)
    what = machines.assign_machine(desk, OWNER, MAC, host=host).what
    warning = "ember is made for x86_64, and anvil last started as arm64"
    assert (warning in what) is warned
