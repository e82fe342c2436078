"""Forwards, rules and guest networks are put into the draft; why something is blocked is told."""

import html
import re
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Any

import pytest

from appliance.actions import draft
from appliance.model.config import RouterConfig
from appliance.model.firewall import Forward, Ports, Schedule
from appliance.model.policy import reserved
from tests.webui.household import TV
from tests.webui.pages.conftest import Home

GUEST = {"name": "guest", "address": "10.78.0.1/24", "gives": "", "netboot": "yes"}
INTERNET = {"way": "dhcp", "port": "enp9s0"}
NAS = {"mac": "52:54:00:00:00:05", "address": "10.77.0.5", "name": "nas"}
PHOTOS = {
    "name": "photos",
    "mac": NAS["mac"],
    "protocol": "tcp",
    "outside": "8443",
    "inside": "443",
    "suffix": "::5",
    "enabled": "yes",
}
BEDTIME: dict[str, Any] = {
    "id": "bedtime",
    "note": "School tomorrow",
    "source": "lan",
    "destination": "internet",
    "action": "reject",
    "protocol": "tcp",
    "ports": "80, 6000-6010",
    "senders": "nas\n10.77.0.64/26\nfd00::/64",
    "timed": "yes",
    "days": ["sun", "mon"],
    "begins": "21:00",
    "ends": "06:30",
    "enabled": "yes",
}


@pytest.fixture
def house(lived_in: Home) -> Home:
    """With a second network, a way out and a device that has a fixed address."""
    lived_in.post("/networks/new", **GUEST)
    lived_in.post("/networks/lan/addresses", **NAS)
    lived_in.post("/networks/internet", **INTERNET)
    return lived_in


def drafted(home: Home) -> RouterConfig:
    return draft.edited(home.desk)


def said(page: str, field: str) -> str:
    error = re.search(rf'id="{field}-e".*?</p>', page, re.S)
    assert error, page
    return html.unescape(error[0])


def test_a_forward_is_put_into_the_draft(house: Home) -> None:
    page = house.post("/firewall/new-forward", **PHOTOS)
    assert "The forward photos is to be added." in page
    assert "tcp 8443 of the internet leads to nas:443." in page
    (forward,) = drafted(house).forwards
    assert forward == Forward("photos", NAS["mac"], "tcp", Ports(8443), 443)


def test_a_forward_gives_its_device_the_end_of_its_address(house: Home) -> None:
    house.post("/firewall/new-forward", **PHOTOS)
    dhcp = drafted(house).networks[0].dhcp
    assert dhcp
    assert [str(one.suffix) for one in dhcp.reservations if one.name == "nas"] == ["::5"]


def test_the_end_of_an_address_outlives_a_change_of_the_fixed_address(house: Home) -> None:
    house.post("/firewall/new-forward", **PHOTOS)
    form = house.get(f"/networks/lan/addresses?edit={NAS['mac']}")
    (suffix,) = re.findall(r'name="suffix"[^>]* value="([^"]*)"', form)
    changed = {**NAS, "was": NAS["mac"], "name": "store", "suffix": suffix}
    house.post("/networks/lan/addresses", **changed)
    dhcp = drafted(house).networks[0].dhcp
    assert dhcp
    assert [str(one.suffix) for one in dhcp.reservations if one.name == "store"] == ["::5"]


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        (
            {"protocol": "udp", "outside": "546", "inside": ""},
            "outside",
            "Port 546 is kept for",
        ),
        ({"outside": "web"}, "outside", "Write one port, or one range"),
        ({"outside": "6000-6010"}, "inside", "Several ports keep their numbers inside"),
        ({"inside": "web"}, "inside", "Write one port"),
        ({"name": "Photo album"}, "name", "does not fit"),
        ({"mac": "52:54:00:00:00:99"}, "mac", "has no reservation"),
        ({"suffix": "42"}, "suffix", "is not an IPv6 address"),
        ({"suffix": "fd00::1"}, "suffix", "is not the end of an IPv6 address"),
        ({"until": "soon"}, "until", "Write the end as a date and a time."),
    ],
)
def test_a_problem_of_a_forward_stands_beside_its_field(
    house: Home, typed: dict[str, str], field: str, sentence: str
) -> None:
    answer = house.client.post("/firewall/new-forward", data={**PHOTOS, **typed})
    assert answer.status_code == 422
    assert sentence in said(answer.text, field)
    assert drafted(house).forwards == ()


