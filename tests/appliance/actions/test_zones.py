"""Zones are made, changed and taken out in the draft."""

from typing import Any

import pytest

from appliance.actions import changes, draft, rows, zones
from appliance.actions.desk import Desk
from appliance.actions.firewall import RULES
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.firewall import Zone
from appliance.model.read import to_json
from tests.appliance.actions.conftest import OWNER
from tests.appliance.model.firewall_home import HOME

THINGS: dict[str, Any] = {"name": "things", "reaches": ["internet", "lan"]}


@pytest.fixture
def begun(desk: Desk) -> Desk:
    """A home with a LAN and a guest network."""
    changes.propose_revision(desk, OWNER, to_json(HOME))
    return desk


def test_a_new_zone_takes_the_networks_that_move_in(begun: Desk) -> None:
    zones.save_zone(begun, OWNER, (), THINGS, ("visitors",))
    config = draft.edited(begun)
    assert config.zones[-1] == Zone("things", reaches=("internet", "lan"))
    assert [one.zone for one in config.networks] == ["lan", "things"]


def test_a_zone_changes_where_it_is(begun: Desk) -> None:
    zones.save_zone(begun, OWNER, ("lan",), {"name": "lan", "manages": True, "reaches": []}, ())
    assert draft.edited(begun).zones[0] == Zone("lan", manages=True, reaches=())


def test_a_zone_that_goes_is_reached_by_nobody_any_more(begun: Desk) -> None:
    zones.save_zone(begun, OWNER, (), {"name": "spare"}, ())
    zones.save_zone(begun, OWNER, ("guest",), {"name": "guest", "reaches": ["spare"]}, ())
    zones.remove_zone(begun, OWNER, "spare")
    assert [(one.name, one.reaches) for one in draft.edited(begun).zones] == [
        ("lan", ("internet",)),
        ("guest", ()),
    ]


def test_a_zone_with_a_network_stays(begun: Desk) -> None:
    with pytest.raises(Refused, match="visitors is in the zone guest"):
        zones.remove_zone(begun, OWNER, "guest")


def test_a_zone_that_a_rule_is_about_stays(begun: Desk) -> None:
    zones.save_zone(begun, OWNER, (), THINGS, ())
    rule = {"id": "quiet", "source": "things", "destination": "internet", "action": "drop"}
    rows.save(begun, OWNER, RULES, (), rule)
    with pytest.raises(Refused, match="The rule quiet is about the zone things"):
        zones.remove_zone(begun, OWNER, "things")


def test_a_zone_that_is_not_there_cannot_go(begun: Desk) -> None:
    with pytest.raises(Unknown):
        zones.remove_zone(begun, OWNER, "moon")
