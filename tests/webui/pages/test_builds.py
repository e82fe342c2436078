from dataclasses import replace

import pytest

from appliance.store.builds import BuildRow
from appliance.store.reads import Reads
from tests.webui.home import NOW
from tests.webui.pages.conftest import Home
from webui.pages import build


def row(home: Home, ident: str) -> BuildRow:
    found = Reads(home.state).build(ident)
    assert found is not None
    return found


def test_a_running_build_shows_how_far_it_is(home: Home) -> None:
    html = home.get("/builds")
    assert '<progress value="212" max="248"' in html
    assert 'data-running="277"' in html


def test_a_failed_build_can_be_built_again(lived_in: Home) -> None:
    assert "waits to be built again" in lived_in.post("/builds/b4/again")


def test_a_build_that_is_over_cannot_be_stopped(lived_in: Home) -> None:
    assert "ended before" in lived_in.post("/builds/b3/stop")


def test_a_running_build_can_be_stopped(lived_in: Home) -> None:
    assert "is being stopped" in lived_in.post("/builds/b1/stop", back="/builds/b1")


def test_the_log_goes_on_where_it_stopped(home: Home) -> None:
    whole = home.get("/builds/b1/log.txt")
    at = whole.index("warning:")
    piece = home.get(f"/builds/b1/log?start={len(whole[:at].encode())}")
    assert "attic.lan" in piece
    assert "unpacking" not in piece
    assert f"start={len(whole.encode())}" in piece


def test_the_log_of_a_build_that_is_over_asks_no_more(home: Home) -> None:
    assert "hx-get" not in home.get("/builds/b4/log?start=0")


def test_an_error_in_the_log_has_its_tone(home: Home) -> None:
    assert '<li class="bad"><b></b><span>error: builder' in home.get("/builds/b4")


def test_a_failed_build_says_why_before_the_log(home: Home) -> None:
    html = home.get("/builds/b4")
    assert html.index("does not build against") < html.index('id="log-h"')


@pytest.mark.parametrize(
    ("phase", "place"),
    [("building linux-6.12", 3), ("publish-tool: unpackPhase", 3), ("publishing", 4)],
)
def test_what_the_builder_says_belongs_to_a_phase(home: Home, phase: str, place: int) -> None:
    assert build.stage(replace(row(home, "b1"), phase=phase)) == place


def test_a_queued_build_stands_at_the_first_phase(home: Home) -> None:
    states = [phase.state for phase in build.phases(row(home, "b2"), NOW, None, None)]
    assert states == ["done", "done", "now", "waiting", "waiting"]


def test_a_failed_build_fell_where_it_was(home: Home) -> None:
    states = [phase.state for phase in build.phases(row(home, "b4"), NOW, None, None)]
    assert states == ["done", "done", "done", "fell", "waiting"]


def test_a_log_with_markup_in_it_is_only_text(lived_in: Home) -> None:
    (lived_in.state / "logs" / "builds" / "b4.log").write_text("<script>alert(1)</script>\n")
    assert "<script>alert" not in lived_in.get("/builds/b4")
