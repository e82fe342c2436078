import pytest

from appliance.actions import acts, machines, menus, networks, sources
from appliance.actions.desk import Desk
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.store.inventory_view import MenuView
from tests.appliance.actions.conftest import OWNER, Judge


@pytest.fixture
def source(desk: Desk) -> str:
    return sources.add_source(desk, OWNER, "github:owner/hosts").subject


def test_a_menu_has_its_hosts_in_order(desk: Desk, source: str, judge: Judge) -> None:
    hosts = [judge(source, name) for name in ("quench", "ember", "anvil")]
    made = menus.make_menu(desk, OWNER, "workshop", ["quench", "ember", "anvil"], default="ember")
    assert desk.reads.menus() == [MenuView(made.subject, "workshop", tuple(hosts), hosts[1], 10, 0)]
    menus.edit_menu(desk, OWNER, "workshop", hosts=["anvil", "ember"], rollbacks=2)
    (view,) = desk.reads.menus()
    assert (view.hosts, view.default, view.rollbacks) == ((hosts[2], hosts[1]), hosts[1], 2)
    acts.undo(desk, OWNER)
    assert desk.reads.menus()[0].hosts == tuple(hosts)


def test_the_default_of_a_menu_is_one_of_its_hosts(desk: Desk, source: str, judge: Judge) -> None:
    judge(source, "ember")
    judge(source, "quench")
    with pytest.raises(Refused, match="not one of the menu's hosts"):
        menus.make_menu(desk, OWNER, "workshop", ["ember"], default="quench")


def test_a_menu_that_a_machine_shows_stays(desk: Desk, source: str, judge: Judge) -> None:
    judge(source, "ember")
    menus.make_menu(desk, OWNER, "workshop", ["ember"])
    machines.assign_machine(desk, OWNER, "52:54:00:12:34:56", menu="workshop")
    (machine,) = desk.reads.machines()
    assert machine.intent == "menu"
    with pytest.raises(Refused, match="A machine shows workshop"):
        menus.remove_menu(desk, OWNER, "workshop")


def test_a_menu_that_unknown_machines_see_stays(desk: Desk) -> None:
    menus.make_menu(desk, OWNER, "workshop")
    networks.set_network_default(desk, OWNER, "*", "menu", menu="workshop")
    with pytest.raises(Refused, match="Unknown machines see workshop"):
        menus.remove_menu(desk, OWNER, "workshop")


def test_a_removed_menu_comes_back_with_its_hosts(desk: Desk, source: str, judge: Judge) -> None:
    hosts = (judge(source, "ember"), judge(source, "quench"))
    menus.make_menu(desk, OWNER, "workshop", ["ember", "quench"])
    menus.remove_menu(desk, OWNER, "workshop")
    assert desk.reads.menus() == []
    acts.undo(desk, OWNER)
    assert desk.reads.menus()[0].hosts == hosts


def test_a_host_stands_in_a_menu_once(desk: Desk, source: str, judge: Judge) -> None:
    host = judge(source, "ember")
    menus.make_menu(desk, OWNER, "workshop", ["ember", "hosts/ember"])
    assert desk.reads.menus()[0].hosts == (host,)


def test_every_host_that_cannot_boot_is_named_in_its_place(
    desk: Desk, source: str, judge: Judge
) -> None:
    judge(source, "ember")
    judge(source, "slag", "not-bootable", "It has no kernel.")
    with pytest.raises(Refused) as refused:
        menus.make_menu(desk, OWNER, "workshop", ["ember", "slag", "nobody"])
    assert [one.where for one in refused.value.problems] == [("hosts", 1), ("hosts", 2)]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"name": " "}, ("name",)),
        ({"name": "x" * 61}, ("name",)),
        ({"name": "tab\there"}, ("name",)),
        ({"timeout_seconds": -1}, ("timeout_seconds",)),
        ({"timeout_seconds": 3601}, ("timeout_seconds",)),
        ({"rollbacks": 11}, ("rollbacks",)),
    ],
)
def test_what_a_menu_cannot_have_is_refused_beside_its_field(
    desk: Desk, wrong: dict[str, object], place: tuple[str, ...]
) -> None:
    with pytest.raises(Refused) as refused:
        menus.make_menu(desk, OWNER, **{"name": "workshop", **wrong})  # type: ignore[arg-type]
    assert [one.where for one in refused.value.problems] == [place]


def test_two_menus_never_have_one_name(desk: Desk) -> None:
    menus.make_menu(desk, OWNER, "workshop")
    with pytest.raises(Refused, match="Another menu is called workshop"):
        menus.make_menu(desk, OWNER, "workshop")


def test_a_menu_may_be_edited_under_its_own_name(desk: Desk) -> None:
    made = menus.make_menu(desk, OWNER, "workshop")
    menus.edit_menu(desk, OWNER, "workshop", name="workshop", timeout_seconds=0)
    assert desk.reads.menus() == [MenuView(made.subject, "workshop", (), None, 0, 0)]


def test_a_menu_that_is_not_there_is_named(desk: Desk) -> None:
    with pytest.raises(Unknown, match="no such menu"):
        menus.edit_menu(desk, OWNER, "nothing", name="x")
