"""The form of a zone: who may reach whom, who may manage, which networks are in it."""

from typing import Any

import pytest

from tests.webui.pages.conftest import Home
from tests.webui.pages.test_firewall import GUEST, INTERNET, cell, drafted, said

THINGS: dict[str, Any] = {"name": "things", "reaches": ["internet"], "networks": ["guest"]}


@pytest.fixture
def house(lived_in: Home) -> Home:
    """With a second network and a way out."""
    lived_in.post("/networks/new", **GUEST)
    lived_in.post("/networks/internet", **INTERNET)
    return lived_in


def test_a_zone_is_made_with_its_networks(house: Home) -> None:
    page = house.post("/firewall/new-zone", **THINGS)
    assert "The zone things is to be added." in page
    assert "Reaches the internet." in page
    assert [one.zone for one in drafted(house).networks if one.name == "guest"] == ["things"]
    assert cell(page, "Things", "Router").startswith("opens Ping, DNS")


def test_review_shows_who_reaches_whom_then(house: Home) -> None:
    house.post("/firewall/new-zone", **{**THINGS, "reaches": ["internet", "lan"]})
    page = house.get("/changes/review")
    assert cell(page, "Things", "Lan") == "opens Everything opened, was nothing"


def test_a_zone_shows_what_it_may(house: Home) -> None:
    house.post("/firewall/new-zone", **THINGS)
    page = house.get("/firewall/zones/things")
    assert 'value="internet" checked' in page
    assert 'value="lan" checked' not in page
    assert "lan, now in lan" in page


def test_two_networks_of_a_zone_may_meet(house: Home) -> None:
    house.post("/firewall/new-zone", **{**THINGS, "itself": "yes"})
    assert drafted(house).zones[-1].reaches == ("internet", "things")
    assert 'name="itself" value="yes" checked' in house.get("/firewall/zones/things")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("internet", "internet has a meaning of its own"),
        ("Kids room", "does not fit"),
        ("lan", "Two zones are called lan"),
    ],
)
def test_a_problem_stands_beside_its_field(house: Home, name: str, sentence: str) -> None:
    page = house.post("/firewall/new-zone", **{**THINGS, "name": name})
    assert sentence in said(page, "name")
    assert f'value="{name}"' in page


def test_the_last_zone_that_manages_keeps_it(house: Home) -> None:
    form = house.get("/firewall/zones/lan")
    seen = form.partition('name="seen" value="')[2].partition('"')[0]
    page = house.post("/firewall/zones/lan", seen=seen, reaches="internet")
    assert "No network could open the admin pages any more" in page


def test_a_zone_without_networks_goes_away(house: Home) -> None:
    house.post("/firewall/new-zone", **{**THINGS, "networks": []})
    form = house.get("/firewall/zones/things")
    seen = form.partition('name="seen" value="')[2].partition('"')[0]
    fields = {"reaches": "internet", "remove": "yes", "seen": seen}
    assert "The zone things is to go away." in house.post("/firewall/zones/things", **fields)
    assert "things" not in [one.name for one in drafted(house).zones]
