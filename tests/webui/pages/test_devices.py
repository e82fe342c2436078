"""Everything on the LANs: the list, one device, and what is pressed there."""

import re
from contextlib import closing
from dataclasses import replace

from appliance.actions import draft
from appliance.actions.known_devices import known
from appliance.model.firewall import Forward, Ports
from appliance.store import boots
from appliance.store.journal import transaction
from appliance.store.open import writer
from tests.webui.home import OWNER, add_boot
from tests.webui.household import DOORBELL, LAPTOP, PHONE, PIXEL, PRINTER, TABLET, TV
from tests.webui.pages.conftest import Home
from webui.pages.device_rows import under


def key(mac: str) -> str:
    return mac.replace(":", "-")


def shown(html: str) -> list[str]:
    """The names in the list, in its order."""
    return re.findall(r'<a class="go" href="/devices/[^"]+" id="[^"]+">([^<]+)</a>', html)


def blocks(home: Home) -> dict[str, str]:
    return {view.mac: view.block for view in home.desk.reads.device_views() if view.block}


def test_the_lead_counts_who_is_here(home: Home) -> None:
    assert "5 of 7 are here. One is new today." in home.get("/devices")


def test_a_device_is_found_by_its_maker(home: Home) -> None:
    assert shown(home.get("/devices?q=brother")) == ["printer"]


def test_a_device_is_found_by_its_address_however_it_is_written(home: Home) -> None:
    assert shown(home.get("/devices?q=FE80:0::5")) == ["printer"]


def test_a_device_is_found_by_its_mac(home: Home) -> None:
    assert shown(home.get(f"/devices?q={TV.upper()}")) == ["living-room-tv"]


def test_a_chip_shows_only_its_devices(home: Home) -> None:
    assert shown(home.get("/devices?show=new")) == ["pixel-9"]
    assert shown(home.get("/devices?show=blocked")) == ["kids-tablet"]
    assert shown(home.get("/devices?show=away")) == ["kids-tablet", "printer"]


def test_a_network_shows_only_its_devices(home: Home) -> None:
    assert shown(home.get("/devices?network=things")) == ["doorbell"]


def test_who_moves_most_comes_first(home: Home) -> None:
    assert shown(home.get("/devices?sort=now"))[0] == "Intel Corporate 00:02"


def test_the_address_of_a_list_goes_into_its_links(home: Home) -> None:
    html = home.get("/devices?network=lan&sort=-now")
    assert 'href="/devices?show=here&amp;network=lan&amp;sort=-now"' in html


def test_a_blocked_device_says_until_when(home: Home) -> None:
    html = home.get("/devices?show=blocked")
    assert re.search(r"Blocked till \d\d:14", html)


def test_a_device_with_a_made_up_mac_says_so(home: Home) -> None:
    assert "iOS, changing MAC" in home.get("/devices?q=lena-phone")


def test_the_device_one_sits_at_is_marked(home: Home) -> None:
    (laptop,) = [one for one in known(home.desk.reads) if one.mac == LAPTOP]
    assert under(laptop, "fe80::7%br-lan") == "Intel Corporate, this device"
    assert under(laptop, "10.77.0.2") == "Intel Corporate"


def test_chosen_devices_are_blocked_together(lived_in: Home) -> None:
    form = {"mac": [PHONE, TV], "back": "/devices?sort=now"}
    answer = lived_in.client.post("/devices/block", data=form)
    assert str(answer.url).partition("/devices")[2].startswith("?sort=now&done=")
    assert "lena-phone and living-room-tv are blocked." in answer.text
    assert blocks(lived_in).keys() == {TABLET, PHONE, TV}


def test_undo_in_the_toast_unblocks(lived_in: Home) -> None:
    answer = lived_in.client.post("/devices/block", data={"mac": [PHONE]})
    (act,) = re.findall(r'action="/undo/([^"]+)"', answer.text)
    lived_in.post(f"/undo/{act}", back="/devices")
    assert blocks(lived_in).keys() == {TABLET}


def test_a_block_that_net_did_not_hear_of_yet_says_so(lived_in: Home) -> None:
    answer = lived_in.client.post("/devices/block", data={"mac": [PHONE]})
    assert "Being blocked" in answer.text


def test_nothing_chosen_is_a_sentence(lived_in: Home) -> None:
    answer = lived_in.client.post("/devices/block", data={"back": "/devices"})
    assert answer.status_code == 422
    assert "Choose a device first." in answer.text


def test_chosen_devices_keep_their_addresses_in_the_draft(lived_in: Home) -> None:
    answer = lived_in.client.post("/devices/reserve", data={"mac": [PHONE, TV]})
    assert "2 devices always get the addresses that they have." in answer.text
    assert "not applied" in answer.text


