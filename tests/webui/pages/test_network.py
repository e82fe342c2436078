"""Networks are added, changed and removed in the draft, and what was typed is never lost."""

import html
import re
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from appliance.actions import draft
from appliance.model.config import DhcpOption, Network, RouterConfig
from appliance.model.ipv6 import Ipv6
from appliance.model.shaping import Shaping
from appliance.model.slices import KernelSlice
from appliance.model.vlan import Tagged
from appliance.model.wan import Wan
from appliance.plan.slices import cut
from appliance.store import trials
from appliance.store.open import writer
from tests.webui.home import ANVIL, CONFIG, NOW, OWNER
from tests.webui.pages.conftest import Home

GUEST: dict[str, Any] = {
    "name": "guest",
    "address": "10.78.0.1/24",
    "gives": "yes",
    "first": "10.78.0.100",
    "last": "10.78.0.199",
    "lease": "3600",
}


def drafted(home: Home) -> RouterConfig:
    return draft.edited(home.desk)


def lan(home: Home) -> Network:
    return drafted(home).networks[0]


def form(home: Home, path: str) -> dict[str, Any]:
    """What a browser would send of the page's form, with nothing touched."""
    page = home.get(path)
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        kind = found.get("type", "text")
        if "name" not in found or (kind in ("checkbox", "radio") and " checked" not in tag):
            continue
        value = html.unescape(found.get("value", ""))
        if found["name"] in ("ports", "quirks"):
            fields.setdefault(found["name"], []).append(value)
        else:
            fields[found["name"]] = value
    for name, text in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', page, re.S):
        fields[name] = html.unescape(text)
    for name, body in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body)
        assert chosen
        fields[name] = chosen[1]
    fields.pop("back", None)
    fields.pop("choice", None)
    return fields


def test_a_new_network_is_suggested_an_address(home: Home) -> None:
    page = home.get("/networks/new")
    assert 'value="10.78.0.1/24"' in page
    assert 'value="10.78.0.100"' in page


def test_a_network_is_added_to_the_draft(lived_in: Home) -> None:
    page = lived_in.post("/networks/new", **GUEST)
    assert "The network guest is to be added." in page
    assert "Not applied yet" in page
    found = drafted(lived_in).networks[1]
    assert (found.name, found.bridge, str(found.address)) == ("guest", "br-guest", "10.78.0.1/24")
    assert found.dhcp
    assert found.dhcp.pool.lease_seconds == 3600
    assert not found.netboot


def test_an_address_without_its_size_gets_the_usual_one(lived_in: Home) -> None:
    lived_in.post("/networks/new", **{**GUEST, "address": "10.78.0.1"})
    assert str(drafted(lived_in).networks[1].address) == "10.78.0.1/24"


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"name": "Guest room"}, "name", "does not fit; write it like guest-2."),
        ({"name": "lan"}, "name", "Two networks are called lan."),
        ({"address": "10.78"}, "address", "is not an address with its prefix"),
        ({"address": "10.77.0.9/24"}, "address", "overlaps"),
        ({"first": "10.9.0.1"}, "first", "of the pool is not a host address"),
        ({"first": "10.78.0.200"}, "first", "after its end"),
        ({"last": "soon"}, "last", "is not an IPv4 address"),
        ({"options": "53 hex 01"}, "options", "DHCP option 53 is the message type"),
        ({"options": "42 address here"}, "options", "Line 1: here is not an IPv4 address."),
        ({"classes": "x" * 40}, "classes", "does not fit"),
        ({"ports": "enp2s0"}, "ports", "enp2s0 is used twice"),
    ],
)
def test_a_problem_stands_beside_its_field(
    home: Home, typed: dict[str, str], field: str, said: str
) -> None:
    answer = home.client.post("/networks/new", data={**GUEST, **typed})
    assert answer.status_code == 422
    error = re.search(rf'id="{field}-e".*?</p>', answer.text, re.S)
    assert error
    assert said in html.unescape(error[0])
    assert draft.current(home.desk) is None


def test_what_was_typed_is_there_after_a_refusal(home: Home) -> None:
    typed = {**GUEST, "address": "nowhere", "options": "15 text <b>", "classes": "Odd"}
    page = home.client.post("/networks/new", data=typed).text
    assert 'value="nowhere"' in page
    assert "15 text &lt;b&gt;</textarea>" in page
    assert ">Odd</textarea>" in page
    assert 'value="3600" selected' in page


