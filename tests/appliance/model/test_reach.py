from ipaddress import IPv4Address, IPv4Interface

import pytest

from appliance.model.config import Dhcp, Network, Pool, Reservation, RouterConfig
from appliance.model.dns import Dns, Record
from appliance.model.reach import (
    Place,
    Source,
    fetchers,
    names_reached,
    place,
    places,
    reached,
    unreachable,
)
from appliance.model.source_options import NotASource
from appliance.roles import FETCHERS

FORGE = IPv4Address("10.77.0.20")
POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.200"))
LAN = Network(
    "lan",
    "br-lan",
    ("eth1",),
    IPv4Interface("10.77.0.1/24"),
    Dhcp(POOL, (Reservation("52:54:00:00:00:01", FORGE, "git"),)),
)
CONFIG = RouterConfig((LAN,), dns=Dns(records=(Record("cgit", "A", "10.77.0.21"),)))


def source(ident: str, url: str = "github:o/r", *reach: str) -> Source:
    return Source(ident, url, reach)


def test_a_source_of_the_internet_reaches_nobody_at_home() -> None:
    assert places(source("a")) == ()
    assert reached([source("a")], CONFIG) == {}


def test_its_own_server_at_home_is_reached_without_a_word() -> None:
    assert places(source("a", "git+http://git.lan/x")) == (Place("git.lan"),)
    assert reached([source("a", "git+http://git.lan/x")], CONFIG) == {
        "fetch-1": frozenset({("git.lan", FORGE)})
    }


def test_a_directory_has_no_server() -> None:
    assert places(source("a", "path:/srv/flakes")) == ()


@pytest.mark.parametrize("name", ["git", "git.lan"])
def test_a_name_leads_where_this_router_says(name: str) -> None:
    (servers,) = reached([source("a", "github:o/r", name)], CONFIG).values()
    assert {address for _, address in servers} == {FORGE}


def test_the_owners_records_count_too() -> None:
    (servers,) = reached([source("a", "github:o/r", "cgit.lan")], CONFIG).values()
    assert {str(address) for _, address in servers} == {"10.77.0.21"}


def test_each_source_has_a_user_of_its_own() -> None:
    found = fetchers([source("b", "github:o/r", "git.lan"), source("a"), source("c", "", "git")])
    assert found == {"b": "fetch-1", "c": "fetch-2"}


def test_a_source_too_many_reaches_nobody() -> None:
    crowd = [source(f"s{n}", "github:o/r", "10.77.0.20") for n in range(len(FETCHERS) + 1)]
    assert len(fetchers(crowd)) == len(reached(crowd, CONFIG)) == len(FETCHERS)


def test_names_are_told_in_full_and_addresses_not_at_all() -> None:
    one = source("a", "github:o/r", "git", "10.77.0.30", "git.corp=10.77.0.31")
    assert names_reached([one], CONFIG) == ("git.corp", "git.lan")


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "git.lan=127.0.0.1",
     "git.lan=nowhere", "a b", "-x", "", "git.lan=", "git lan=10.0.0.1"],
)  # fmt: skip
def test_what_is_no_server_is_refused(text: str) -> None:
    if text == "git.lan=":
        assert place(text) == Place("git.lan")
        return
    with pytest.raises(NotASource):
        place(text)


def test_a_name_that_nobody_here_knows_is_told() -> None:
    assert "gives forge.lan no fixed address" in unreachable(place("forge.lan"), CONFIG)


def test_the_router_itself_is_reached_by_nobody() -> None:
    assert "this router itself" in unreachable(place("10.77.0.1"), CONFIG)
    assert unreachable(place("10.77.0.20"), CONFIG) == ""
