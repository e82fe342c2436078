"""The page of the time: time servers, who gets the time, the time zone."""

import pytest

from appliance.actions import draft
from tests.webui.pages.conftest import Home
from tests.webui.pages.test_firewall import said

PATH = "/networks/time"
TYPED = {"servers": "ntp.example\n192.0.2.123", "serve": "yes", "time_zone": "Europe/Helsinki"}


def test_the_page_shows_what_is_set(lived_in: Home) -> None:
    page = lived_in.get(PATH)
    assert "0.nixos.pool.ntp.org\n1.nixos" in page
    assert 'name="serve" value="yes" checked' in page
    assert 'value="UTC"' in page


def test_the_time_is_put_into_the_draft(lived_in: Home) -> None:
    lived_in.post(PATH, **TYPED)
    config = draft.edited(lived_in.desk)
    assert config.time.servers == ("ntp.example", "192.0.2.123")
    assert (config.time.serve, config.time_zone) == (True, "Europe/Helsinki")
    assert "ntp.example" in lived_in.get("/changes/review")


def test_nobody_is_asked_and_nobody_told_when_the_owner_wants_it_so(lived_in: Home) -> None:
    lived_in.post(PATH, servers="", time_zone="UTC")
    time = draft.edited(lived_in.desk).time
    assert (time.servers, time.serve) == ((), False)
    assert "The networks no longer get the time" in lived_in.get("/changes/review")


@pytest.mark.parametrize(
    ("field", "typed"), [("servers", "-bad-"), ("time_zone", "Moon/Tycho"), ("time_zone", "")]
)
def test_a_problem_stands_beside_its_field(lived_in: Home, field: str, typed: str) -> None:
    page = lived_in.post(PATH, **{**TYPED, field: typed})
    assert said(page, field)
    assert typed in page


def test_the_networks_lead_to_it(home: Home) -> None:
    assert f'href="{PATH}"' in home.get("/networks")
