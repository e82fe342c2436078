import pytest

from appliance.actions import changes, draft, firewall, networks, rows
from appliance.actions.desk import Desk
from appliance.actions.firewall import FORWARDS, ROUTES, RULES
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from tests.appliance.actions.conftest import OWNER
from tests.appliance.actions.test_changes import CONFIG

MAC = "52:54:00:00:00:09"
SSH = {"name": "ssh", "mac": MAC, "protocol": "tcp", "outside": {"first": 2222}, "inside": 22}


def rule(ident: str) -> dict[str, object]:
    """A rule that hides no other: a port of its own."""
    port = {"first": 1000 + ord(ident)}
    match = {"source": "lan", "destination": "internet", "protocol": "tcp", "ports": [port]}
    return {"id": ident, "action": "drop", **match}


@pytest.fixture
def begun(desk: Desk) -> Desk:
    """A router with its first configuration, a way out, and a NAS in the draft."""
    way = {"port": "eth0", "static": {"address": "192.0.2.2/24", "gateway": "192.0.2.1"}}
    changes.propose_revision(desk, OWNER, {**CONFIG, "wan": way})
    networks.reserve(desk, OWNER, "lan", "", {"mac": MAC, "address": "10.77.0.9"})
    return desk


def names(desk: Desk) -> list[str]:
    return [one.id for one in draft.edited(desk).rules]


def test_a_new_rule_is_the_last_one(begun: Desk) -> None:
    for ident in ("a", "b"):
        rows.save(begun, OWNER, RULES, (), rule(ident))
    assert names(begun) == ["a", "b"]


def test_a_changed_rule_stays_where_it_is(begun: Desk) -> None:
    for ident in ("a", "b"):
        rows.save(begun, OWNER, RULES, (), rule(ident))
    rows.save(begun, OWNER, RULES, ("a",), rule("c"))
    assert names(begun) == ["c", "b"]


def test_a_rule_that_is_moved_up_is_asked_first(begun: Desk) -> None:
    for ident in ("a", "b"):
        rows.save(begun, OWNER, RULES, (), rule(ident))
    rows.raise_up(begun, OWNER, RULES, ("b",))
    assert names(begun) == ["b", "a"]


def test_the_first_rule_cannot_be_moved_up(begun: Desk) -> None:
    for ident in ("a", "b"):
        rows.save(begun, OWNER, RULES, (), rule(ident))
    rows.raise_up(begun, OWNER, RULES, ("a",))
    assert names(begun) == ["a", "b"]


def test_a_rule_that_is_switched_off_stays(begun: Desk) -> None:
    rows.save(begun, OWNER, RULES, (), rule("a"))
    rows.switch_off(begun, OWNER, RULES, ("a",))
    assert not draft.edited(begun).rules[0].enabled


def test_a_rule_that_nobody_made_cannot_be_removed(begun: Desk) -> None:
    with pytest.raises(Unknown):
        rows.remove(begun, OWNER, RULES, ("a",))


def test_a_forward_gives_its_device_the_suffix(begun: Desk) -> None:
    firewall.save_forward(begun, OWNER, (), SSH, "::9")
    found = draft.edited(begun)
    assert found.networks[0].dhcp
    assert str(found.networks[0].dhcp.reservations[0].suffix) == "::9"
    assert found.forwards[0].inside == 22


def test_a_forward_that_is_removed_leaves_the_fixed_address(begun: Desk) -> None:
    firewall.save_forward(begun, OWNER, (), SSH, "")
    rows.remove(begun, OWNER, FORWARDS, ("ssh",))
    found = draft.edited(begun)
    assert found.forwards == ()
    assert found.networks[0].dhcp
    assert [one.mac for one in found.networks[0].dhcp.reservations] == [MAC]


def test_a_forward_to_nobody_is_refused_beside_its_device(begun: Desk) -> None:
    with pytest.raises(Refused) as caught:
        firewall.save_forward(begun, OWNER, (), {**SSH, "mac": "52:54:00:00:00:77"}, "")
    assert caught.value.problems[0].where == ("forwards", 0, "mac")


def test_a_guest_network_joins_the_others_again(begun: Desk) -> None:
    networks.add_network(
        begun, OWNER, {"name": "guest", "address": "10.9.0.1/24", "zone": "lan", "ports": ["eth2"]}
    )
    firewall.set_guest(begun, OWNER, "guest", guest=True)
    assert draft.edited(begun).networks[1].zone == "guest"
    firewall.set_guest(begun, OWNER, "guest", guest=False)
    assert draft.edited(begun).networks[1].zone == "lan"


def test_the_last_network_that_manages_cannot_be_for_guests(begun: Desk) -> None:
    with pytest.raises(Refused, match="admin pages"):
        firewall.set_guest(begun, OWNER, "lan", guest=True)


def test_a_route_is_forgotten_by_its_metric(begun: Desk) -> None:
    route = {"destination": "10.50.0.0/16", "gateway": "10.77.0.2", "metric": 30}
    rows.save(begun, OWNER, ROUTES, (), route)
    with pytest.raises(Unknown):
        rows.remove(begun, OWNER, ROUTES, ("10.50.0.0/16", "20"))
    rows.remove(begun, OWNER, ROUTES, ("10.50.0.0/16", "30"))
    assert draft.edited(begun).routes == ()
