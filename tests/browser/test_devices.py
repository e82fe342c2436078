"""The devices' pages under a hand: choosing several, blocking, with and without a script."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, signed_in

PHONE, TV = "choose-da-a1-19-00-00-21", "choose-00-05-c9-00-00-35"


def test_chosen_devices_are_blocked_and_the_toast_takes_it_back(window: Page) -> None:
    window.goto("/devices")
    dock = window.get_by_role("form", name="Chosen devices")
    expect(dock).to_be_hidden()
    window.locator(f"#{PHONE}").check()
    window.locator(f"#{TV}").check()
    expect(dock).to_be_visible()
    dock.get_by_role("button", name="Block", exact=True).click()
    toast = window.locator("[data-toast]")
    expect(toast).to_contain_text("lena-phone and living-room-tv are blocked.")
    expect(window.get_by_text("Being blocked")).to_have_count(2)
    toast.get_by_role("button", name="Undo").click()
    expect(window.get_by_text("Being blocked")).to_have_count(0)


def test_a_device_is_chosen_and_blocked_with_the_keyboard(window: Page) -> None:
    window.goto("/devices?q=living-room")
    window.locator(f"#{TV}").focus()
    window.keyboard.press("Space")
    window.locator("#chosen-block").focus()
    window.keyboard.press("Enter")
    expect(window.locator("[data-toast]")).to_contain_text("living-room-tv is blocked.")


def test_what_is_chosen_stays_chosen_when_the_list_is_drawn_again(window: Page) -> None:
    window.goto("/devices")
    window.locator(f"#{PHONE}").check()
    window.locator("#choose-none").focus()
    with window.expect_response("**/devices/known**"):
        window.evaluate("htmx.trigger('#known', 'sse:devices')")
    expect(window.locator(f"#{PHONE}")).to_be_checked()


def test_cancel_chooses_nobody(window: Page) -> None:
    window.goto("/devices")
    window.locator(f"#{PHONE}").check()
    window.get_by_role("button", name="Cancel").click()
    expect(window.get_by_role("form", name="Chosen devices")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1280])
def test_devices_are_blocked_without_a_script(
    chromium: Browser, own_site: Site, width: int
) -> None:
    context = signed_in(
        chromium, own_site, java_script_enabled=False, viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    page.goto("/devices")
    page.locator(f"#{PHONE}").check()
    page.get_by_role("button", name="Block", exact=True).click()
    expect(page.locator("[data-toast]")).to_contain_text("lena-phone is blocked.")
    page.goto("/devices/da-a1-19-00-00-21")
    page.get_by_role("button", name="Unblock it").click()
    expect(page.locator("[data-toast]")).to_contain_text("not blocked any more")
    context.close()


def test_the_dock_is_no_wider_than_a_telephone(chromium: Browser, site: Site) -> None:
    context = signed_in(chromium, site, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto("/devices")
    page.locator(f"#{PHONE}").check()
    for button in page.locator(".chosen-ones button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
    context.close()