def test_a_form_that_is_sent_untouched_changes_nothing(lived_in: Home) -> None:
    lived_in.post("/networks/lan/settings", **form(lived_in, "/networks/lan/settings"))
    assert draft.current(lived_in.desk) is None


def test_a_network_is_spared_from_blocking(lived_in: Home) -> None:
    sent = form(lived_in, "/networks/lan/settings")
    assert sent.pop("filtered") == "yes"
    page = lived_in.post("/networks/lan/settings", **sent)
    assert "The network lan is to be changed." in page
    assert not lan(lived_in).filtered
    assert "No name is blocked for devices on lan." in lived_in.get("/changes/review")


def test_a_network_moves_with_everything_in_it(lived_in: Home) -> None:
    lived_in.post("/networks/lan/addresses/pin", mac=ANVIL)
    sent = {**form(lived_in, "/networks/lan/settings"), "address": "10.79.0.1/24"}
    lived_in.post("/networks/lan/settings", **sent)
    found = lan(lived_in)
    assert found.dhcp
    assert str(found.dhcp.pool.first) == "10.79.0.100"
    assert str(found.dhcp.reservations[0].address) == "10.79.0.101"


def test_a_port_is_known_by_its_mac_when_asked(lived_in: Home) -> None:
    sent = {**form(lived_in, "/networks/lan/settings"), "known_by": "mac"}
    lived_in.post("/networks/lan/settings", **sent)
    assert lan(lived_in).ports == ("02:00:00:00:01:02",)
    again = form(lived_in, "/networks/lan/settings")
    assert (again["ports"], again["known_by"]) == (["enp2s0"], "mac")


def test_a_port_is_known_by_its_slot_when_asked(lived_in: Home) -> None:
    sent = {**form(lived_in, "/networks/lan/settings"), "known_by": "slot"}
    lived_in.post("/networks/lan/settings", **sent)
    assert lan(lived_in).ports == ("pci-0000:02:00.0",)
    again = form(lived_in, "/networks/lan/settings")
    assert (again["ports"], again["known_by"]) == (["enp2s0"], "slot")
    review = lived_in.get("/changes/review")
    assert "The port enp2s0 is known by its slot pci-0000:02:00.0 from now on" in review
    assert "leaves lan" not in review


def test_the_internet_is_known_by_its_slot_when_asked(lived_in: Home) -> None:
    sent = {**form(lived_in, "/networks/internet"), "known_by": "slot"}
    lived_in.post("/networks/internet", **sent)
    wan = drafted(lived_in).wan
    assert wan
    assert wan.port == "pci-0000:01:00.0"
    assert form(lived_in, "/networks/internet")["port"] == "enp1s0"


def test_one_card_is_not_taken_twice_by_its_slot(lived_in: Home) -> None:
    sent = {**form(lived_in, "/networks/internet"), "port": "enp2s0", "known_by": "slot"}
    answer = lived_in.client.post("/networks/internet", data=sent)
    assert answer.status_code == 422
    assert "enp2s0 is used twice" in answer.text


def test_options_are_written_as_people_do(lived_in: Home) -> None:
    sent = {**form(lived_in, "/networks/lan/settings"), "options": "42 address 10.77.0.1"}
    lived_in.post("/networks/lan/settings", **sent)
    found = lan(lived_in)
    assert found.dhcp
    assert found.dhcp.options == (DhcpOption(42, "0a4d0001"),)
    assert form(lived_in, "/networks/lan/settings")["options"] == "42 address 10.77.0.1"


def test_nobody_overwrites_what_they_have_not_seen(lived_in: Home) -> None:
    sent = form(lived_in, "/networks/lan/settings")
    lived_in.post("/networks/lan/settings", **{**sent, "lease": "600"})
    answer = lived_in.client.post("/networks/lan/settings", data={**sent, "lease": "86400"})
    assert answer.status_code == 422
    assert "Somebody changed lan meanwhile." in answer.text
    assert 'value="86400" selected' in answer.text


def test_a_network_is_removed_in_the_draft(lived_in: Home) -> None:
    lived_in.post("/networks/new", **GUEST)
    page = lived_in.post("/networks/guest/remove")
    assert "The network guest is to go away." in page
    assert draft.current(lived_in.desk) is None


