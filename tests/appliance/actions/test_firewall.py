from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.actions import changes, draft, firewall, networks, rows
from appliance.actions.desk import Desk
from appliance.actions.firewall import FORWARDS, ROUTES, RULES
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.store import trials
from appliance.store.devices import write_devices
from appliance.store.open import writer
from tests.appliance.actions.conftest import OWNER
from tests.appliance.actions.met import MAC as EMBER
from tests.appliance.actions.met import ROW
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


# ── a forward to a device without a fixed address ────────────────────────────────────────────────

NEW = {**SSH, "mac": EMBER}
WEB = {**NEW, "name": "web", "outside": {"first": 8443}, "inside": 443}


@pytest.fixture
def seen_home(begun: Desk, tmp_path: Path) -> Desk:
    """Ember is here, at addresses of which one is made of its MAC."""
    own = "fd77::21b:21ff:feaa:bbcc"
    row = replace(ROW, addresses=("10.77.0.50", own, "fe80::21b:21ff:feaa:bbcc"))
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as connection:
        write_devices(connection, [row], ())
    return begun


def fixed(desk: Desk) -> dict[str, str]:
    """The fixed addresses of the draft by MAC."""
    dhcp = draft.edited(desk).networks[0].dhcp
    return {one.mac: str(one.address) for one in dhcp.reservations} if dhcp else {}


def test_a_forward_keeps_its_device_the_address_that_it_has(seen_home: Desk) -> None:
    firewall.save_forward(seen_home, OWNER, (), NEW, "")
    found = draft.edited(seen_home)
    assert found.networks[0].dhcp
    ember = found.networks[0].dhcp.reservations[-1]
    assert (ember.mac, str(ember.address), ember.name) == (EMBER, "10.77.0.50", "ember")
    assert str(ember.suffix) == "::21b:21ff:feaa:bbcc"
    assert found.forwards[0].reserves


def test_a_name_that_somebody_has_is_left_to_them(seen_home: Desk) -> None:
    named = {"mac": MAC, "address": "10.77.0.9", "name": "ember"}
    networks.reserve(seen_home, OWNER, "lan", MAC, named)
    firewall.save_forward(seen_home, OWNER, (), NEW, "")
    dhcp = draft.edited(seen_home).networks[0].dhcp
    assert dhcp
    assert [one.name for one in dhcp.reservations] == ["ember", None]


def test_such_a_forward_takes_the_fixed_address_along(seen_home: Desk) -> None:
    before = draft.edited(seen_home)
    firewall.save_forward(seen_home, OWNER, (), NEW, "")
    firewall.remove_forward(seen_home, OWNER, ("ssh",))
    assert draft.edited(seen_home) == before


def test_a_forward_leaves_an_address_that_was_fixed_before(seen_home: Desk) -> None:
    before = fixed(seen_home)
    firewall.save_forward(seen_home, OWNER, (), SSH, "")
    firewall.remove_forward(seen_home, OWNER, ("ssh",))
    assert MAC in before
    assert fixed(seen_home) == before


def test_the_last_forward_of_a_device_takes_the_address_along(seen_home: Desk) -> None:
    for one in (NEW, WEB):
        firewall.save_forward(seen_home, OWNER, (), one, "")
    firewall.remove_forward(seen_home, OWNER, ("ssh",))
    assert EMBER in fixed(seen_home)
    firewall.remove_forward(seen_home, OWNER, ("web",))
    assert EMBER not in fixed(seen_home)


def test_an_address_that_a_rule_needs_stays(seen_home: Desk) -> None:
    firewall.save_forward(seen_home, OWNER, (), NEW, "")
    needs = {**rule("a"), "source": "internet", "destination": "lan"}
    rows.save(seen_home, OWNER, RULES, (), {**needs, "receivers": {"devices": [EMBER]}})
    firewall.remove_forward(seen_home, OWNER, ("ssh",))
    assert EMBER in fixed(seen_home)


def test_a_forward_that_is_changed_still_takes_the_address_along(seen_home: Desk) -> None:
    firewall.save_forward(seen_home, OWNER, (), NEW, "")
    firewall.save_forward(seen_home, OWNER, ("ssh",), {**NEW, "inside": 23}, "::7")
    firewall.remove_forward(seen_home, OWNER, ("ssh",))
    assert EMBER not in fixed(seen_home)


def test_a_forward_that_leads_elsewhere_gives_the_address_back(seen_home: Desk) -> None:
    firewall.save_forward(seen_home, OWNER, (), NEW, "")
    firewall.save_forward(seen_home, OWNER, ("ssh",), SSH, "")
    assert set(fixed(seen_home)) == {MAC}
    assert not draft.edited(seen_home).forwards[0].reserves


def test_a_second_forward_leaves_the_suffix_of_its_device(seen_home: Desk) -> None:
    firewall.save_forward(seen_home, OWNER, (), SSH, "::9")
    firewall.save_forward(seen_home, OWNER, (), {**WEB, "mac": MAC}, "")
    dhcp = draft.edited(seen_home).networks[0].dhcp
    assert dhcp
    assert str(dhcp.reservations[0].suffix) == "::9"


def test_a_device_that_nobody_has_seen_needs_a_fixed_address_first(seen_home: Desk) -> None:
    with pytest.raises(Refused, match="has no reservation"):
        firewall.save_forward(seen_home, OWNER, (), {**NEW, "mac": "52:54:00:00:00:99"}, "")
