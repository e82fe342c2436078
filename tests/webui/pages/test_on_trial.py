"""/changes while a change is on trial, and /keep: from the old network and from the new one."""

import re
from contextlib import closing
from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Network

import pytest
from starlette.testclient import TestClient

from appliance.model import read
from appliance.model.ipv6 import Ipv6
from appliance.model.stays import Stay
from appliance.store import leases, revisions, trials
from appliance.store.open import writer
from appliance.store.reads import Reads
from appliance.store.trials import Ended, ProbeRow, TrialRow
from appliance.trial import NO_KEEP
from tests.webui.home import CONFIG, EMBER, NOW
from tests.webui.pages.conftest import Home
from tests.webui.pages.test_every_page import check
from webui.pages.on_trial import places

LAN = CONFIG.networks[0]
MOVED = replace(CONFIG, networks=(replace(LAN, address=IPv4Interface("10.78.0.1/24"), dhcp=None),))
OLD, NEW = ("10.77.0.1", "10.77.0.9"), ("10.78.0.1", "10.78.0.9")


@pytest.fixture
def moved(lived_in: Home) -> Home:
    """Lena moved the LAN to 10.78.0.1, on trial."""
    answer = lived_in.client.post("/api/v1/config", json=read.to_json(MOVED))
    assert answer.status_code == 202, answer.text
    stand(lived_in, "pending")
    return lived_in


def stand(home: Home, state: str, why: str = "") -> None:
    """What net writes of the newest change."""
    wish = Reads(home.state).last_apply()
    assert wish
    config = revisions.canonical(read.to_json(MOVED))
    ends_at = NOW + 72 if state == "pending" else None
    row = TrialRow(2, state, NOW, 90.0, config, wish.id, "lena", why, {}, ends_at)
    with closing(writer(home.state / "net.db", trials.MIGRATIONS)) as net:
        trials.write_trial(net, row)
        trials.write_asked(net, wish.seq)
        if state != "pending":
            trials.write_ended(net, Ended(2, state, why, NOW - 60))


def at(home: Home, way: tuple[str, str], *, signed: bool = True) -> TestClient:
    """The admin, asked over another way."""
    reached, client = way
    there = TestClient(home.client.app, base_url=f"http://{reached}", client=(client, 40000))
    there.headers["sec-fetch-site"] = "same-origin"
    if signed:
        there.cookies.update(home.client.cookies)
    return there


def link(home: Home) -> str:
    """The path of the link that the old network is shown."""
    html = at(home, OLD).get("/changes").text
    found = re.search(r'href="https://10\.78\.0\.1(/keep/[\w-]+)"', html)
    assert found
    return found[1]


def test_the_head_counts_down_beside_its_buttons(moved: Home) -> None:
    html = moved.get("/changes")
    check(html)
    assert "Two changes are on trial" in html
    assert 'data-left="72"' in html
    for words in ("Keep the changes", "Undo now", "60 s</button>"):
        assert words in html


def test_the_page_with_the_head_has_no_bar(moved: Home) -> None:
    assert 'class="dock trial"' not in moved.get("/changes")
    assert 'class="dock trial"' in moved.get("/machines")


def test_the_head_says_what_changed(moved: Home) -> None:
    html = moved.get("/changes")
    assert "address on lan becomes 10.78.0.1/24 (was 10.77.0.1/24)." in html
    assert "By lena, revision 2" in html


def test_the_head_says_where_the_router_answers(moved: Home) -> None:
    html = moved.get("/changes")
    assert "at both 10.78.0.1 and the old 10.77.0.1 until you keep." in html


def test_at_the_old_address_there_is_a_link_in_the_place_of_keep(moved: Home) -> None:
    html = at(moved, OLD).get("/changes").text
    check(html)
    assert "Keep the changes" not in html
    assert "Undo now" in html
    assert "Keep is taken at 10.78.0.1." in html
    assert 'class="qr"' in html


def test_at_the_old_address_the_bar_leads_to_the_link(moved: Home) -> None:
    html = at(moved, OLD).get("/machines").text
    assert 'id="trial-keep"' not in html
    assert "How to keep" in html


def test_keep_pressed_at_the_old_address_is_refused(moved: Home) -> None:
    change = Reads(moved.state).trial()
    assert change
    answer = at(moved, OLD).post(f"/trial/{change.nonce}/keep")
    assert answer.status_code == 409
    assert "Keep is taken at 10.78.0.1." in answer.text


def test_the_link_shows_what_would_be_kept_without_keeping_it(moved: Home) -> None:
    path = link(moved)
    answer = at(moved, NEW, signed=False).get(path)
    assert answer.status_code == 200
    check(answer.text)
    assert "becomes 10.78.0.1/24" in answer.text
    assert "Keep the changes" in answer.text
    assert not Reads(moved.state).is_kept_soon(changed(moved))


def test_the_button_behind_the_link_keeps_without_signing_in(moved: Home) -> None:
    answer = at(moved, NEW, signed=False).post(link(moved))
    assert answer.status_code == 200
    assert "<h1>Kept</h1>" in answer.text
    check(answer.text)
    assert Reads(moved.state).is_kept_soon(changed(moved))


def test_the_link_is_used_once(moved: Home) -> None:
    path = link(moved)
    at(moved, NEW, signed=False).post(path)
    again = at(moved, NEW, signed=False).post(path, data={"once": "other"})
    assert again.status_code == 409
    assert "used already" in again.text


def test_the_link_has_no_button_in_the_old_network(moved: Home) -> None:
    path = link(moved)
    html = at(moved, ("10.78.0.1", "10.77.0.9"), signed=False).get(path).text
    assert "Keep the changes" not in html
    assert "an address from before" in html


