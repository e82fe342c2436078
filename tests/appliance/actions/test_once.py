import pytest

from appliance.actions import acts, machines, once, sources
from appliance.actions.desk import Desk
from appliance.errors import Refused
from appliance.model.table import Once
from appliance.store.inventory_view import MachineView
from tests.appliance.actions.conftest import OWNER, Judge

MAC = "52:54:00:12:34:56"
pytestmark = pytest.mark.usefixtures("host")


@pytest.fixture
def host(desk: Desk, judge: Judge) -> str:
    source = sources.add_source(desk, OWNER, "github:owner/hosts").subject
    judge(source, "setup")
    return judge(source, "ember")


def only(desk: Desk) -> MachineView:
    (view,) = desk.reads.machines()
    return view


def asked(view: MachineView) -> Once:
    assert view.once is not None
    return view.once


def test_an_installation_is_followed_by_the_machines_own_disk(desk: Desk) -> None:
    machines.assign_machine(desk, OWNER, MAC, host="ember", name="anvil")
    done = machines.assign_machine(desk, OWNER, "anvil", host="setup", once="install")
    view = only(desk)
    assert (view.intent, view.host) == ("local", None)
    assert (asked(view).kind, asked(view).host.rpartition("/")[2]) == ("install", "setup")
    assert done.what.startswith("anvil boots setup next time, once, to install.")


def test_a_rescue_leaves_what_the_machine_had(desk: Desk, host: str) -> None:
    machines.assign_machine(desk, OWNER, MAC, host="ember", name="anvil")
    machines.assign_machine(desk, OWNER, "anvil", host="setup", once="rescue")
    view = only(desk)
    assert (view.intent, view.host, asked(view).kind) == ("run", host, "rescue")


def test_a_new_machine_may_begin_with_an_installation(desk: Desk) -> None:
    machines.assign_machine(desk, OWNER, MAC, host="setup", once="install", name="anvil")
    assert (only(desk).intent, asked(only(desk)).kind) == ("local", "install")


def test_whatever_is_given_later_takes_its_place(desk: Desk) -> None:
    machines.assign_machine(desk, OWNER, MAC, host="setup", once="install", name="anvil")
    machines.assign_machine(desk, OWNER, "anvil", host="ember")
    assert only(desk).once is None


def test_taking_an_act_back_never_asks_for_a_second_installation(desk: Desk) -> None:
    machines.assign_machine(desk, OWNER, MAC, host="setup", once="install", name="anvil")
    first = asked(only(desk)).id
    machines.assign_machine(desk, OWNER, "anvil", host="ember")
    acts.undo(desk, OWNER)
    assert asked(only(desk)).id == first


def test_a_hold_and_its_end_never_ask_for_a_second_installation(desk: Desk) -> None:
    machines.assign_machine(desk, OWNER, MAC, host="setup", once="install", name="anvil")
    first = asked(only(desk)).id
    machines.hold_machine(desk, OWNER, "anvil")
    machines.release_machine(desk, OWNER, "anvil")
    assert (asked(only(desk)).id, only(desk).intent) == (first, "local")


def test_asking_again_is_another_asking(desk: Desk) -> None:
    machines.assign_machine(desk, OWNER, MAC, host="setup", once="install", name="anvil")
    first = asked(only(desk))
    once.again(desk, OWNER, "anvil")
    again = asked(only(desk))
    assert (again.id != first.id, again.kind, again.host) == (True, first.kind, first.host)


def test_doing_without_it_leaves_what_comes_after(desk: Desk) -> None:
    machines.assign_machine(desk, OWNER, MAC, host="setup", once="install", name="anvil")
    done = once.drop(desk, OWNER, "anvil")
    assert done.what == "anvil boots nothing once, and starts from its own disk."
    assert (only(desk).once, only(desk).intent) == (None, "local")
    acts.undo(desk, OWNER)
    assert asked(only(desk)).kind == "install"


def test_only_a_host_is_booted_once(desk: Desk) -> None:
    with pytest.raises(Refused, match="Only a host is booted once"):
        machines.assign_machine(desk, OWNER, MAC, intent="local", once="install")
    with pytest.raises(Refused, match="Once is one of install, rescue"):
        machines.assign_machine(desk, OWNER, MAC, host="ember", once="twice")


def test_a_machine_without_anything_once_has_nothing_to_repeat(desk: Desk) -> None:
    machines.assign_machine(desk, OWNER, MAC, host="ember", name="anvil")
    for deed in (once.again, once.drop):
        with pytest.raises(Refused, match="anvil has nothing to boot once"):
            deed(desk, OWNER, "anvil")
