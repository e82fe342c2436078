"""The page Internet, and what other pages say of it."""

from dataclasses import replace

from appliance.events import WanDown, WanFound
from appliance.model.way import Stand, Way
from appliance.store import journal, ways
from appliance.store.open import writer
from tests.webui.home import NOW
from tests.webui.pages.conftest import Home

CUT = Way(Stand.NO_CABLE, "enp1s0", "there is no cable in enp1s0.", NOW - 60)


def stands(home: Home, way: Way) -> None:
    """wan writes how the way out stands."""
    file = writer(home.state / "wan.db", ways.MIGRATIONS)
    ways.write_way(file, way)
    if way.why:
        journal.append(file, WanDown(way.link, way.why, way.stand.value), NOW - 60)
    file.close()


def test_the_page_says_since_when_it_is_there(home: Home) -> None:
    html = home.get("/internet")
    assert ">Online for 23\N{NO-BREAK SPACE}days</h1>" in html
    assert "8.6\N{NO-BREAK SPACE}ms" in html
    assert "isp.example" in html


def test_the_top_line_says_how_fast_it_answers(home: Home) -> None:
    top = home.get("/frame/now")
    assert 'href="/internet"' in top
    assert "Online</span>" in top
    assert "9\N{NO-BREAK SPACE}ms" in top


def test_the_overview_has_its_figure(home: Home) -> None:
    figure = home.get("/").partition('<span class="name">Internet</span>')[2].partition("</a>")[0]
    assert '<span class="figure">9<small>ms</small></span>' in figure
    assert "enp1s0, nothing lost" in figure


def test_a_pulled_cable_is_said_on_every_page(lived_in: Home) -> None:
    stands(lived_in, CUT)
    assert "There is no cable in enp1s0." in lived_in.get("/internet")
    assert ">Offline</span>" in lived_in.get("/machines")
    html = lived_in.get("/")
    assert ">There is no internet. kiln is booting.</h1>" in html
    assert "There is no internet: there is no cable in enp1s0." in html


def test_what_is_over_is_no_trouble(lived_in: Home) -> None:
    stands(lived_in, CUT)
    stands(lived_in, replace(CUT, stand=Stand.ONLINE, why=""))
    assert ">Online</span>" in lived_in.get("/machines")


def test_a_press_asks_the_provider_again(lived_in: Home) -> None:
    assert "enp1s0 is to ask its provider again." in lived_in.post("/internet/renew")


def test_a_press_looks_for_the_cable(lived_in: Home) -> None:
    assert "looked for in enp1s0." in lived_in.post("/internet/probe")


def test_the_newest_search_is_shown(home: Home) -> None:
    html = home.get("/internet")
    assert "The internet is the cable in enp1s0." in html
    assert "203.0.113.1 offers 203.0.113.5/24" in html
    assert "No cable" in html


def test_the_cable_that_was_found_is_put_into_the_draft(lived_in: Home) -> None:
    offer = "enp3s0 offer 198.51.100.1 198.51.100.9/24"
    file = writer(lived_in.state / "wan.db", ways.MIGRATIONS)
    journal.append(file, WanFound("w", "It is the one in enp3s0.", (offer,)), NOW)
    file.close()
    assert 'id="use-enp3s0"' in lived_in.get("/internet")
    assert "The way to the internet is to change." in lived_in.post("/internet/use", port="enp3s0")
    assert "enp3s0, by DHCP" in lived_in.get("/networks")


def test_nothing_can_be_renewed_without_a_port(bare: Home) -> None:
    assert 'action="/internet/renew"' not in bare.get("/internet")
    answer = bare.client.post("/internet/renew", data={})
    assert answer.status_code == 422
    assert "Find its cable first." in answer.text