def test_the_link_pressed_in_the_old_network_is_refused(moved: Home) -> None:
    path = link(moved)
    assert at(moved, OLD, signed=False).post(path).status_code == 409
    assert not Reads(moved.state).is_kept_soon(changed(moved))


def test_another_site_cannot_press_the_link(moved: Home) -> None:
    path = link(moved)
    there = at(moved, NEW, signed=False)
    there.headers["sec-fetch-site"] = "cross-site"
    assert there.post(path).status_code == 403


def test_a_guessed_link_is_nothing(moved: Home) -> None:
    assert at(moved, NEW, signed=False).get("/keep/AAAAAAAAAAAAAAAAAAAAAA").status_code == 404


def test_a_link_of_a_trial_that_is_over_is_nothing(moved: Home) -> None:
    path = link(moved)
    stand(moved, "undone", NO_KEEP)
    assert at(moved, NEW, signed=False).get(path).status_code == 404


def test_a_minute_more_is_added_to_what_is_left(moved: Home) -> None:
    moved.post(f"/trial/{changed(moved)}/minute", back="/changes")
    with Reads(moved.state).file("nixie") as file:
        assert file
        (body,) = file.execute("SELECT body FROM wish ORDER BY seq DESC LIMIT 1").fetchone()
    assert '"seconds": "132"' in body


def test_the_routers_own_checks_stand_beside_the_button(moved: Home) -> None:
    told = (
        ProbeRow("Internet", False, "192.0.2.1 does not answer", NOW - 3),
        ProbeRow("lan hands out addresses", True, "1 ms", NOW - 3),
        ProbeRow("Names resolve", None, "", NOW - 3),
    )
    with closing(writer(moved.state / "net.db", trials.MIGRATIONS)) as net:
        trials.write_probes(net, changed(moved), told)
    html = moved.get("/changes/trial")
    for kind, name in (("bad", "Internet"), ("ok", "lan hands out"), ("wait", "Names resolve")):
        assert re.search(rf'class="pill s-{kind}">(?:(?!</span>).)*{name}', html, re.S)
    assert "192.0.2.1 does not answer" in html
    found = moved.client.get("/api/v1/change").json()["probes"]
    assert [(one["name"], one["ok"]) for one in found] == [(one.name, one.ok) for one in told]


def test_after_an_undo_the_head_says_why(moved: Home) -> None:
    stand(moved, "undone", NO_KEEP)
    html = moved.get("/changes")
    assert NO_KEEP in html
    assert "The router runs as it did before." in html
    assert 'class="trial-head"' not in html


def test_who_has_not_moved_is_named(lived_in: Home) -> None:
    stay = Stay("lan", "br-lan", IPv4Interface("10.70.0.1/24"), None, NOW + 3600)
    with closing(writer(lived_in.state / "net.db", trials.MIGRATIONS)) as net:
        trials.write_leaving(net, (stay,))
    held = int(IPv4Interface("10.70.0.44").ip)
    row = ("lan", held, EMBER, f"hw:{EMBER}", "", "os", NOW, NOW + 900, "bound", "", "")
    with closing(writer(lived_in.state / "leases.db", leases.MIGRATIONS)) as file:
        leases.commit(file, [row], [], NOW)
    html = lived_in.get("/changes")
    check(html)
    assert "10.70.0.1, the old address on lan, answers until everybody has moved" in html
    assert "ember has 10.70.0.44" in html


def test_the_api_says_which_addresses_are_leaving(moved: Home) -> None:
    stay = Stay("lan", "br-lan", IPv4Interface("10.70.0.1/24"), None, NOW + 3600)
    with closing(writer(moved.state / "net.db", trials.MIGRATIONS)) as net:
        trials.write_leaving(net, (stay,))
    (found,) = moved.client.get("/api/v1/change").json()["leaving"]
    assert (found["network"], found["address"]) == ("lan", "10.70.0.1/24")


def test_the_api_says_where_keep_is_taken(moved: Home) -> None:
    found = at(moved, OLD).get("/api/v1/change").json()
    assert (found["keeps"], found["keeps_at"]) == (False, "10.78.0.1")
    assert at(moved, NEW).get("/api/v1/change").json()["keeps"]


def test_a_change_of_no_address_names_no_place() -> None:
    assert places(CONFIG, replace(CONFIG, hostname="other")) == ()


def test_under_the_tried_name_the_admin_answers_before_it_is_kept(lived_in: Home) -> None:
    named = read.to_json(replace(CONFIG, hostname="other"))
    lived_in.client.post("/api/v1/config", json=named)
    for name in ("other.lan", "nixie.lan"):
        answer = lived_in.client.get("/login", headers={"host": name})
        assert answer.status_code == 200
    assert lived_in.client.get("/login", headers={"host": "third.lan"}).status_code == 421


def changed(home: Home) -> str:
    row = Reads(home.state).trial()
    assert row
    return row.nonce


def test_the_head_says_where_the_router_answers_by_ipv6() -> None:
    before = replace(
        CONFIG, networks=(replace(LAN, ipv6=Ipv6()),), ula=IPv6Network("fd12:3456:789a::/48")
    )
    after = replace(before, networks=(replace(LAN, ipv6=Ipv6(7)),))
    assert places(before, after, IPv6Network("2001:db8:42::/56")) == (
        f"From {LAN.name} the router answers at both fd12:3456:789a:7::1 and the old "
        "fd12:3456:789a::1 until you keep.",
        f"From {LAN.name} the router answers at both 2001:db8:42:7::1 and the old 2001:db8:42::1 "
        "until you keep.",
    )
