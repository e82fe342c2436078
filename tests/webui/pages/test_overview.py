import json
import re
from dataclasses import asdict

from appliance.store.standing.open import this_process
from tests.webui.pages.conftest import Home
from webui.pages import overview


def test_the_heading_is_the_answer(home: Home) -> None:
    assert (
        ">Online for 23\N{NO-BREAK SPACE}days. kiln is booting. One boot fell short.</h1>"
        in home.get("/")
    )


def test_what_fell_short_comes_before_what_is_new(home: Home) -> None:
    needs = home.get("/").partition('class="needs"')[2].partition("</ul>")[0]
    assert re.findall(r'aria-label="([^"]+)"', needs) == [
        "Fell short",
        "Not built",
        "New",
        "Warning",
    ]


def test_nothing_to_do_leaves_the_list_out(bare: Home) -> None:
    assert 'class="needs"' not in bare.get("/")


def test_a_new_router_says_what_to_do_first(bare: Home) -> None:
    assert "Add a source, and machines boot from it." in bare.get("/")


def test_figures_that_nobody_measures_are_left_out(bare: Home) -> None:
    assert 'class="reading"' not in bare.get("/")


def test_a_quiet_home_says_how_many_are_up() -> None:
    assert overview.heading((), (), 0, {}, has_sources=True) == "Ready to boot."


def test_a_machine_that_waits_is_in_the_heading() -> None:
    assert overview.heading((), (), 1, {}, has_sources=True) == "One machine waits for you."


def test_a_role_that_does_not_run_comes_first(lived_in: Home) -> None:
    why = "net.db was written by a newer Nixie."
    net = {"state": "failed and is started again soon", "why": why, "problems": {}}
    (lived_in.state / "run").mkdir(exist_ok=True)
    told = {**asdict(this_process()), "roles": {"net": net}}
    (lived_in.state / "run/supervisor.json").write_text(json.dumps(told))
    needs = lived_in.get("/").partition('class="needs"')[2].partition("</ul>")[0]
    assert re.findall(r'aria-label="([^"]+)"', needs)[0] == "Not running"
    assert f"Net does not run. {why}" in needs
