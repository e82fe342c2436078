"""From the dock to the trial: what was changed is read, then applied."""

import re
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Interface

import pytest

from appliance.actions import access, draft
from appliance.model import read
from appliance.model.compare import differences
from appliance.model.config import RouterConfig
from appliance.model.exchange import imported
from appliance.model.touch import touch
from tests.webui.home import CONFIG, OWNER
from tests.webui.pages.conftest import Home
from webui.pages import review

ONE = "1\N{NO-BREAK SPACE}change not applied"


def moved(config: RouterConfig) -> RouterConfig:
    (lan,) = config.networks
    assert lan.dhcp
    return replace(
        config,
        hostname="ember",
        networks=(replace(lan, address=IPv4Interface("10.79.0.1/24"), dhcp=None),),
    )


def edited(home: Home, change: Callable[[RouterConfig], RouterConfig] = moved) -> None:
    """Somebody else edits the draft, in another browser."""
    draft.edit(home.desk, OWNER, change, "The lan moves.")


@pytest.fixture
def drafted(lived_in: Home) -> Home:
    edited(lived_in)
    return lived_in


def words(home: Home) -> dict[str, str]:
    """What the form of Apply carries."""
    return dict(re.findall(r'name="(base|seen)" value="(\w+)"', home.get("/changes/review")))


@pytest.mark.parametrize("path", ["/", "/machines", "/networks", "/changes", "/system"])
def test_every_page_has_the_dock(drafted: Home, path: str) -> None:
    html = drafted.get(path)
    assert "3\N{NO-BREAK SPACE}changes not applied" in html
    assert "(was 10.77.0.1/24), and two more." in html


def test_without_a_draft_there_is_no_dock(home: Home) -> None:
    assert 'class="dock"' not in home.get("/")


def test_the_dock_is_drawn_again_by_the_bell_of_changes(drafted: Home) -> None:
    assert "3\N{NO-BREAK SPACE}changes not applied" in drafted.get("/frame/trial")


def test_review_lists_every_sentence(drafted: Home) -> None:
    html = drafted.get("/changes/review")
    assert "Three changes are not applied yet" in html
    assert "becomes ember (was nixie)." in html
    assert "DHCP on lan ends." in html


def test_the_steps_are_those_of_the_plan(drafted: Home) -> None:
    html = drafted.get("/changes/review?form=steps")
    assert "Give br-lan the address 10.79.0.1/24." in html


def test_the_json_shows_both_sides(drafted: Home) -> None:
    html = drafted.get("/changes/review?form=json")
    assert "<del>-   &#34;hostname&#34;: &#34;nixie&#34;,</del>" in html
    assert "<ins>+   &#34;hostname&#34;: &#34;ember&#34;,</ins>" in html


def test_a_form_that_is_none_shows_the_sentences(drafted: Home) -> None:
    assert "becomes ember (was nixie)." in drafted.get("/changes/review?form=../etc")


def test_what_touches_the_connection_comes_first() -> None:
    found = touch(CONFIG, moved(CONFIG), "10.77.0.9")
    told = review.lines(differences(CONFIG, replace(moved(CONFIG), domain="home")), found)
    assert [one.mine for one in told] == [True, True, False, False]


def test_who_came_over_no_network_is_told_nothing_of_theirs(drafted: Home) -> None:
    assert "your connection" not in drafted.get("/changes/review")


def test_apply_puts_it_on_trial_for_as_long_as_chosen(drafted: Home) -> None:
    html = drafted.apply(300)
    assert "Revision 2 goes on trial for 300 s. Without Keep it is undone." in html
    assert "<h1>Changes</h1>" in html
    assert "not applied" not in html


def test_nobody_applies_what_they_have_not_read(drafted: Home) -> None:
    read = words(drafted)
    edited(drafted, lambda one: replace(one, domain="home.example"))
    answer = drafted.client.post("/changes/review", data={**read, "seconds": "90"})
    assert answer.status_code == 409
    assert "lena changed it since you looked." in answer.text
    assert "The domain becomes home.example" in answer.text