def test_a_network_that_is_to_go_says_so(lived_in: Home) -> None:
    page = lived_in.post("/networks/lan/remove")
    assert "It goes away when the draft is applied." in page


def test_a_lease_is_pinned_with_one_click(lived_in: Home) -> None:
    page = lived_in.post("/networks/lan/addresses/pin", mac=ANVIL)
    assert "anvil is to get 10.77.0.101 on lan always." in page
    found = lan(lived_in)
    assert found.dhcp
    (one,) = found.dhcp.reservations
    assert (one.mac, str(one.address), one.name) == (ANVIL, "10.77.0.101", "anvil")


def test_a_lease_that_is_over_is_not_pinned(lived_in: Home) -> None:
    answer = lived_in.client.post("/networks/lan/addresses/pin", data={"mac": "02:00:00:00:00:99"})
    assert answer.status_code == 404


def test_a_fixed_address_is_changed(lived_in: Home) -> None:
    lived_in.post("/networks/lan/addresses/pin", mac=ANVIL)
    sent = form(lived_in, f"/networks/lan/addresses?edit={ANVIL}")
    sent.pop("mac")  # the table's own forms carry it too
    lived_in.post("/networks/lan/addresses", **{**sent, "mac": ANVIL, "address": "10.77.0.9"})
    found = lan(lived_in)
    assert found.dhcp
    assert [str(one.address) for one in found.dhcp.reservations] == ["10.77.0.9"]


def test_a_fixed_address_is_removed(lived_in: Home) -> None:
    lived_in.post("/networks/lan/addresses/pin", mac=ANVIL)
    lived_in.post("/networks/lan/addresses/remove", mac=ANVIL)
    assert draft.current(lived_in.desk) is None


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"mac": "zz"}, "mac", "is not a MAC address"),
        ({"address": "10.9.9.9"}, "address", "is not a host address"),
        ({"name": "localhost"}, "name", "a name that no device may have"),
    ],
)
def test_a_wrong_fixed_address_is_said_beside_its_field(
    home: Home, typed: dict[str, str], field: str, said: str
) -> None:
    sent = {"mac": "52:54:00:00:00:77", "address": "10.77.0.7", **typed}
    answer = home.client.post("/networks/lan/addresses", data=sent)
    assert answer.status_code == 422
    error = re.search(rf'id="{field}-e".*?</p>', answer.text, re.S)
    assert error
    assert said in html.unescape(error[0])


def test_without_dhcp_there_are_no_fixed_addresses(lived_in: Home) -> None:
    sent = form(lived_in, "/networks/lan/settings")
    sent.pop("gives")
    lived_in.post("/networks/lan/settings", **sent)
    assert "lan gives no addresses" in lived_in.get("/networks/lan/addresses")


@pytest.mark.parametrize("path", ["/networks/none/settings", "/networks/none/addresses"])
def test_a_network_that_is_not_there_is_not_found(home: Home, path: str) -> None:
    assert home.client.get(path).status_code == 404


def test_the_router_and_its_domain_are_named(lived_in: Home) -> None:
    lived_in.post(
        "/networks/router", hostname="ember", domain="home.example", upstreams="192.0.2.53"
    )
    found = drafted(lived_in)
    assert (found.hostname, found.domain) == ("ember", "home.example")
    assert [str(one.address) for one in found.dns.upstreams] == ["192.0.2.53"]


def test_a_wrong_name_server_is_said_beside_its_field(home: Home) -> None:
    sent = {"hostname": "ember", "domain": "lan", "upstreams": "ns.example"}
    answer = home.client.post("/networks/router", data=sent)
    assert answer.status_code == 422
    assert 'id="upstreams-e"' in answer.text
    assert ">ns.example</textarea>" in answer.text


def test_the_internet_comes_by_a_port_of_the_box(lived_in: Home) -> None:
    static = {"address": "192.0.2.7/24", "gateway": "192.0.2.1"}
    lived_in.post("/networks/internet", way="static", port="enp1s0", **static)
    wan = drafted(lived_in).wan
    assert wan
    assert wan.static
    assert (wan.port, str(wan.static.gateway)) == ("enp1s0", "192.0.2.1")
    lived_in.post("/networks/internet", **form(lived_in, "/networks/internet"))
    assert drafted(lived_in).wan == wan
    lived_in.post("/networks/internet", way="none")
    assert drafted(lived_in).wan is None


