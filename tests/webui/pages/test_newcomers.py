"""New devices that wait: seen and let in on the page Devices, explained on Why."""

import re
from contextlib import closing
from dataclasses import replace

import pytest

from appliance.actions import draft
from appliance.actions.known_devices import device
from appliance.model.config import RouterConfig
from appliance.model.newcomers import QUARANTINE
from appliance.store import newcomers, trials
from appliance.store.open import writer
from tests.webui.home import OWNER
from tests.webui.household import PHONE, TABLET, TV
from tests.webui.pages.conftest import Home

KEY = TABLET.replace(":", "-")


@pytest.fixture
def held(lived_in: Home) -> Home:
    """The LAN holds newcomers back, and everybody is one, as net says it."""
    with closing(writer(lived_in.state / "net.db", trials.MIGRATIONS)) as net:
        newcomers.settle(net, "lan", ())
    return lived_in


def admitted_as_net_would(home: Home) -> None:
    with closing(writer(home.state / "net.db", trials.MIGRATIONS)) as net:
        let_in = {one.mac for one in home.desk.reads.device_views() if one.let_in}
        newcomers.settle(net, newcomers.LET_IN, let_in)


def test_by_itself_nobody_waits(home: Home) -> None:
    assert "to be let in" not in home.get("/devices")


def test_who_waits_is_said_first(held: Home) -> None:
    assert "to be let in." in held.get("/devices")


def test_the_chip_shows_who_waits(held: Home) -> None:
    said = held.get("/devices?show=waiting")
    assert f'id="admit-{KEY}"' in said


def test_a_device_is_let_in_by_its_button(held: Home) -> None:
    assert "let in." in held.post("/devices/admit", mac=TABLET, back="/devices")
    admitted_as_net_would(held)
    assert not device(held.desk.reads, TABLET).waits


def test_letting_in_is_undone(held: Home) -> None:
    said = held.post("/devices/admit", mac=TABLET, back="/devices")
    (act,) = re.findall(r'action="/undo/([^"]+)"', said)
    held.post(f"/undo/{act}", back="/devices")
    admitted_as_net_would(held)
    assert device(held.desk.reads, TABLET).waits


def test_its_own_page_says_that_it_waits(held: Home) -> None:
    assert "It waits to be let in" in held.get(f"/devices/{KEY}")


def hold(home: Home) -> None:
    """Hold newcomers back in the draft."""

    def change(config: RouterConfig) -> RouterConfig:
        lan = replace(config.networks[0], newcomers=QUARANTINE)
        return replace(config, networks=(lan, *config.networks[1:]))

    draft.edit(home.desk, OWNER, change, "New devices wait.")


def test_why_says_that_the_device_is_new(held: Home) -> None:
    hold(held)
    address = device(held.desk.reads, TV).address
    said = held.get(f"/firewall/why?source=lan&sender={address}&destination=internet&port=443")
    assert "waits until you let it in" in said


@pytest.mark.parametrize(("sender", "receiver"), [(TV, ""), ("", TV), (PHONE, TV)])
def test_why_says_that_it_is_kept_apart_from_its_own_network(
    held: Home, sender: str, receiver: str
) -> None:
    hold(held)
    ends = [device(held.desk.reads, one).address if one else "" for one in (sender, receiver)]
    asked = f"source=lan&sender={ends[0]}&destination=lan&receiver={ends[1]}&port=80"
    assert "waits until you let it in" in held.get(f"/firewall/why?{asked}")


@pytest.mark.parametrize(
    ("side", "answer"),
    [("sender", "The device is blocked."), ("receiver", "The device that it is for is blocked.")],
)
def test_why_says_that_a_device_is_blocked(lived_in: Home, side: str, answer: str) -> None:
    address = device(lived_in.desk.reads, TABLET).address
    asked = f"source=lan&destination=lan&{side}={address}&port=80"
    assert answer in lived_in.get(f"/firewall/why?{asked}")


def test_review_says_what_becomes_of_new_devices(lived_in: Home) -> None:
    hold(lived_in)
    assert "wait until you let them in" in lived_in.get("/changes/review")


def test_the_form_of_a_network_says_it(lived_in: Home) -> None:
    hold(lived_in)
    said = lived_in.get("/networks/lan/settings")
    assert '<option value="quarantine" selected>' in said
