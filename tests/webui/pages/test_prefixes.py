"""A network's IPv6 numbers are changed in its form, and what is in force stands beside them."""

import html
import re
from contextlib import closing
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest

from appliance.actions import draft
from appliance.model.announced import Ipv6Slice
from appliance.model.config import Network, Reservation, RouterConfig
from appliance.model.facts import Delegation, Facts
from appliance.model.ipv6 import Ipv6
from appliance.model.slices import Slices
from appliance.plan.announced import announced
from appliance.plan.slices import cut
from appliance.store import trials
from appliance.store.open import writer
from appliance.store.standing.open import Standing
from tests.webui.home import CONFIG, NOW, OWNER
from tests.webui.pages.conftest import Home
from tests.webui.pages.test_network import drafted, form, lan
from webui.pages.prefixes import facts

LENT = IPv6Network("2001:db8:42::/62")
OLD = IPv6Network("2001:db8:77::/62")
ULA = IPv6Network("fd12:3456:789a::/48")
SIX = replace(CONFIG, networks=(replace(CONFIG.networks[0], ipv6=Ipv6()),), ula=ULA)
RUNS = (Standing("radvd", "runs", "", ()),)


def published(
    config: RouterConfig = SIX, prefix: IPv6Network | None = LENT, before: Ipv6Slice | None = None
) -> Slices:
    """What net publishes of `config` while the provider lends `prefix`."""
    found = Facts(Delegation(prefix, 9_000, 18_000) if prefix else None)
    told = announced(config, found, before or Ipv6Slice(), NOW)
    return replace(cut(config, 1, {}, delegated=prefix), ipv6=told)


def delegated(home: Home) -> None:
    """lan has IPv6, in the draft and in force, and the provider delegates a /62."""
    with closing(writer(home.state / "net.db", trials.MIGRATIONS)) as file:
        trials.publish(file, published(), NOW)
    draft.edit(home.desk, OWNER, lambda _: SIX, "lan is to have IPv6.")


def refused(home: Home, path: str, field: str, **typed: str) -> str:
    """The sentence beside the field; the draft stays as it was."""
    before = drafted(home)
    answer = home.client.post(path, data={**form(home, path.split("#")[0]), **typed})
    assert answer.status_code == 422, answer.text
    assert drafted(home) == before
    error = re.search(rf'id="{field}-e".*?</p>', answer.text, re.S)
    assert error, answer.text
    return html.unescape(re.sub(r"<.*?>", "", error[0]))


SETTINGS = "/networks/lan/settings"


def test_number_and_end_are_changed_in_the_draft(lived_in: Home) -> None:
    delegated(lived_in)
    sent = form(lived_in, SETTINGS) | {"number": "3", "suffix": "::53"}
    lived_in.post(SETTINGS, **sent)
    assert lan(lived_in).ipv6 == Ipv6(3, IPv6Address("::53"))
    assert form(lived_in, SETTINGS)["number"] == "3"
    page = html.unescape(lived_in.get("/changes/review"))
    assert "lan takes number 3 among the IPv6 networks (was 0)" not in page  # it had none before
    assert "lan gets IPv6." in page


def test_number_nought_is_a_number(lived_in: Home) -> None:
    delegated(lived_in)
    lived_in.post(SETTINGS, **form(lived_in, SETTINGS) | {"number": "0"})
    assert lan(lived_in).ipv6 == Ipv6(0)


def test_an_end_may_be_typed_without_its_colons(lived_in: Home) -> None:
    delegated(lived_in)
    lived_in.post(SETTINGS, **form(lived_in, SETTINGS) | {"suffix": "53"})
    assert lan(lived_in).ipv6 == Ipv6(suffix=IPv6Address("::53"))


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"number": "4"}, "number", "4 is too big for 2001:db8:42::/62"),
        ({"number": "65536"}, "number", "is not between 0 and 65535"),
        ({"number": "two"}, "number", "is not a whole number"),
        ({"suffix": "::x"}, "suffix", "is not an IPv6 address"),
        ({"suffix": "2001:db8::1"}, "six", "is not the end of an IPv6 address"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    lived_in: Home, typed: dict[str, str], field: str, said: str
) -> None:
    delegated(lived_in)
    assert said in refused(lived_in, SETTINGS, field, **typed)


def test_a_number_that_another_network_has_is_said_beside_it(lived_in: Home) -> None:
    delegated(lived_in)
    lived_in.post(SETTINGS, **form(lived_in, SETTINGS) | {"number": "2"})
    new = form(lived_in, "/networks/new") | {"name": "guest", "number": "2"}
    answer = lived_in.client.post("/networks/new", data=new)
    assert answer.status_code == 422
    error = re.search(r'id="number-e".*?</p>', answer.text, re.S)
    assert error
    assert "2 is already the IPv6 number of lan." in error[0]


