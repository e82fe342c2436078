"""A change from its form to Keep or Undo: Chromium, the real keeper, a kernel of dicts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.appliance.actions.conftest import Clock
from tests.appliance.actions.test_trials import Network
from tests.browser.conftest import Site, pressed, signed_in
from tests.webui.home import NOW


class Behind:
    """The net role behind the site, one look at a time, on a thread of its own."""

    def __init__(self, state: Path, thread: ThreadPoolExecutor) -> None:
        clock = Clock()
        clock.now = NOW
        self._thread = thread
        self._network = thread.submit(Network, state, clock).result()

    def look(self) -> None:
        self._thread.submit(self._network.look).result()

    @property
    def address(self) -> str:
        return self._network.address

    def close(self) -> None:
        for file in (self._network.inventory, self._network.database):
            self._thread.submit(file.close).result()


@pytest.fixture
def network(own_site: Site) -> Iterator[Behind]:
    with ThreadPoolExecutor(1) as thread:
        made = Behind(own_site.state, thread)
        made.look()
        yield made
        made.close()


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(chromium: Browser, own_site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """One page of the owner's, with and without a script."""
    context = signed_in(chromium, own_site, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def edited(page: Page) -> None:
    """Change a network in its form, and find the change in the dock."""
    page.goto("/networks")
    page.get_by_role("link", name="Change lan").click()
    page.get_by_label("The router’s address on it").fill("10.79.0.1/24")
    page.get_by_role("button", name="Put it into the draft").click()
    dock = page.get_by_role("region", name="Changes not applied")
    expect(dock).to_contain_text("The router's address on lan becomes 10.79.0.1/24")


def applied(page: Page, network: Behind) -> None:
    """Read the draft, apply it, and have the network try it."""
    page.get_by_role("link", name="Review").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Two changes are not applied yet")
    page.get_by_label("For what you can try at once.").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Revision 2 goes on trial for 30 s.").first).to_be_visible()
    network.look()
    assert "10.79.0.1/24" in network.address
    page.goto("/changes")


def test_a_change_is_edited_read_applied_and_kept(page: Page, network: Behind) -> None:
    edited(page)
    applied(page, network)
    pressed(page, "Keep the changes")
    network.look()
    page.goto("/networks")
    expect(page.get_by_role("region", name="Changes not applied")).to_have_count(0)
    expect(page.get_by_role("region", name="Change on trial")).to_have_count(0)
    page.goto("/changes/revisions")
    row = page.get_by_role("row").filter(has_text="10.79.0.1/24")
    expect(row).to_contain_text("In force")


def test_after_an_undo_the_draft_is_still_there(page: Page, network: Behind) -> None:
    edited(page)
    applied(page, network)
    pressed(page, "Undo now")
    network.look()
    assert "10.79.0.1/24" not in network.address
    page.goto("/networks")
    dock = page.get_by_role("region", name="Changes not applied")
    expect(dock).to_contain_text("The router's address on lan becomes 10.79.0.1/24")


def test_what_is_discarded_comes_back_from_its_toast(page: Page, network: Behind) -> None:
    del network
    edited(page)
    page.get_by_role("button", name="Discard").click()
    dock = page.get_by_role("region", name="Changes not applied")
    expect(dock).to_have_count(0)
    page.locator("[data-toast]").get_by_role("button", name="Undo").click()
    expect(dock).to_contain_text("The router's address on lan becomes 10.79.0.1/24")


def test_a_lease_is_pinned_with_one_click(page: Page) -> None:
    page.goto("/networks/lan/addresses")
    page.get_by_role("button", name="Fix 10.77.0.101 for anvil").click()
    expect(page.get_by_role("link", name="anvil", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Changes not applied")).to_contain_text("anvil always")


def test_a_wrong_address_gets_the_focus_and_keeps_what_was_typed(window: Page) -> None:
    window.goto("/networks/new")
    window.get_by_label("Name", exact=True).fill("guest")
    field = window.get_by_label("The router’s address on it")
    field.fill("10.77.0.9/24")
    window.get_by_role("button", name="Put it into the draft").click()
    expect(field).to_be_focused()
    expect(field).to_have_value("10.77.0.9/24")
    expect(window.get_by_label("Name", exact=True)).to_have_value("guest")


def test_going_back_to_a_revision_is_read_first(page: Page, network: Behind) -> None:
    edited(page)
    applied(page, network)
    pressed(page, "Keep the changes")
    network.look()
    page.goto("/changes/revisions/1")
    page.get_by_role("button", name="Review going back").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Two changes are not applied yet")
    expect(page.get_by_text("becomes 10.77.0.1/24 (was 10.79.0.1/24)").first).to_be_visible()


def test_the_table_of_who_reaches_whom_fits_a_telephone(
    chromium: Browser, own_site: Site, network: Behind
) -> None:
    del network
    context = signed_in(chromium, own_site, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto("/networks/lan/settings")
    page.get_by_label("Give addresses by DHCP").uncheck()
    pressed(page, "Put it into the draft")
    page.goto("/changes/review")
    cells = page.locator(".matrix .cell:not(.self)")
    boxes = [one.bounding_box() for one in cells.all()]
    ends = [box["y"] + box["height"] for box in boxes if box]
    begins = [box["y"] for box in boxes if box]
    assert len(begins) > 1
    assert all(end <= begin + 1 for end, begin in zip(ends, begins[1:], strict=False))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()
