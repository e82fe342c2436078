import sqlite3
from dataclasses import replace

import pytest

from appliance.model import read
from appliance.store import revisions, trials
from appliance.store.open import writer
from appliance.store.reads import Reads
from appliance.store.trials import TrialRow
from tests.webui.home import CONFIG, NOW
from tests.webui.pages.conftest import Home
from webui.pages import networks

CHANGED = networks.answering(CONFIG, "lan", yes=True)
ROW = TrialRow(2, "pending", NOW, 90.0, "", "", "lena", "", {}, ends_at=NOW + 72)


@pytest.fixture
def tried(lived_in: Home) -> Home:
    """Revision 2 stands, and waits for Keep."""
    lived_in.post("/networks/lan/beside", answer="yes")
    lived_in.apply()
    wish = Reads(lived_in.state).last_apply()
    assert wish is not None
    put(lived_in, replace(ROW, nonce=wish.id), wish.seq)
    return lived_in


def put(home: Home, row: TrialRow, seq: int) -> None:
    config = revisions.canonical(read.to_json(CHANGED))
    file: sqlite3.Connection = writer(home.state / "net.db", trials.MIGRATIONS)
    trials.write_trial(file, replace(row, config=config))
    trials.write_asked(file, seq)
    file.close()


@pytest.mark.parametrize("path", ["/", "/machines", "/networks", "/changes", "/system"])
def test_every_page_has_the_bar(tried: Home, path: str) -> None:
    html = tried.get(path)
    assert "Revision 2 is on trial" in html
    assert 'aria-label="1\N{NO-BREAK SPACE}min' in html


def test_a_page_without_a_trial_has_none(home: Home) -> None:
    assert 'class="dock trial"' not in home.get("/")


def test_the_bar_that_is_drawn_again_comes_back_to_its_page(tried: Home) -> None:
    headers = {"hx-current-url": "http://127.0.0.1/machines?show=short&done=x"}
    html = tried.client.get("/frame/trial", headers=headers).text
    assert 'name="back" value="/machines?show=short"' in html


def test_before_it_stands_there_is_nothing_to_keep(lived_in: Home) -> None:
    lived_in.post("/networks/lan/beside", answer="yes")
    lived_in.apply()
    html = lived_in.get("/frame/trial")
    assert "Revision 2 is on its way" in html
    assert "<button" not in html


@pytest.mark.parametrize(
    ("press", "kind", "said"),
    [
        ("keep", "keep", "Revision 2 is to be kept."),
        ("undo", "undo", "Revision 2 is to be undone."),
        ("extend", "extend", "Revision 2 is to stay on trial for 90 s from now."),
    ],
)
def test_what_is_pressed_is_asked_of_net(tried: Home, press: str, kind: str, said: str) -> None:
    change = Reads(tried.state).trial()
    assert change is not None
    html = tried.post(f"/trial/{change.nonce}/{press}", back="/networks")
    assert said in html
    assert "<h1>Networks</h1>" in html
    with Reads(tried.state).file("nixie") as file:
        assert file is not None
        wished = file.execute("SELECT kind, body FROM wish ORDER BY seq DESC LIMIT 1").fetchone()
    assert wished[0] == kind
    assert change.nonce in wished[1]


def test_a_trial_that_is_over_cannot_be_kept(tried: Home) -> None:
    change = Reads(tried.state).trial()
    assert change is not None
    over = replace(change, state="undone", why="Nobody pressed Keep in time.", ends_at=None)
    last = Reads(tried.state).last_apply()
    assert last is not None
    put(tried, over, last.seq)
    answer = tried.client.post(f"/trial/{change.nonce}/keep")
    assert answer.status_code == 409
    assert "Nobody pressed Keep in time." in answer.text