def test_an_address_of_another_network_is_refused_beside_its_field(lived_in: Home) -> None:
    html = lived_in.post(f"/devices/{key(TV)}/address", address="192.0.2.4")
    assert "No network gives out addresses like 192.0.2.4." in html
    assert 'value="192.0.2.4"' in html


def test_a_renamed_device_is_called_so(lived_in: Home) -> None:
    html = lived_in.post(f"/devices/{key(PIXEL)}/name", name="guest of Lena")
    assert "<h1>guest of Lena</h1>" in html
    assert "One is new" not in lived_in.get("/devices")


def test_a_name_that_is_too_long_is_refused_beside_its_field(lived_in: Home) -> None:
    html = lived_in.post(f"/devices/{key(PIXEL)}/name", name="x" * 61)
    assert "at most 60 visible characters" in html


def test_a_device_is_blocked_every_week(lived_in: Home) -> None:
    form = {"day": ["sun", "mon"], "begins": "20:30", "ends": "07:00"}
    answer = lived_in.client.post(f"/devices/{key(TV)}/block", data=form)
    assert "Blocked every week: Mon and Sun, 20:30 to 07:00." in answer.text
    assert blocks(lived_in)[TV] == "weekly mon,sun 20:30-07:00"


def test_a_week_without_a_day_is_refused(lived_in: Home) -> None:
    html = lived_in.post(f"/devices/{key(TV)}/block", begins="20:30", ends="07:00")
    assert "Choose days among mon" in html


def test_a_device_is_blocked_for_a_while(lived_in: Home) -> None:
    lived_in.post(f"/devices/{key(TV)}/block", span="3600")
    assert blocks(lived_in)[TV] == f"until {round(lived_in.desk.now()) + 3600}"


def test_a_device_is_blocked_until_the_next_morning(lived_in: Home) -> None:
    lived_in.post(f"/devices/{key(TV)}/block", span="morning")
    left = int(blocks(lived_in)[TV].removeprefix("until ")) - lived_in.desk.now()
    assert 0 < left <= 86_400


def test_a_device_is_unblocked_on_its_page(lived_in: Home) -> None:
    html = lived_in.post(f"/devices/{key(TABLET)}/unblock")
    assert "kids-tablet is not blocked any more." in html
    assert blocks(lived_in) == {}


def test_a_hostname_from_the_wire_is_only_text(lived_in: Home) -> None:
    lived_in.post(f"/devices/{key(DOORBELL)}/name", name='"><svg onload=alert(1)>')
    assert "<svg onload" not in lived_in.get("/devices")


def test_a_device_shows_the_ways_in_that_lead_to_it(lived_in: Home) -> None:
    lived_in.post(f"/devices/{key(TV)}/address")
    way = Forward("stream", TV, "tcp", Ports(8443))
    draft.edit(lived_in.desk, OWNER, lambda one: replace(one, forwards=(way,)), "A way in.")
    lived_in.apply()
    assert "stream: tcp 8443 from the internet" in lived_in.get(f"/devices/{key(TV)}")


def test_a_device_that_moved_something_has_a_line(home: Home) -> None:
    assert 'aria-label="Traffic of doorbell over one hour"' in home.get("/devices")


def test_a_device_that_is_away_has_no_rate(home: Home) -> None:
    html = home.get(f"/devices?q={PRINTER}")
    assert '<td role="cell" class="num" data-label="Now">–</td>' in html


def test_an_unknown_device_is_a_page_not_found(home: Home) -> None:
    assert home.client.get("/devices/02-00-00-00-00-99").status_code == 404


def test_the_overview_shows_what_moves(home: Home) -> None:
    html = home.get("/overview/traffic")
    assert "32.8<small>Mb/s</small>" in html
    assert 'aria-label="Download over one day"' in html


def test_a_network_shows_what_moves(home: Home) -> None:
    assert "<dd>33.6\N{NO-BREAK SPACE}Mb/s</dd>" in home.get("/networks/lan/traffic")


def test_an_ipv6_address_is_called_one(home: Home) -> None:
    assert "<dt>IPv6 address</dt>" in home.get("/devices/8c-71-f8-00-00-44")


def test_a_device_that_boots_from_here_has_its_boots(lived_in: Home) -> None:
    with closing(writer(lived_in.state / "boot.db", boots.MIGRATIONS)) as file, transaction(file):
        add_boot(
            *(file, "tv-boot", TV, "tv", "s/ember", lived_in.desk.now() - 60, "short"),
            facts={},
            generation=1,
            firmware="bios",
        )
    html = lived_in.get(f"/devices/{key(TV)}")
    assert '<h2 id="boots-h">Boots</h2>' in html
    assert 'href="/boots/tv-boot"' in html
