from ipaddress import IPv4Address, IPv4Interface

import pytest

from appliance.model.config import Dhcp, Network, Pool, Reservation, RouterConfig
from appliance.model.dns import Dns, Record
from appliance.model.foreign import Source, fetchers, names_reached, reached
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
    assert reached([source("a")], CONFIG) == {}


def test_its_own_server_at_home_is_reached_without_a_word() -> None:
    assert reached([source("a", "git+http://git.lan/x")], CONFIG) == {
        "fetch-1": frozenset({("git.lan", FORGE)})
    }


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
