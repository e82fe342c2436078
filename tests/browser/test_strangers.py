"""A stranger's source as its owner adds it, and what is said of it afterwards."""

from contextlib import closing
from pathlib import Path

from playwright.sync_api import Page, expect

from appliance.events import SourceHeldBack
from appliance.store import trials
from appliance.store.journal import append, transaction
from appliance.store.open import now, writer
from appliance.store.reads import Reads
from tests.browser.conftest import Site


def test_a_strangers_source_is_added_and_what_it_tried_is_told(
    own_site: Site, window: Page
) -> None:
    window.goto("/sources")
    window.get_by_label("Address of the flake").fill("github:somebody/hosts")
    window.get_by_role("radiogroup", name="Trust").get_by_text("A stranger’s").click()
    window.get_by_label("Only on builders").check()
    window.get_by_text("More settings").click()
    window.get_by_label("Allow building while evaluating").check()
    window.get_by_label("May also fetch from").fill("127.0.0.1")
    window.get_by_role("button", name="Look at it").click()
    expect(window.get_by_text("A stranger's source builds nothing while")).to_be_visible()
    expect(window.get_by_text("127.0.0.1 is no server of your network.")).to_be_visible()
    window.get_by_label("Allow building while evaluating").uncheck()
    window.get_by_label("May also fetch from").fill("10.0.0.5 git.corp=10.0.0.6")
    window.get_by_role("button", name="Look at it").click()
    expect(window.get_by_text("reaches 10.0.0.5, git.corp=10.0.0.6")).to_be_visible()
    expect(window.get_by_text("builds when you say so")).to_be_visible()
    (added,) = [one for one in Reads(own_site.state).sources() if one.reach]
    _held_back(own_site.state, added.id)
    window.goto(f"/sources/{added.id}/settings")
    expect(window.get_by_label("May also fetch from")).to_have_value("10.0.0.5 git.corp=10.0.0.6")
    expect(window.get_by_label("Only on builders")).to_be_checked()
    expect(window.get_by_text("is read without any key")).to_be_visible()
    expect(window.get_by_role("button", name="Keep the key")).to_have_count(0)
    window.goto("/")
    told = window.get_by_role("listitem").filter(has_text="192.168.1.20, port 443")
    expect(told).to_contain_text("A build for this source tried to reach")
    told.get_by_role("link", name="hosts").click()
    expect(window.get_by_role("heading", name="github:somebody/hosts")).to_be_visible()


def _held_back(state: Path, source: str) -> None:
    way = "Builds reach the internet only: make it an input of the flake, which is fetched before."
    event = SourceHeldBack(source, "A build for this source", "192.168.1.20, port 443", way)
    with closing(writer(state / "net.db", trials.MIGRATIONS)) as file, transaction(file):
        append(file, event, now())
