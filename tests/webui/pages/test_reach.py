from dataclasses import replace
from ipaddress import IPv4Interface

from appliance.model.config import Network, RouterConfig
from appliance.model.firewall import Zone
from tests.webui.pages.conftest import Home
from tests.webui.pages.test_review import edited
from webui.pages.reach import compared, table

LAN = Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"))
GUEST = Network("guest", "br-guest", (), IPv4Interface("10.78.0.1/24"), zone="guest")
CONFIG = RouterConfig(
    (LAN, GUEST), zones=(Zone("lan", manages=True), Zone("guest", reaches=("internet",)))
)


def closer(config: RouterConfig) -> RouterConfig:
    """Guests may reach lan, too."""
    lan, guest = config.zones
    return replace(config, zones=(lan, replace(guest, reaches=("internet", "lan"))))


def test_a_change_that_opens_nothing_has_no_table() -> None:
    assert compared(CONFIG, replace(CONFIG, hostname="ember")) is None


def test_what_opens_is_marked_with_what_it_was() -> None:
    found = compared(CONFIG, closer(CONFIG))
    assert found
    ways = {(row.source, way.to): way for row in found.rows for way in row.ways}
    way = ways["Guest", "Lan"]
    assert (way.look, way.shape, way.text) == ("opens", "open", "Everything")
    assert way.was == "opened, was nothing"
    assert ways["Lan", "Guest"].was == ""


def test_what_closes_is_marked_with_what_it_was() -> None:
    found = compared(closer(CONFIG), CONFIG)
    assert found
    ways = {(row.source, way.to): way for row in found.rows for way in row.ways}
    assert ways["Guest", "Lan"].look == "shuts"
    assert ways["Guest", "Lan"].was == "closed, was everything"


def test_a_zone_with_itself_is_an_empty_cell() -> None:
    found = compared(CONFIG, closer(CONFIG))
    assert found
    (lan,) = (row for row in found.rows if row.source == "Lan")
    assert [way.look for way in lan.ways if way.to == "Lan"] == ["self"]


def test_without_a_change_the_table_says_what_is() -> None:
    found = table(CONFIG, CONFIG)
    assert found.columns == ("Router", "Internet", "Lan", "Guest")
    assert [(row.source, row.under) for row in found.rows] == [
        ("Internet", "the outside"),
        ("Lan", "lan"),
        ("Guest", "guest"),
    ]
    assert {way.was for row in found.rows for way in row.ways} == {""}


def test_review_has_the_table(lived_in: Home) -> None:
    zones = (Zone("lan", manages=True), Zone("guest"))
    edited(lived_in, lambda one: replace(one, zones=zones, networks=(*one.networks, GUEST)))
    html = lived_in.get("/changes/review")
    assert "Who may reach whom then" in html
    assert '<span class="was">opened, was nothing</span>' in html
