"""What the owner does with a mouse, and without a script."""

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Site, signed_in
from tests.browser.test_live import at_rest, holding


def choosing(window: Page, name: str, value: str) -> None:
    """Press the next boot of a machine in its row, choose, and set it."""
    window.get_by_role("link", name=f"Next boot of {name}").click()
    window.get_by_role("combobox", name=f"Next boot of {name}").select_option(value)
    window.locator("#known").get_by_role("button", name="Set", exact=True).click()


def test_a_choice_in_a_row_is_set_and_can_be_undone(window: Page) -> None:
    window.goto("/machines")
    choosing(window, "anvil", "deny")
    toast = window.get_by_role("status").filter(has_text="anvil")
    expect(toast).to_contain_text("anvil gets no boot at all.")
    expect(window.get_by_role("link", name="Next boot of anvil: Deny")).to_be_visible()
    toast.get_by_role("button", name="Undo").click()
    expect(window.get_by_role("link", name="Next boot of anvil: anvil")).to_be_visible()


def test_the_arrow_keys_give_a_machine_nothing(window: Page) -> None:
    """WCAG 3.2.2: only Set does."""
    window.goto("/machines")
    sent: list[str] = []
    window.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    window.get_by_role("link", name="Next boot of anvil").press("Enter")
    choice = window.get_by_role("combobox", name="Next boot of anvil")
    expect(choice).to_be_focused()
    expect(choice).not_to_have_attribute("data-open", "")  # its list has been opened
    before = choice.input_value()
    window.keyboard.press("Escape")  # the list itself
    window.keyboard.press("ArrowDown")
    window.keyboard.press("Tab")
    expect(choice).not_to_have_value(before)
    window.wait_for_timeout(500)
    assert sent == []
    window.keyboard.press("Enter")
    expect(window.locator("[data-toast]")).to_be_visible()
    assert len(sent) == 1


def test_a_filter_is_kept_by_what_is_done_in_it(window: Page) -> None:
    window.goto("/machines?q=ember&sort=-name")
    choosing(window, "ember", "hold")
    expect(window.locator("[data-toast]")).to_be_visible()
    window.wait_for_url("**/machines?q=ember&sort=-name")
    expect(window.locator("#known tbody tr")).to_have_count(1)


def test_a_waiting_machine_is_booted_with_two_clicks(window: Page) -> None:
    window.goto("/")
    window.get_by_role("link", name="Meet them").click()
    window.get_by_role("button", name="Boot it").first.click()
    expect(window.get_by_role("heading", name="One machine is waiting")).to_be_visible()


def test_the_address_bar_does_not_remember_what_was_done(window: Page) -> None:
    window.goto("/machines")
    choosing(window, "anvil", "hold")
    expect(window.locator("[data-toast]")).to_be_visible()
    window.wait_for_url("**/machines")


def test_a_machine_is_removed_from_its_row(window: Page) -> None:
    window.goto("/machines")
    window.get_by_role("button", name="More for ember").click()
    window.get_by_role("button", name="Remove").click()
    expect(window.get_by_role("link", name="ember", exact=True)).to_have_count(0)


def test_a_wrong_address_gets_the_focus(window: Page) -> None:
    window.goto("/sources")
    field = window.get_by_label("Address of the flake")
    field.fill("github:")
    window.get_by_role("button", name="Look at it").click()
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")


def test_the_owner_signs_out(window: Page) -> None:
    window.goto("/")
    window.get_by_role("button", name="Signed in as lena").click()
    window.get_by_role("button", name="Sign out").click()
    expect(window.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_dark_theme_is_kept(window: Page) -> None:
    window.goto("/builds")
    window.get_by_role("button", name="Signed in as lena").click()
    window.get_by_role("button", name="Dark theme").click()
    expect(window.locator("html")).to_have_attribute("data-theme", "dark")
    window.goto("/machines")
    expect(window.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_page_that_lost_its_session_goes_to_the_sign_in(window: Page, own_site: Site) -> None:
    window.goto("/machines")
    expect(window.locator("#inbox")).to_be_visible()
    at_rest(window)
    window.context.clear_cookies()
    holding(own_site, "b4:2e:99:00:00:01", "2222")
    expect(window.get_by_role("heading", name="Sign in")).to_be_visible()


def test_everything_works_without_a_script(chromium: Browser, own_site: Site) -> None:
    context = signed_in(chromium, own_site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/machines")
    page.get_by_role("link", name="Next boot of anvil").click()
    page.get_by_label("What it boots").select_option("hold")
    page.get_by_role("button", name="Give it").click()
    expect(page.get_by_text("anvil waits for you at its next boot.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    chosen = page.get_by_label("What it boots")
    expect(chosen).to_have_value(f"run:{own_site.ids['anvil']}")
    context.close()


def held_up(window: Page, path: str) -> None:
    """Answers of forms to `path` come late, as on a slow line."""

    def late(route: Route) -> None:
        if route.request.method == "POST":
            window.wait_for_timeout(700)
        route.continue_()

    window.route(path, late)


def test_a_button_that_is_pressed_twice_sends_its_form_once(window: Page) -> None:
    window.goto("/sources")
    sent: list[str] = []
    window.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    held_up(window, "**/sources")
    window.get_by_label("Address of the flake").fill("github:slow/net")
    window.get_by_role("button", name="Look at it").dblclick()
    window.wait_for_url("**/sources/*")
    assert len(sent) == 1


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_form_that_arrives_twice_is_told_the_first_answer(
    chromium: Browser, own_site: Site, script: bool
) -> None:
    context = signed_in(chromium, own_site, java_script_enabled=script)
    page = context.new_page()
    page.goto("/machines")
    page.get_by_label("MAC address").fill("52:54:00:77:77:77")
    form = page.locator("#add form")
    body: dict[str, str | float | bool] = {
        one.get_attribute("name") or "": one.input_value() for one in form.locator("input").all()
    }
    headers = {"sec-fetch-site": "same-origin"}
    first, second = (
        context.request.post("/machines", form=body, headers=headers) for _ in range(2)
    )
    assert (first.status, second.status) == (200, 200)
    assert first.url == second.url
    assert "is a machine now" in second.text()
    context.close()


def test_a_button_can_be_pressed_again_after_going_back(window: Page) -> None:
    window.goto("/sources")
    window.get_by_role("button", name="Look again at homelab").click()
    expect(window.locator("[data-toast]")).to_be_visible()
    window.go_back()
    button = window.get_by_role("button", name="Look again at homelab")
    expect(button).not_to_have_attribute("aria-disabled", "true")
    button.click()
    expect(window.locator("[data-toast]")).to_be_visible()
