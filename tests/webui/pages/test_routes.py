"""Networks behind other routers are put into the draft, IPv4 and IPv6."""

import html
import re

import pytest

from appliance.actions import draft
from appliance.model.config import RouterConfig
from tests.webui.pages.conftest import Home

GUEST = {"name": "guest", "address": "10.78.0.1/24", "gives": "", "netboot": "yes", "six": "yes"}
PATH = "/networks/routes"
ROUTE = {"destination": "10.99.0.0/16", "gateway": "10.77.0.9", "metric": "20"}
SIX = {"destination": "FD99::/48", "gateway": "fe80::9%guest", "metric": "30"}


@pytest.fixture
def house(lived_in: Home) -> Home:
    """With a second network, which has IPv6, and a way out."""
    lived_in.post("/networks/new", **GUEST)
    lived_in.post("/networks/internet", way="dhcp", port="enp9s0")
    return lived_in


def drafted(home: Home) -> RouterConfig:
    return draft.edited(home.desk)


def said(page: str, field: str) -> str:
    error = re.search(rf'id="{field}-e".*?</p>', page, re.S)
    assert error, page
    return html.unescape(error[0])


def test_a_route_is_added(house: Home) -> None:
    page = house.post(PATH, **ROUTE)
    assert "The route to 10.99.0.0/16 with metric 20 is to be added." in page
    assert [str(one.gateway) for one in drafted(house).routes] == ["10.77.0.9"]


def test_a_route_by_ipv6_is_added(house: Home) -> None:
    house.post(PATH, **SIX)
    (route,) = drafted(house).routes
    assert (str(route.destination), str(route.gateway)) == ("fd99::/48", "fe80::9%guest")


def test_a_route_by_ipv6_is_shown_with_the_network_of_its_gateway(house: Home) -> None:
    house.post(PATH, **SIX)
    page = house.get(PATH)
    assert 'through <span class="id breaks">fe80::9 on guest</span>, metric 30' in page
    assert "fd99::/48 is reached through fe80::9 on guest (metric 30)." in house.get(
        "/changes/review"
    )


@pytest.mark.parametrize(
    ("route", "stored"), [(ROUTE, "10.99.0.0/16"), (SIX, "fd99::/48")], ids=["v4", "v6"]
)
def test_a_route_is_removed(house: Home, route: dict[str, str], stored: str) -> None:
    house.post(PATH, **route)
    house.post(PATH, destination=stored, metric=route["metric"], remove="yes")
    assert drafted(house).routes == ()


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"destination": "there"}, "destination", "is not a network"),
        ({"destination": "fd99::1/48"}, "destination", "write fd99::/48 for all of it"),
        ({"destination": "10.78.0.0/25"}, "destination", "which needs no route"),
        ({"gateway": "10.5.0.1"}, "gateway", "is on no network of this router"),
        ({"gateway": "fe80::9%guest"}, "gateway", "one is IPv4, the other is IPv6"),
        (SIX | {"gateway": "fe80::9"}, "gateway", "name the one, like fe80::9%guest"),
        (SIX | {"gateway": "fe80::9%lan"}, "gateway", "lan has no IPv6"),
        (SIX | {"gateway": "fe80::9%br-guest"}, "gateway", "write it like fe80::9%guest"),
        ({"metric": "many"}, "metric", "0 is not between"),
    ],
)
def test_a_problem_of_a_route_stands_beside_its_field(
    house: Home, typed: dict[str, str], field: str, sentence: str
) -> None:
    page = house.post(PATH, **{**ROUTE, **typed})
    assert sentence in said(page, field)
    assert f'aria-describedby="{field}-hint {field}-e"' in page
