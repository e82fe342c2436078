import pytest

from appliance.errors import Refused
from appliance.model.public_names import (
    DNS_SERVER,
    FIELDS,
    OWN_SERVER,
    SERVICES,
    PublicName,
    checked,
    secret_problem,
)

NAME = "home.example.org"
UPDATES = {"server": "ns1.example.org", "key": "router"}


def places(name: str, service: str, **settings: str) -> set[str]:
    """Where the problems are."""
    with pytest.raises(Refused) as refused:
        checked(name, service, settings)
    return {str(one.where[0]) for one in refused.value.problems}


def test_a_server_a_user_are_enough() -> None:
    name, told = checked(" Home.Example.org. ", OWN_SERVER, {"server": "dyn.x.org", "user": "lena"})
    assert name == NAME
    assert (told["publishes"], told["refresh_days"]) == ("both", "24")
    assert set(told) == set(FIELDS)


@pytest.mark.parametrize(
    "server",
    ["dyn.x.org", "dyn.x.org:8443", "dyn.x.org/v3/update", "192.0.2.1", "[2001:db8::1]:53"],
)
def test_a_server_is_a_host_with_or_without_port(server: str) -> None:
    assert checked(NAME, OWN_SERVER, {"server": server, "user": "u"})[1]["server"] == server


@pytest.mark.parametrize(
    "server",
    [
        "",
        "https://dyn.x.org",
        "u:p@dyn.x.org",
        "x.org:0",
        "x.org:70000",
        "x.org/a?b",
        "a b",
        "x/\n/y",
    ],
)
def test_what_is_no_server_is_refused(server: str) -> None:
    assert places(NAME, OWN_SERVER, server=server, user="u") == {"server"}


@pytest.mark.parametrize(
    "name", ["", "home", "a..b", "-a.org", "hö.org", "a b.org", "x" * 64 + ".org"]
)
def test_what_is_no_whole_name_is_refused(name: str) -> None:
    assert places(name, OWN_SERVER, server="x.org", user="u") == {"name"}


def test_a_colon_in_a_user_is_refused() -> None:
    assert places(NAME, OWN_SERVER, server="x.org", user="a:b") == {"user"}


def test_an_unknown_service_is_refused() -> None:
    assert places(NAME, "nobody") == {"service"}


def test_a_service_knows_its_own_server() -> None:
    assert checked(NAME, "dyn", {"user": "u", "server": "elsewhere.org"})[1]["server"] == ""


def test_a_name_of_duck_dns_lies_there() -> None:
    assert places(NAME, "duckdns") == {"name"}
    assert checked("me.duckdns.org", "duckdns", {})[0] == "me.duckdns.org"


@pytest.mark.parametrize("days", ["0", "91", "-1", "x", "1e1", "9" * 20])
def test_days_have_bounds(days: str) -> None:
    assert places(NAME, "dyn", user="u", refresh_days=days) == {"refresh_days"}


def test_the_zone_is_the_end_of_the_name() -> None:
    assert checked(NAME, DNS_SERVER, UPDATES)[1]["zone"] == "example.org"
    assert checked(NAME, DNS_SERVER, {**UPDATES, "zone": NAME})[1]["zone"] == NAME
    assert places(NAME, DNS_SERVER, **UPDATES, zone="ample.org") == {"zone"}


def test_a_name_server_wants_its_own_settings() -> None:
    wrong = places(NAME, DNS_SERVER, key="a b", algorithm="md5", ttl="5", publishes="seen")
    assert wrong == {"server", "key", "algorithm", "ttl", "publishes"}


def test_a_key_is_base64() -> None:
    assert secret_problem(DNS_SERVER, "c2VjcmV0") == ""
    assert "base64" in secret_problem(DNS_SERVER, "geheim!")
    assert secret_problem("dyn", "geheim!") == ""


def test_what_is_published_follows_the_choice() -> None:
    def chosen(publishes: str) -> tuple[bool, bool, bool]:
        one = PublicName("", NAME, "dyn", {"publishes": publishes})
        return one.ipv4, one.ipv6, one.seen

    assert chosen("both") == (True, True, False)
    assert chosen("ipv4") == (True, False, False)
    assert chosen("ipv6") == (False, True, False)
    assert chosen("seen") == (True, False, True)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_takes_a_whole_name(service: str) -> None:
    under = SERVICES[service].under or "example.org"
    told = {"server": "x.org", "user": "u", "key": "k"}
    assert checked(f"home.{under}", service, told)[0] == f"home.{under}"