def test_what_was_typed_of_a_forward_is_there_after_a_refusal(house: Home) -> None:
    page = house.post("/firewall/new-forward", **{**PHOTOS, "outside": "web"})
    assert 'value="web"' in page
    assert f'value="{NAS["mac"]}" selected' in page


def fields(page: str) -> dict[str, Any]:
    """What a browser would send of the form in the page, with nothing touched."""
    form = page[page.index("<main") :]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        one = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" not in one or (one.get("type") == "checkbox" and " checked" not in tag):
            continue
        value = html.unescape(one.get("value", ""))
        if one["name"] == "days":
            found.setdefault("days", []).append(value)
        else:
            found[one["name"]] = value
    for name, text in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', form, re.S):
        found[name] = html.unescape(text)
    for name, body in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body)
        assert chosen, name
        found[name] = chosen[1]
    return found


def test_a_forward_that_is_sent_untouched_is_the_same(house: Home) -> None:
    house.post("/firewall/new-forward", **{**PHOTOS, "until": "2030-01-02T03:04"})
    before = drafted(house)
    house.post("/firewall/forwards/photos", **fields(house.get("/firewall/forwards/photos")))
    assert drafted(house) == before


def test_a_forward_is_switched_off(house: Home) -> None:
    house.post("/firewall/new-forward", **PHOTOS)
    house.post("/firewall/forwards/photos/deed", deed="off")
    assert [one.enabled for one in drafted(house).forwards] == [False]


def test_a_forward_is_removed(house: Home) -> None:
    house.post("/firewall/new-forward", **PHOTOS)
    house.post("/firewall/forwards/photos/deed", deed="remove")
    assert drafted(house).forwards == ()


def test_a_device_without_a_fixed_address_is_let_in_by_one_form(house: Home) -> None:
    assert f"/firewall/new-forward?mac={TV}" in house.get(f"/devices/{TV}")
    before = drafted(house)
    form = fields(house.get(f"/firewall/new-forward?mac={TV}"))
    assert form["mac"] == TV
    house.post("/firewall/new-forward", **{**form, "name": "stream", "outside": "8443"})
    assert str(reserved_for(drafted(house), TV)) == "10.77.0.135"
    house.post("/firewall/forwards/stream/deed", deed="remove")
    assert drafted(house) == before


def reserved_for(config: RouterConfig, mac: str) -> IPv4Address | None:
    """The fixed address of a device."""
    found = reserved(config, mac)
    return found[1].address if found else None


def test_a_rule_is_put_into_the_draft(house: Home) -> None:
    page = house.post("/firewall/new-rule", **BEDTIME)
    assert "The rule bedtime is to be added." in page
    (rule,) = drafted(house).rules
    assert (rule.note, rule.action, rule.protocol) == ("School tomorrow", "reject", "tcp")
    assert rule.ports == (Ports(80), Ports(6000, 6010))
    assert rule.senders.devices == (NAS["mac"],)
    assert [str(one) for one in rule.senders.v4] == ["10.77.0.64/26"]
    assert [str(one) for one in rule.senders.v6] == ["fd00::/64"]
    assert rule.schedule == Schedule(("mon", "sun"), "21:00", "06:30")


def test_a_rule_that_is_sent_untouched_is_the_same(house: Home) -> None:
    house.post("/firewall/new-rule", **{**BEDTIME, "until": "2030-01-02T03:04"})
    before = drafted(house)
    house.post("/firewall/rules/bedtime", **fields(house.get("/firewall/rules/bedtime")))
    assert drafted(house) == before


