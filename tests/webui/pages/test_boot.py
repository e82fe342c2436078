from dataclasses import replace

import pytest

from appliance.store.boots import BootRow
from appliance.store.reads import Reads
from tests.webui.home import NOW
from tests.webui.pages.conftest import Home
from webui.pages import boot
from webui.pages.frame import Shell
from webui.pages.remedies import Case

NB = "\N{NO-BREAK SPACE}"
SHELL = Shell("", "machines", "", "", "", (), (), "/")


def case(row: BootRow) -> Case:
    return Case(row, "", "", "", building=False, image="", goes_on=False)


def view(home: Home, ident: str, **changes: object) -> boot.BootView:
    reads = Reads(home.state)
    row = reads.boot(ident)
    assert row is not None
    row = replace(row, **changes)  # type: ignore[arg-type]
    older = [one for one in reads.boots(mac=row.mac) if one.began_at < row.began_at]
    steps = {one.id: reads.steps(one.id) for one in (row, *older)}
    return boot.view(SHELL, case(row), steps, older, NOW, name="ember")


def test_a_boot_that_fell_short_opens_with_its_cause(home: Home) -> None:
    html = home.get("/boots/fell")
    assert html.index("The kernel was started, then fell silent") < html.index("Step by step")


def test_the_heading_says_how_far_it_came(home: Home) -> None:
    assert view(home, "fell").heading == "ember started, then fell silent"


def test_the_lane_that_fell_is_drawn_as_silence(home: Home) -> None:
    lanes = {lane.title: lane for lane in view(home, "fell").trace.lanes}
    assert lanes["Kernel"].kind == "fell"
    assert [bar.kind for bar in lanes["Kernel"].bars] == ["silence"]
    assert lanes["Phone home"].kind == "unreached"


def test_a_boot_without_its_unit_names_it_with_its_last_lines(home: Home) -> None:
    up = {"health": "oven.service=active,mill.service=failed", "log": "mill.service:\nno grain"}
    seen = view(home, "fell", facts={"up": up}, diagnosis="unit-not-active")
    assert seen.heading == "ember came up, but not well"
    assert seen.cause is not None
    assert [one.what for one in seen.cause.proof] == ["mill.service failed."]
    assert seen.log == "mill.service:\nno grain"


def test_a_long_silence_is_shaded_at_its_own_scale(home: Home) -> None:
    trace = view(home, "fell").trace
    assert trace.slow == "80"
    assert trace.rest == "shaded: 60 s a division"


def test_what_is_usual_comes_from_good_boots_of_the_same_machine(home: Home) -> None:
    trace = view(home, "fell").trace
    assert trace.usual == "usual, from 3 good boots"
    assert "as usual" in {lane.beside for lane in trace.lanes}


def test_the_image_lane_says_bytes_and_rate(home: Home) -> None:
    lane = next(lane for lane in view(home, "fell").trace.lanes if lane.title == "Image")
    assert lane.note == f"2{NB}parts, 624{NB}MiB"
    assert lane.beside == f"109{NB}MB/s"


def test_a_running_boot_fetches_itself_again(home: Home) -> None:
    assert 'hx-trigger="sse:boots' in home.get("/boots/now").partition('id="boot-now"')[2][:120]


def test_a_boot_that_is_over_stays_as_it_is(home: Home) -> None:
    assert "hx-get" not in home.get("/boots/fell").partition('id="boot-now"')[2][:40]


def test_a_boot_that_is_over_ends_the_round(home: Home) -> None:
    assert home.client.get("/boots/fell/now").status_code == 286


def test_an_unwatched_boot_is_no_failure(home: Home) -> None:
    found = view(home, home.ids["tongs-boot"])
    assert found.cause is None
    assert {lane.title: lane.beside for lane in found.trace.lanes}["Kernel"] == "not watched"


def test_a_host_that_runs_something_else_is_named(home: Home) -> None:
    row = Reads(home.state).boot(home.ids["anvil-boot"])
    assert row is not None
    drifted = {**row.facts, "expected": "/nix/store/x-anvil"}
    assert "something else" in view(home, row.id, facts=drifted).heading


@pytest.mark.parametrize(
    "state",
    ["asking", "loading", "menu", "starting", "up", "served", "held", "local", "short", "left"],
)
def test_every_state_has_a_sentence(home: Home, state: str) -> None:
    found = view(home, "fell", state=state)
    assert found.heading.startswith("ember ")
    assert state != found.state.text


def test_a_boot_of_nobody_known_is_called_by_its_mac(home: Home) -> None:
    reads = Reads(home.state)
    row: BootRow | None = reads.boot("fell")
    assert row is not None
    assert boot.view(SHELL, case(row), {}, (), NOW).heading.startswith(row.mac)
