"""Two generations side by side: their packages, on a desk and on a telephone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, signed_in
from tests.browser.test_every_page import TOO_WIDE


@pytest.fixture(params=[320, 1280], ids=["telephone", "wide"])
def page(request: pytest.FixtureRequest, chromium: Browser, site: Site) -> Iterator[Page]:
    """The generations of anvil, from which the owner goes on."""
    context = signed_in(chromium, site, viewport={"width": request.param, "height": 800})
    opened = context.new_page()
    opened.goto(f"/images/{site.ids['image']}")
    opened.get_by_role("link", name="Compare with the one before").click()
    yield opened
    context.close()


def test_a_long_list_of_packages_opens_where_it_is_folded(page: Page) -> None:
    panel = page.locator("#packages")
    expect(panel).to_contain_text("41 packages have other versions, one package is new")
    kernel = panel.get_by_role("row", name="linux")
    expect(kernel).to_be_hidden()
    page.locator("#more-changed").focus()
    page.keyboard.press("Enter")
    expect(kernel).to_be_visible()
    expect(kernel).to_contain_text("6.12.40")
    expect(kernel).to_contain_text("6.12.44")
    assert page.evaluate(TOO_WIDE) == []


def test_what_came_stands_apart_from_what_went(page: Page) -> None:
    for kind, package, size in (("New", "strace", "2 MiB more"), ("Gone", "gdb", "1 MiB less")):
        rows = page.get_by_role("table", name=kind, exact=True).get_by_role("row")
        expect(rows.last).to_contain_text(package)
        expect(rows.last).to_contain_text(size.replace(" ", "\N{NO-BREAK SPACE}", 1))
    expect(page.locator("#packages footer")).to_contain_text("43\N{NO-BREAK SPACE}MiB more")


def test_it_is_read_without_script(page: Page, chromium: Browser, site: Site) -> None:
    context = signed_in(chromium, site, java_script_enabled=False)
    plain = context.new_page()
    plain.goto(page.url)
    plain.locator("#more-changed").click()
    expect(plain.locator("#packages").get_by_role("row", name="linux")).to_be_visible()
    context.close()