def test_a_time_that_is_no_time_is_said_beside_the_choice(drafted: Home) -> None:
    answer = drafted.client.post("/changes/review", data={**words(drafted), "seconds": "soon"})
    assert answer.status_code == 422
    assert 'id="seconds-e"' in answer.text


def test_what_is_discarded_comes_back_by_undo(drafted: Home) -> None:
    html = drafted.post("/changes/discard", back="/networks")
    assert "<h1>Networks</h1>" in html
    assert 'class="dock"' not in html
    act = re.search(r'action="/undo/([^"]+)"', html)
    assert act
    assert "changes not applied" in drafted.post(f"/undo/{act[1]}", back="/networks")


def test_during_a_trial_nothing_else_is_applied(drafted: Home) -> None:
    drafted.apply()
    edited(drafted, lambda one: replace(one, domain="home.example"))
    html = drafted.get("/changes/review")
    assert "Revision 2 is on its way. Keep or undo it first." in html
    assert ">Apply</button>" not in html


def test_the_bar_of_a_trial_wins_over_the_dock(drafted: Home) -> None:
    drafted.apply()
    edited(drafted, lambda one: replace(one, domain="home.example"))
    html = drafted.get("/machines")
    assert 'class="dock trial"' in html
    assert 'class="dock"' not in html


def test_with_everything_applied_there_is_nothing_to_review(home: Home) -> None:
    html = home.get("/changes/review")
    assert "Everything is applied" in html
    assert ">Apply</button>" not in html


def test_the_revisions_are_listed(drafted: Home) -> None:
    drafted.apply()
    html = drafted.get("/changes/revisions")
    assert 'href="/changes/revisions/2"' in html
    assert "On its way" in html
    assert "and two more" in html


def test_a_revision_says_what_it_changed(drafted: Home) -> None:
    drafted.apply()
    html = drafted.get("/changes/revisions/2")
    assert "What it changed of revision 1" in html
    assert "becomes ember (was nixie)." in html


def test_going_back_is_read_before_it_is_applied(drafted: Home) -> None:
    drafted.apply()
    html = drafted.post("/changes/revisions/1/back")
    assert "The draft is what revision 1 was." in html
    assert "becomes nixie (was ember)." in html


def test_what_is_in_force_is_nothing_to_go_back_to(home: Home) -> None:
    assert "Nothing differs from what is in force." in home.get("/changes/revisions/1")


def test_a_revision_that_is_not_there_is_not_found(home: Home) -> None:
    assert home.client.get("/changes/revisions/7").status_code == 404


def test_nix_shows_both_sides(drafted: Home) -> None:
    html = drafted.get("/changes/review?form=nix")
    assert "<del>-       hostname = &#34;nixie&#34;;</del>" in html
    assert "<ins>+       hostname = &#34;ember&#34;;</ins>" in html


@pytest.mark.parametrize(("file", "word"), [("nixie.nix", "nix"), ("nixie.json", "json")])
def test_a_revision_is_downloaded(home: Home, file: str, word: str) -> None:
    answer = home.client.get(f"/changes/revisions/1/{file}")
    assert answer.headers["content-disposition"] == f'attachment; filename="nixie-1.{word}"'
    assert read.config(imported(answer.text).stored) == CONFIG


def test_a_revision_has_no_other_files(home: Home) -> None:
    assert home.client.get("/changes/revisions/1/passwd").status_code == 404
    assert home.client.get("/changes/revisions/9/nixie.nix").status_code == 404


def test_who_may_not_apply_is_told_so(drafted: Home) -> None:
    secret = access.make_token(drafted.desk, OWNER, "screen", "read").secret
    headers = {"authorization": f"Bearer {secret}"}
    html = drafted.client.get("/changes/review", headers=headers).text
    assert "Applying it is the owner’s." in html
    assert ">Apply</button>" not in html
    assert 'href="/networks/new"' not in drafted.client.get("/networks", headers=headers).text
    assert "Discard" not in drafted.client.get("/", headers=headers).text