def test_a_gateway_out_of_reach_is_said_beside_its_field(home: Home) -> None:
    sent = {"way": "static", "port": "enp1s0", "address": "192.0.2.7/24", "gateway": "10.0.0.1"}
    answer = home.client.post("/networks/internet", data=sent)
    assert answer.status_code == 422
    assert 'id="gateway-e"' in answer.text


@pytest.mark.parametrize("port", ["enp2s0", "02:00:00:00:01:02"], ids=["by name", "by MAC"])
def test_a_port_that_a_network_has_is_not_the_internets_too(home: Home, port: str) -> None:
    answer = home.client.post("/networks/internet", data={"way": "dhcp", "port": port})
    assert answer.status_code == 422
    assert "enp2s0 is used twice" in answer.text


def test_ipv6_that_is_ticked_brings_the_router_its_own_prefix(lived_in: Home) -> None:
    assert drafted(lived_in).ula is None
    lived_in.post("/networks/new", **GUEST, six="yes")
    found = drafted(lived_in)
    assert found.networks[1].ipv6 is not None
    assert found.ula is not None
    assert found.ula.prefixlen == 48


def test_ipv6_that_is_not_ticked_is_off(lived_in: Home) -> None:
    lived_in.post("/networks/new", **GUEST)
    assert drafted(lived_in).networks[1].ipv6 is None
    assert drafted(lived_in).ula is None


def test_a_number_stays_when_something_else_is_changed(lived_in: Home) -> None:
    lived_in.post("/networks/new", **GUEST, six="yes")
    numbered = replace(drafted(lived_in).networks[1], ipv6=Ipv6(subnet=7))

    def change(config: RouterConfig) -> RouterConfig:
        return replace(config, networks=(config.networks[0], numbered))

    draft.edit(lived_in.desk, OWNER, change, "The number is to be 7.")
    fields = form(lived_in, "/networks/guest/settings")
    lived_in.post("/networks/guest/settings", **{**fields, "lease": "600"})
    assert drafted(lived_in).networks[1].ipv6 == Ipv6(subnet=7)


def test_what_the_provider_wants_besides_is_drafted(lived_in: Home) -> None:
    sent = {"way": "dhcp", "port": "enp1s0", "mac": "02-00-00-00-00-99", "mtu": "1492"}
    lived_in.post("/networks/internet", **sent)
    wan = drafted(lived_in).wan
    assert wan
    assert (wan.mac, wan.mtu) == ("02:00:00:00:00:99", 1492)
    lived_in.post("/networks/internet", **form(lived_in, "/networks/internet"))
    assert drafted(lived_in).wan == wan


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mac", "01:00:5e:00:00:01"),
        ("mtu", "12"),
        ("mtu", "x"),
        ("vlan", "4095"),
        ("down", "fast"),
        ("up", "0.01"),
    ],
)
def test_what_no_card_can_do_is_said_beside_its_field(home: Home, name: str, value: str) -> None:
    answer = home.client.post(
        "/networks/internet", data={"way": "dhcp", "port": "enp1s0", name: value}
    )
    assert answer.status_code == 422
    assert f'id="{name}-e"' in answer.text


def test_a_port_carries_a_network_with_a_tag(lived_in: Home) -> None:
    lived_in.post("/networks/new", **{**GUEST, "tagged": "enp2s0 20"})
    assert drafted(lived_in).networks[1].tagged == (Tagged("enp2s0", 20),)
    sent = form(lived_in, "/networks/guest/settings")
    assert sent["tagged"] == "enp2s0 20"
    lived_in.post("/networks/guest/settings", **{**sent, "known_by": "mac"})
    assert drafted(lived_in).networks[1].tagged == (Tagged("02:00:00:00:01:02", 20),)
    assert form(lived_in, "/networks/guest/settings")["known_by"] == "mac"
    assert "10.78.0.1/24 over 02:00:00:00:01:02 (tag 20)" in lived_in.get("/networks")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("enp2s0", "Line 1: write the port, then its tag, like eth1 20."),
        ("enp2s0 20\nenp2s0 twenty", "Line 2: write the port"),
        ("enp2s0 0", "0 is not between 1 and 4094."),
        ("enp2s0 20\nenp2s0 20", "The tag 20 on enp2s0 is used twice"),
    ],
)
def test_a_tag_that_cannot_be_is_said_beside_its_field(home: Home, typed: str, said: str) -> None:
    answer = home.client.post("/networks/new", data={**GUEST, "tagged": typed})
    assert answer.status_code == 422
    error = re.search(r'id="tagged-e".*?</p>', answer.text, re.S)
    assert error
    assert said in html.unescape(error[0])