def test_an_end_that_a_device_has_is_said_beside_it(lived_in: Home) -> None:
    delegated(lived_in)

    def change(config: RouterConfig) -> RouterConfig:
        first: Network = config.networks[0]
        assert first.dhcp
        row = Reservation(
            "02:00:00:00:00:42", IPv4Address("10.77.0.42"), "ember", suffix=IPv6Address("::42")
        )
        dhcp = replace(first.dhcp, reservations=(row,))
        return replace(config, networks=(replace(first, dhcp=dhcp),))

    draft.edit(lived_in.desk, OWNER, change, "ember gets an end.")
    found = refused(lived_in, SETTINGS, "suffix", suffix="::42")
    assert "::42 would be the end of the IPv6 addresses of the router and of ember" in found


def test_the_form_says_which_numbers_the_provider_leaves(lived_in: Home) -> None:
    delegated(lived_in)
    assert "The provider delegates 2001:db8:42::/62: 0 to 3." in lived_in.get(SETTINGS)


def test_what_is_in_force_stands_beside_the_form(lived_in: Home) -> None:
    delegated(lived_in)
    page = lived_in.get(SETTINGS)
    assert "IPv6 now" in page
    assert "fd12:3456:789a::1, 2001:db8:42::1" in page


def test_a_network_without_ipv6_has_nothing_in_force(lived_in: Home) -> None:
    assert "IPv6 now" not in lived_in.get(SETTINGS)


def said(slices: Slices, standing: tuple[Standing, ...] = RUNS) -> dict[str, str]:
    return {one.name: one.value for one in facts(slices, "lan", standing)}


def test_both_prefixes_are_named() -> None:
    assert said(published()) == {
        "Prefix of our own": "fd12:3456:789a::/64",
        "Prefix of the provider": "2001:db8:42::/64",
        "The router’s addresses": "fd12:3456:789a::1, 2001:db8:42::1",
        "Devices are told": "their prefixes, this router as name server and this router as the "
        "way out",
    }


def test_a_provider_that_delegates_nothing_is_named() -> None:
    found = said(published(prefix=None))
    assert found["Prefix of the provider"] == "none: the provider delegates nothing"
    assert "way out" not in found["Devices are told"]


def test_a_number_that_does_not_fit_is_named() -> None:
    numbered = replace(SIX, networks=(replace(SIX.networks[0], ipv6=Ipv6(9)),))
    found = said(published(numbered))
    assert found["Prefix of the provider"] == "none: 2001:db8:42::/62 has no network of this number"


def test_a_prefix_that_is_taken_back_is_named() -> None:
    before = published(prefix=OLD).ipv6
    assert said(published(before=before))["Taken back"] == "2001:db8:77::/64"


def test_announcements_that_are_not_sent_are_said_not_to_be() -> None:
    off = Standing("radvd", "runs", "", ("radvd is not installed: run the set-up again.",))
    found = said(published(), (off,))
    assert found["Devices are told"] == "nothing: radvd is not installed: run the set-up again."


def test_our_own_prefix_is_changed_on_the_routers_page(lived_in: Home) -> None:
    delegated(lived_in)
    path = "/networks/router"
    lived_in.post(path, **form(lived_in, path))
    assert drafted(lived_in) == SIX
    lived_in.post(path, **form(lived_in, path) | {"ula": "fd77::/48"})
    assert drafted(lived_in).ula == IPv6Network("fd77::/48")
    found = refused(lived_in, path, "own-prefix", ula="2001:db8::/48")
    assert "2001:db8::/48 is no /48 of fd00::/8" in found


def test_an_owner_may_do_without_a_prefix_of_our_own(lived_in: Home) -> None:
    delegated(lived_in)
    lived_in.post("/networks/router", **form(lived_in, "/networks/router") | {"ula": ""})
    lived_in.post(SETTINGS, **form(lived_in, SETTINGS) | {"lease": "600"})
    assert drafted(lived_in).ula is None


def test_a_device_gets_the_end_of_its_addresses_on_its_form(lived_in: Home) -> None:
    delegated(lived_in)
    path, mac = "/networks/lan/addresses", "02:00:00:00:00:42"
    row = {"was": "", "mac": mac, "address": "10.77.0.42", "suffix": "::42"}
    lived_in.post(path, **row)
    found = lan(lived_in)
    assert found.dhcp
    assert found.dhcp.reservations[0].suffix == IPv6Address("::42")
    assert 'value="::42"' in lived_in.get(f"{path}?edit={mac}")
    answer = lived_in.client.post(path, data={**row, "was": mac, "suffix": "::1"})
    assert 'id="suffix-e"' in answer.text


def test_the_page_of_the_internet_names_what_the_provider_delegates(lived_in: Home) -> None:
    assert "IPv6 prefix" not in lived_in.get("/internet")
    delegated(lived_in)
    assert "2001:db8:42::/62" in lived_in.get("/internet")


def test_programs_are_told_the_same(lived_in: Home) -> None:
    delegated(lived_in)
    (network,) = lived_in.client.get("/api/v1/networks").json()
    assert network["ipv6"] == ["fd12:3456:789a::1/64", "2001:db8:42::1/64"]
    assert lived_in.client.get("/api/v1/internet").json()["delegated"] == str(LENT)
