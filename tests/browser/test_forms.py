"""Forms show what is chosen, and tabs where one is, without a script."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, pressed, signed_in

FIELDS = {
    "none": (),
    "dhcp": (),
    "static": ("address", "gateway"),
    "pppoe": ("user", "password", "service"),
}
OF_A_WAY = tuple(field for fields in FIELDS.values() for field in fields)
FOLDED = ("vlan", "mac", "mtu", "down", "up", "line")


def opened(browser: Browser, site: Site) -> Page:
    context = signed_in(browser, site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/networks/internet")
    return page


@pytest.mark.parametrize("way", FIELDS)
def test_only_the_fields_of_the_chosen_way_are_seen(
    chromium: Browser, site: Site, way: str
) -> None:
    page = opened(chromium, site)
    page.locator(f"#way-{way}").check()
    shown = [one for one in OF_A_WAY if page.locator(f"#{one}").is_visible()]
    assert tuple(shown) == FIELDS[way]
    assert page.get_by_text("Know the port by").is_visible() == (way != "none")
    page.context.close()


def test_the_rest_is_folded_until_it_is_asked_for(chromium: Browser, site: Site) -> None:
    page = opened(chromium, site)
    assert not any(page.locator(f"#{one}").is_visible() for one in FOLDED)
    for summary in page.locator("details > summary").all():
        summary.focus()
        page.keyboard.press("Enter")
    for one in FOLDED:
        expect(page.locator(f"#{one}")).to_be_visible()
    page.context.close()


def test_what_is_said_already_is_not_folded(chromium: Browser, own_site: Site) -> None:
    page = opened(chromium, own_site)
    page.locator("summary").first.click()
    page.locator("#vlan").fill("7")
    pressed(page, "Put it into the draft")
    page.goto("/networks/internet")
    expect(page.locator("#vlan")).to_be_visible()
    assert not page.locator("#down").is_visible()
    page.context.close()


def test_arrow_keys_choose_another_way(chromium: Browser, site: Site) -> None:
    page = opened(chromium, site)
    page.locator("#way-dhcp").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#address")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "address"
    page.context.close()


SWITCHES = {
    "/networks/lan/settings": ("gives", ("#first", "#lease", "#options")),
    "/networks/new": ("six", ("#number", "#suffix")),
    "/firewall/new-rule": ("timed", ("#begins", "#ends")),
}


@pytest.mark.parametrize("path", SWITCHES)
def test_what_a_check_box_switches_is_seen_while_it_is_ticked(
    chromium: Browser, site: Site, path: str
) -> None:
    context = signed_in(chromium, site, java_script_enabled=False)
    page = context.new_page()
    page.goto(path)
    switch, fields = SWITCHES[path]
    for ticked in (True, False):
        page.locator(f"[name={switch}]").set_checked(ticked)
        assert [page.locator(one).is_visible() for one in fields] == [ticked] * len(fields)
    context.close()


@pytest.mark.parametrize("path", ["/names/asked", "/names/blocking", "/changes/happened"])
def test_the_tab_of_the_page_is_seen_on_a_telephone(
    chromium: Browser, site: Site, path: str
) -> None:
    context = signed_in(chromium, site, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(path)
    box = page.locator(".tabs [aria-current]").bounding_box()
    assert box
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 360
    context.close()
