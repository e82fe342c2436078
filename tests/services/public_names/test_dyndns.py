import pytest
from hypothesis import given
from hypothesis import strategies as some

from appliance.model.public_names import OWN_SERVER, SERVICES, PublicName, checked
from services.public_names.dyndns import CODES, LONGEST_SHOWN, Get, gets, split_port, verdict
from services.public_names.verdict import Then

V4, V6 = "203.0.113.5", "2001:db8::5"


def named(
    service: str = OWN_SERVER, publishes: str = "both", server: str = "dyn.x.org"
) -> PublicName:
    under = SERVICES[service].under or "example.org"
    told = {"server": server, "user": "lena", "publishes": publishes, "key": "k"}
    return PublicName(
        "id",
        *checked(f"home.{under}", service, told)[:1],
        service,
        checked(f"home.{under}", service, told)[1],
    )


def one(service: str = OWN_SERVER, v4: str = V4, v6: str = "", **more: str) -> Get:
    (found,) = gets(named(service, **more), "se&cret", v4, v6)
    return found


def test_a_plain_server_is_asked_as_dyn_wrote_it_down() -> None:
    found = one()
    assert found == Get(
        "dyn.x.org",
        443,
        "/nic/update?hostname=home.example.org&myip=203.0.113.5",
        "lena",
        "se&cret",
    )


def test_both_addresses_go_together() -> None:
    assert one(v6=V6).path.endswith("&myip=203.0.113.5,2001:db8::5")


def test_a_server_may_have_its_own_path() -> None:
    found = one(server="dyn.x.org:8443/v3/up")
    assert (found.port, found.path.partition("?")[0]) == (8443, "/v3/up")


def test_as_it_is_seen_no_address_is_told() -> None:
    found = one(publishes="seen")
    assert (found.path, found.by_ipv4) == ("/nic/update?hostname=home.example.org", True)


@pytest.mark.parametrize("service", ["he", "ovh"])
def test_some_services_get_each_family_by_itself(service: str) -> None:
    found = gets(named(service), "s", V4, V6)
    assert [get.path.partition("myip=")[2] for get in found] == [V4, V6]


def test_a_record_of_hurricane_electric_has_a_key_of_its_own() -> None:
    found = gets(named("he"), "s", V4, V6)
    assert {(get.user, get.password) for get in found} == {("home.example.org", "s")}


def test_desec_keeps_the_family_that_is_not_told() -> None:
    assert one("desec").path.endswith("myipv4=203.0.113.5&myipv6=preserve")
    assert one("desec", v4="", v6=V6).path.endswith("myipv4=preserve&myipv6=2001:db8::5")
    assert one("desec", publishes="seen").path.endswith("org&myipv6=preserve")


def test_duck_dns_gets_its_token_in_the_path() -> None:
    found = one("duckdns")
    assert found.path == "/update?domains=home&token=se%26cret&ip=203.0.113.5"
    assert found.password == ""


def test_no_ip_has_a_word_for_ipv6() -> None:
    assert one("no-ip", v6=V6).path.endswith("myip=203.0.113.5&myipv6=2001:db8::5")


@pytest.mark.parametrize("service", [one for one in SERVICES if one != "rfc2136"])
@pytest.mark.parametrize("publishes", ["both", "seen"])
def test_every_service_is_asked_for_the_name(service: str, publishes: str) -> None:
    found = gets(named(service, publishes), "s", V4, V6)
    assert all("home" in get.path and get.host for get in found)


STOPS = {code for code, means in CODES.items() if means.then is Then.STOP}
WAITS = {code for code, means in CODES.items() if means.then is Then.LATER}


def test_every_code_of_the_protocol_is_known() -> None:
    assert {"nohost", "badauth", "notfqdn", "abuse", "badagent", "!donator", "numhost"} <= STOPS
    assert {"dnserr", "911"} <= WAITS


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_read_with_what_follows(code: str) -> None:
    for said in (code, f"{code} 203.0.113.5", f"\r\n {code.upper()}\r\nhome: {code}"):
        assert verdict(named(), 200, said.encode()).then is CODES[code].then


def test_the_address_that_the_server_named_is_known() -> None:
    assert verdict(named(), 200, b"good 198.51.100.7").address == "198.51.100.7"
    assert verdict(named(), 200, b"good").address == ""


def test_good_with_the_loop_is_no_good() -> None:
    found = verdict(named(), 200, b"good 127.0.0.1")
    assert (found.then, "program" in found.what) == (Then.STOP, True)


def test_what_was_refused_is_shown_as_the_server_said_it() -> None:
    found = verdict(named(), 200, b"abuse see http://help.x.org")
    assert found.what.startswith("dyn.x.org has blocked this name")
    assert found.what.endswith("It said: “abuse see http://help.x.org”.")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_by_http_is_one(status: int) -> None:
    assert verdict(named(), status, b"<html>").then is Then.STOP


def test_a_code_is_more_than_its_status() -> None:
    assert verdict(named(), 401, b"nohost").what.startswith("dyn.x.org does not know this name")


def test_good_with_an_error_is_no_good() -> None:
    assert verdict(named(), 500, b"good 203.0.113.5").then is Then.AGAIN


@pytest.mark.parametrize(
    ("status", "then"),
    [(500, Then.AGAIN), (503, Then.AGAIN), (301, Then.AGAIN), (404, Then.LATER), (429, Then.LATER)],
)
def test_without_a_code_its_status_decides(status: int, then: Then) -> None:
    assert verdict(named(), status, b"").then is then


def test_a_web_page_is_no_answer() -> None:
    found = verdict(named(), 200, b"<!doctype html><title>Sign in</title>")
    assert (found.then, "something else than dyndns2" in found.what) == (Then.LATER, True)


@pytest.mark.parametrize(
    ("said", "then"),
    [("OK", Then.PUBLISHED), ("KO", Then.STOP), ("OK\n203.0.113.5", Then.PUBLISHED)],
)
def test_duck_dns_has_words_of_its_own(said: str, then: Then) -> None:
    assert verdict(named("duckdns"), 200, said.encode()).then is then


@pytest.mark.parametrize(
    ("said", "then"),
    [("addresses updated", Then.PUBLISHED), ("invalid authentication token", Then.STOP)],
)
def test_dynv6_has_words_of_its_own(said: str, then: Then) -> None:
    assert verdict(named("dynv6"), 200, said.encode()).then is then


@given(some.integers(100, 599), some.binary(max_size=6000))
def test_whatever_comes_is_one_short_sentence(status: int, body: bytes) -> None:
    found = verdict(named(), status, body)
    assert len(found.what) < LONGEST_SHOWN + 200
    assert found.what.isprintable()


@given(some.sampled_from(sorted(CODES)), some.binary(max_size=50))
def test_bytes_after_a_code_change_nothing_of_it(code: str, more: bytes) -> None:
    if code == "good":
        more = b""
    assert verdict(named(), 200, code.encode() + b"\n" + more).then is CODES[code].then


def test_an_address_of_ipv6_has_no_port_by_accident() -> None:
    assert split_port("2001:db8::1", 53) == ("2001:db8::1", 53)