def test_the_end_of_a_rule_is_by_the_routers_clock(house: Home) -> None:
    house.post("/firewall/new-rule", **{**BEDTIME, "until": "2030-01-02T03:04"})
    (rule,) = drafted(house).rules
    assert rule.until == datetime(2030, 1, 2, 3, 4, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"id": "Bed time"}, "id", "does not fit"),
        ({"ports": "http"}, "ports", "Write ports as numbers"),
        ({"protocol": "any"}, "ports", "Only TCP and UDP have ports"),
        ({"senders": "somebody"}, "senders", "Line 1: somebody is no device"),
        ({"senders": "10.99.0.1"}, "senders", "is in no network of the zone lan"),
        ({"begins": "soon"}, "begins", "does not fit"),
        ({"source": "attic"}, "source", "There is no zone called attic."),
        ({"source": "internet", "senders": ""}, "destination", "This rule could never match"),
    ],
)
def test_a_problem_of_a_rule_stands_beside_its_field(
    house: Home, typed: dict[str, str], field: str, sentence: str
) -> None:
    answer = house.client.post("/firewall/new-rule", data={**BEDTIME, **typed})
    assert answer.status_code == 422
    assert sentence in said(answer.text, field)


def test_a_rule_that_somebody_changed_meanwhile_is_not_overwritten_unread(house: Home) -> None:
    house.post("/firewall/new-rule", **BEDTIME)
    mine = fields(house.get("/firewall/rules/bedtime"))
    house.post("/firewall/rules/bedtime/deed", deed="off")
    page = house.post("/firewall/rules/bedtime", **{**mine, "note": "Mine"})
    assert "Somebody changed bedtime meanwhile." in page
    assert drafted(house).rules[0].note == "School tomorrow"
    house.post("/firewall/rules/bedtime", **fields(page))
    assert drafted(house).rules[0].note == "Mine"


def test_rules_are_asked_in_the_order_that_the_owner_gives(house: Home) -> None:
    for ident, port in (("one", "80"), ("two", "81")):
        house.post("/firewall/new-rule", **{**BEDTIME, "id": ident, "ports": port})
    house.post("/firewall/rules/two/deed", deed="up")
    assert [one.id for one in drafted(house).rules] == ["two", "one"]
    house.post("/firewall/rules/two/deed", deed="up")  # there is nothing above it
    house.post("/firewall/rules/two/deed", deed="down")
    assert [one.id for one in drafted(house).rules] == ["one", "two"]


def test_a_rule_is_removed(house: Home) -> None:
    house.post("/firewall/new-rule", **BEDTIME)
    house.post("/firewall/rules/bedtime/deed", deed="remove")
    assert drafted(house).rules == ()


@pytest.mark.parametrize("path", ["rules/none", "forwards/none"])
def test_what_is_not_there_is_not_there(house: Home, path: str) -> None:
    assert house.client.get(f"/firewall/{path}").status_code == 404
    assert house.client.post(f"/firewall/{path}/deed", data={"deed": "remove"}).status_code == 404


def test_one_button_makes_a_guest_network(house: Home) -> None:
    page = house.post("/firewall/networks/guest/guest", answer="yes")
    assert "Let guest join the others" in page
    assert [one.zone for one in drafted(house).networks] == ["lan", "guest"]
    house.post("/firewall/networks/guest/guest", answer="")
    assert {one.zone for one in drafted(house).networks} == {"lan"}
    assert [zone.name for zone in drafted(house).zones] == ["lan"]


def test_the_last_network_with_the_admin_cannot_be_for_guests(house: Home) -> None:
    house.post("/firewall/networks/guest/guest", answer="yes")
    answer = house.client.post("/firewall/networks/lan/guest", data={"answer": "yes"})
    assert "No network could open the admin pages any more" in answer.text


def cell(page: str, source: str, destination: str) -> str:
    """What one cell of the matrix says, its class first."""
    row = re.search(rf'scope="row">{source}<.*?</tr>', page, re.S)
    assert row
    found = re.search(rf'<div class="cell([^"]*)" data-to="{destination}">(.*?)</td>', row[0], re.S)
    assert found
    text = re.sub(r"<[^>]+>", " ", found[2])
    return " ".join((*found[1].split(), *html.unescape(text).split()))


