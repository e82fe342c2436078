"""The page Seen from outside: what a stranger heard, what waits where, and for whom."""

import re
from contextlib import closing
from dataclasses import astuple, replace

from appliance.events import Event, ExposureFound, ExposureGone, OutsideRefused
from appliance.model.exposure import Finding
from appliance.model.outside import Heard, Seen
from appliance.store import exposures, journal, trials
from appliance.store.open import writer
from tests.webui.home import NOW, SEEN
from tests.webui.pages.conftest import Home

PATH = "/firewall/outside"


def sees(home: Home, seen: Seen, at: float = NOW) -> None:
    """net writes what a stranger got to see."""
    with closing(writer(home.state / "net.db", trials.MIGRATIONS)) as file:
        trials.write_outside(file, seen, at)


def tells(home: Home, event: Event) -> None:
    with closing(writer(home.state / "net.db", trials.MIGRATIONS)) as file:
        journal.append(file, event, NOW)


def needs(home: Home) -> str:
    """What the Overview asks its owner to look at."""
    return home.get("/").partition('class="needs"')[2].partition("</ul>")[0]


def row(page: str, port: str) -> str:
    """The words of one row of the table."""
    found = re.search(rf'scope="row">{port}</th>(.*?)</tr>', page, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def test_a_silent_router_says_so(lived_in: Home) -> None:
    page = lived_in.get(PATH)
    assert ">From outside, nothing of ours answers</h1>" in page
    assert "412\N{NO-BREAK SPACE}ports asked" in page
    assert "The configuration was changed since" not in page


def test_every_socket_says_where_it_waits_for_whom(lived_in: Home) -> None:
    page = lived_in.get(PATH)
    assert row(page, "tcp 443") == "lan 0.0.0.0 web lan"
    assert row(page, "udp 323") == "the router itself 127.0.0.1 chronyd nobody"
    assert row(page, "udp 546").endswith("dhcpcd the provider, about its prefix")
    assert row(page, "tcp 22") == "every interface 0.0.0.0 another program nobody"


def test_what_answers_although_nothing_should_is_shown(lived_in: Home) -> None:
    heard = (Heard("tcp", "203.0.113.5", 22, "open"), Heard("tcp", "203.0.113.5", 23, "closed"))
    sees(lived_in, replace(SEEN, heard=heard))
    page = lived_in.get(PATH)
    assert ">Something answers that should not</h1>" in page
    assert page.count(">Wrong</span>") == 3
    assert "Says that nobody is there." in page


def test_a_socket_of_ours_on_the_internets_side_is_shown(lived_in: Home) -> None:
    wide = replace(SEEN.sockets[1], link="", port=53)
    sees(lived_in, replace(SEEN, sockets=(wide,)))
    page = lived_in.get(PATH)
    assert ">Something answers that should not</h1>" in page
    assert row(page, "udp 53") == "every interface 0.0.0.0 dns Wrong"


def test_silence_of_a_dead_cable_is_no_proof(lived_in: Home) -> None:
    sees(lived_in, replace(SEEN, answered=False))
    assert "Silence proves nothing then." in lived_in.get(PATH)


def test_a_look_from_before_a_change_says_so(lived_in: Home) -> None:
    sees(lived_in, SEEN, NOW - 60)
    assert "The configuration was changed since. Look again." in lived_in.get(PATH)


def test_a_look_that_came_to_nothing_says_why(lived_in: Home) -> None:
    tells(lived_in, OutsideRefused("w", "The stranger did not come back."))
    page = lived_in.get(PATH)
    assert "could not be looked at from outside: The stranger did not come back." in page


FOUND = Finding("heard tcp 22", "Seen from outside, tcp 22 at 203.0.113.5 answers.", "Stop it.")


def test_what_was_found_is_a_trouble_on_the_overview_until_it_is_gone(lived_in: Home) -> None:
    tells(lived_in, ExposureFound(*astuple(FOUND)))
    assert "Seen from outside, tcp 22 at 203.0.113.5 answers. Stop it." in needs(lived_in)
    assert f'href="{PATH}"' in needs(lived_in)
    tells(lived_in, ExposureGone(FOUND.name, FOUND.what))
    assert "203.0.113.5 answers." not in needs(lived_in)


def test_what_was_found_is_said_with_what_to_do(lived_in: Home) -> None:
    with closing(writer(lived_in.state / "net.db", trials.MIGRATIONS)) as file:
        exposures.write_exposures(file, [FOUND], [], NOW)
    assert f"{FOUND.what} {FOUND.todo}" in lived_in.get(PATH)


def test_a_press_has_somebody_look(lived_in: Home) -> None:
    assert "The router is looked at from outside" in lived_in.post(PATH)


def test_before_the_first_look_the_page_says_what_it_would_do(bare: Home) -> None:
    page = bare.get(PATH)
    assert "Nobody has looked yet" in page
    assert "no port to the internet" in bare.post(PATH)
