"""The page Binary cache, and the choice on a network's page."""

from dataclasses import replace

from appliance.actions import draft
from appliance.model.lan_cache import PLACE, to_json
from services.nix.publish.driver import write
from tests.webui.home import CACHE
from tests.webui.pages.conftest import Home
from tests.webui.pages.test_network import form


def test_before_there_is_a_key_it_says_when_there_will_be(lived_in: Home) -> None:
    (lived_in.state / PLACE).unlink()
    page = lived_in.get("/cache")
    assert "The role build makes its key when it starts." in page
    assert "trusted-public-keys" not in page


def test_the_lines_are_there_to_paste(lived_in: Home) -> None:
    page = lived_in.get("/cache")
    assert f"trusted-public-keys = [ &#34;{CACHE.key}&#34; ];" in page
    assert "store paths of published images, 8.4\N{NO-BREAK SPACE}GiB unpacked." in page
    assert "substituters = [ &#34;http://10.77.0.1/cache&#34; ];" in page


def test_a_problem_is_said(lived_in: Home) -> None:
    write(lived_in.state / PLACE, to_json(replace(CACHE, problem="Nix did not answer: no.")))
    assert "not given away yet. Nix did not answer: no." in lived_in.get("/cache")


def test_the_builds_lead_to_it(lived_in: Home) -> None:
    assert 'href="/cache"' in lived_in.get("/builds")


def test_a_network_turns_it_off(lived_in: Home) -> None:
    sent = form(lived_in, "/networks/lan/settings")
    assert sent["cache"] == "by-zone"
    lived_in.post("/networks/lan/settings", **{**sent, "cache": "off"})
    assert not draft.edited(lived_in.desk).networks[0].caches
    review = lived_in.get("/changes/review")
    assert "The router is no longer a binary cache on lan." in review


def test_a_choice_that_is_none_is_refused_beside_its_field(lived_in: Home) -> None:
    sent = form(lived_in, "/networks/lan/settings")
    page = lived_in.post("/networks/lan/settings", **{**sent, "cache": "sometimes"})
    assert 'id="cache-e"' in page