def test_the_providers_tag_is_drafted(lived_in: Home) -> None:
    lived_in.post("/networks/internet", way="dhcp", port="enp1s0", vlan="7")
    wan = drafted(lived_in).wan
    assert wan
    assert wan.vlan == 7
    assert "enp1s0 (tag 7), by DHCP" in lived_in.get("/networks")
    lived_in.post("/networks/internet", **form(lived_in, "/networks/internet"))
    assert drafted(lived_in).wan == wan


def test_speeds_are_typed_like_the_providers_offer(lived_in: Home) -> None:
    sent = {"way": "dhcp", "port": "enp1s0", "down": "95", "up": "9,5", "line": "vdsl"}
    lived_in.post("/networks/internet", **sent)
    wan = drafted(lived_in).wan
    assert wan
    assert wan.shaping == Shaping(95_000, 9_500, "vdsl")
    lived_in.post("/networks/internet", **form(lived_in, "/networks/internet"))
    assert drafted(lived_in).wan == wan
    lived_in.post(
        "/networks/internet", **{**form(lived_in, "/networks/internet"), "down": "", "up": ""}
    )
    assert drafted(lived_in).wan == replace(wan, shaping=None)


def test_what_the_kernel_lacks_is_said_in_the_forms(lived_in: Home) -> None:
    pages = ("/networks/new", "/networks/internet")
    assert not any("This kernel has no" in lived_in.get(path) for path in pages)
    kernel(lived_in, KernelSlice(vlan=False, cake=False, flowtable=False))
    assert "This kernel has no VLANs (8021q)" in lived_in.get("/networks/new")
    assert "This kernel has no VLANs (8021q)" in lived_in.get("/networks/internet")
    assert "This kernel has no CAKE (sch_cake)" in lived_in.get("/networks/internet")
    assert len(lived_in.client.get("/api/v1/status").json()["lacks"]) == 3


@pytest.mark.parametrize(
    ("able", "said"),
    [(True, "The kernel’s flowtable is used"), (False, "This kernel has no flowtable")],
)
def test_the_firewall_says_whether_flows_take_a_short_way(
    lived_in: Home, able: bool, said: str
) -> None:
    kernel(lived_in, KernelSlice(flowtable=able))
    assert said in html.unescape(lived_in.get("/firewall"))


def kernel(home: Home, found: KernelSlice) -> None:
    """What net publishes of the kernel, with a way out."""
    config = replace(CONFIG, wan=Wan("enp1s0"))
    with closing(writer(home.state / "net.db", trials.MIGRATIONS)) as net:
        trials.publish(net, replace(cut(config, 1, {}), kernel=found), NOW)


SESSION = {"way": "pppoe", "port": "enp1s0", "user": "ada@isp.test", "password": "canary-7"}


def test_a_session_with_the_provider_is_drafted(lived_in: Home) -> None:
    lived_in.post("/networks/internet", **SESSION)
    wan = drafted(lived_in).wan
    assert wan
    assert wan.pppoe
    assert (wan.port, wan.pppoe.user) == ("enp1s0", "ada@isp.test")
    lived_in.post("/networks/internet", **form(lived_in, "/networks/internet"))
    assert drafted(lived_in).wan == wan


@pytest.mark.parametrize("path", ["/networks/internet", "/networks", "/review", "/changes"])
def test_no_page_shows_the_providers_password(lived_in: Home, path: str) -> None:
    lived_in.post("/networks/internet", **SESSION)
    assert "canary-7" not in lived_in.client.get(path).text


def test_a_refused_form_does_not_send_the_password_back(home: Home) -> None:
    answer = home.client.post("/networks/internet", data={**SESSION, "mtu": "1501"})
    assert answer.status_code == 422
    assert 'id="mtu-e"' in answer.text
    assert "canary-7" not in answer.text


def test_pppoe_without_its_password_is_said_beside_the_field(home: Home) -> None:
    answer = home.client.post("/networks/internet", data={**SESSION, "password": ""})
    assert answer.status_code == 422
    assert 'id="password-e"' in answer.text