def test_the_matrix_shows_what_the_draft_opens(house: Home) -> None:
    page = house.post("/firewall/networks/guest/guest", answer="yes")
    assert cell(page, "Internet", "Lan") == "shut Nothing"
    assert cell(page, "Guest", "Router") == "opens Ping, DNS, time, boot opened, was nothing"
    page = house.post("/firewall/new-forward", **PHOTOS)
    assert cell(page, "Internet", "Lan") == (
        "opens nas:443 by 8443 IPv6: nas:443 opened, was nothing"
    )


def test_the_page_says_how_much_gets_in(house: Home) -> None:
    assert "From the internet, nothing gets in." in house.get("/firewall")
    page = house.post("/firewall/new-forward", **PHOTOS)
    assert "nothing gets in but what you let in: one way." in page


def test_rules_follow_the_clock_that_the_owner_sets(house: Home) -> None:
    house.post("/networks/time", time_zone="Europe/Helsinki")
    assert "the clock of Europe/Helsinki" in house.get("/firewall")
    house.post("/firewall/new-rule", **{**BEDTIME, "until": "2030-01-02T03:04"})
    assert drafted(house).rules[0].until == datetime(2030, 1, 2, 1, 4, tzinfo=UTC).timestamp()


def test_a_clock_that_nobody_knows_is_refused_beside_its_field(house: Home) -> None:
    page = house.post("/networks/time", time_zone="Moon/Tycho")
    assert "knows no time zone Moon/Tycho" in said(page, "time_zone")
    assert 'value="Moon/Tycho"' in page


# ── why ──────────────────────────────────────────────────────────────────────────────────────────


def why(home: Home, **asked: str) -> str:
    """The answer in plain text."""
    answer = home.client.get("/firewall/why", params=asked)
    assert answer.status_code == 200
    found = re.search(r'id="answer-h".*?</section>', answer.text, re.S)
    assert found, answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[0].partition(">")[2])).split())


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (("lan", "", "internet", "", "443"), "It passes The zone of the sender reaches"),
        (("internet", "", "router", "", "443"), "It is blocked From the internet, nothing"),
        (("internet", "", "lan", "nas", "22"), "It is blocked From the internet, only what"),
        (("lan", "", "router", "", "53"), "It passes The router offers this"),
        (("lan", "", "router", "", "22"), "It is blocked No rule lets it through."),
        (("lan", "", "guest", "", "22"), "It is blocked No rule lets it through."),
        (("lan", "10.78.0.9", "internet", "", "443"), "It is blocked The sender’s address"),
    ],
)
def test_why_something_is_blocked(
    house: Home, asked: tuple[str, str, str, str, str], answer: str
) -> None:
    source, sender, destination, receiver, port = asked
    told = why(
        house,
        source=source,
        sender=sender,
        destination=destination,
        receiver=receiver,
        protocol="tcp",
        port=port,
    )
    assert told.startswith(f"The answer {answer}")


def test_the_rule_that_blocks_is_named_with_its_page(house: Home) -> None:
    house.post("/firewall/new-rule", **{**BEDTIME, "timed": "", "senders": "nas"})
    page = house.get(
        "/firewall/why?source=lan&sender=nas&destination=internet&protocol=tcp&port=80"
    )
    assert "From lan to the internet, tcp 80, 6000–6010 from nas is refused." in page
    assert 'href="/firewall/rules/bedtime">The rule bedtime' in page


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("source=lan&destination=internet&protocol=tcp", "port"),
        ("source=lan&destination=internet&protocol=tcp&port=99999", "port"),
        ("source=lan&sender=ghost&destination=internet&protocol=tcp&port=80", "sender"),
        ("source=lan&destination=internet&receiver=2001:db8::1&protocol=tcp&port=80", "receiver"),
    ],
)
def test_a_question_that_cannot_be_read_says_where(house: Home, asked: str, field: str) -> None:
    assert said(house.get(f"/firewall/why?{asked}"), field)
