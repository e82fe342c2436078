"""A name on the internet, from the page Internet to what its service says."""

from contextlib import closing

from playwright.sync_api import Browser, Page, expect

from appliance.events import PublicNameAsked
from appliance.store import inventory_view, journal, notices, public_names
from appliance.store.open import now, reader, writer
from appliance.store.public_names import Outcome, Record
from appliance.store.reads import Reads
from tests.browser.conftest import Site, signed_in
from tests.browser.test_every_page import NAMELESS, TOO_SMALL, TOO_WIDE, WIDTHS
from tests.webui.memory import remembering

NAME = "a-rather-long-name-for-a-router.of.many.labels.example.org"
REFUSED = "members.dyndns.org does not know this name in your account. It said: nohost"


def add(window: Page, site: Site) -> str:
    """Let a name follow, with mouse and keyboard; its id."""
    window.goto("/internet")
    window.get_by_role("link", name="Let one follow").click()
    window.get_by_label("Who publishes it?").select_option(label="Dyn")
    window.get_by_role("button", name="Go on").press("Enter")
    window.get_by_label("Name", exact=True).fill(NAME)
    window.get_by_label("User").fill("lena")
    window.get_by_label("Secret").fill("canary")
    with remembering(site.state, "notice", [True]):
        window.get_by_role("button", name="Publish it so").click()
        expect(window.get_by_role("link", name=NAME)).to_be_visible()
    (one,) = Reads(site.state).public_names()
    return one.id


def becomes(site: Site, ident: str, record: Record) -> None:
    """What the role `notice` puts down."""
    with (
        closing(writer(site.state / "notice.db", notices.MIGRATIONS)) as own,
        journal.transaction(own),
    ):
        public_names.write(own, ident, record)


def test_a_name_is_added_by_its_form(window: Page, own_site: Site) -> None:
    ident = add(window, own_site)
    expect(window.get_by_text("About to publish")).to_be_visible()
    at = now()
    becomes(
        own_site,
        ident,
        Record(NAME, Outcome.PUBLISHED, "It had it.", "203.0.113.5", published_at=at, tried_at=at),
    )
    expect(window.get_by_text("203.0.113.5")).to_be_visible()  # the page looks again by itself
    assert "canary" not in window.content()


def test_update_now_shows_what_the_service_says(window: Page, own_site: Site) -> None:
    ident = add(window, own_site)
    window.locator(f"#publish-{ident}").click()
    expect(window.get_by_text("It is being published")).to_be_visible()
    with closing(reader(own_site.state / "nixie.db")) as inventory:
        wish = inventory_view.newest_wish(inventory, "notice", "publish")
    assert wish
    with (
        closing(writer(own_site.state / "notice.db", notices.MIGRATIONS)) as own,
        journal.transaction(own),
    ):
        journal.append(own, PublicNameAsked(wish.id, "members.dyndns.org published it."), now())
    expect(window.get_by_text("members.dyndns.org published it.")).to_be_visible()


def test_a_removed_name_comes_back_by_undo(window: Page, own_site: Site) -> None:
    ident = add(window, own_site)
    window.locator(f"#remove-{ident}").click()
    expect(window.get_by_text("No name follows this router yet")).to_be_visible()
    window.locator("[data-toast]").get_by_role("button", name="Undo").click()
    expect(window.get_by_role("link", name=NAME)).to_be_visible()


def test_without_a_script_a_name_is_added(chromium: Browser, own_site: Site) -> None:
    context = signed_in(chromium, own_site, java_script_enabled=False)
    add(context.new_page(), own_site)
    context.close()


def test_every_state_fits_on_every_screen(window: Page, own_site: Site) -> None:
    ident = add(window, own_site)
    states = (
        Record(NAME, Outcome.STOPPED, REFUSED, tried_at=now()),
        Record(NAME, Outcome.FAILED, REFUSED, tried_at=now(), next_at=now() + 1800, failures=9),
        Record(NAME, Outcome.PUBLISHED, "", "203.0.113.5", "2001:db8:1234:5678:9abc:def0:1234:5",
               waits="There is no internet: there is no cable in enp1s0."),
        Record(NAME, waits="Your provider gives you an address.", hidden=True),
    )  # fmt: skip
    for record in states:
        becomes(own_site, ident, record)
        for path in ("/internet/names", "/internet", f"/internet/names?edit={ident}"):
            window.goto(path)
            for width in WIDTHS:
                window.set_viewport_size({"width": width, "height": 800})
                assert window.evaluate(TOO_WIDE) == [], f"{path} at {width}: {record.state}"
            assert window.evaluate(NAMELESS) == []
            assert window.evaluate(TOO_SMALL) == []
