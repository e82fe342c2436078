"""What the owner does with a mouse, and without a script."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, signed_in
from tests.browser.test_live import holding


def test_a_choice_in_a_row_is_sent_at_once_and_can_be_undone(window: Page, own_site: Site) -> None:
    machine = own_site.ids["anvil-machine"]
    window.goto("/machines")
    choice = window.get_by_label("Next boot of anvil")
    choice.select_option("deny")
    toast = window.get_by_role("status").filter(has_text="anvil")
    expect(toast).to_contain_text("anvil gets no boot at all.")
    toast.get_by_role("button", name="Undo").click()
    expect(window.locator(f"#next-{machine}")).to_have_value(f"run:{own_site.ids['anvil']}")


def test_a_waiting_machine_is_booted_with_two_clicks(window: Page) -> None:
    window.goto("/")
    window.get_by_role("link", name="Meet them").click()
    window.get_by_role("button", name="Boot it").first.click()
    expect(window.get_by_role("heading", name="One machine is waiting")).to_be_visible()


def test_the_address_bar_does_not_remember_what_was_done(window: Page) -> None:
    window.goto("/machines")
    window.get_by_label("Next boot of anvil").select_option("hold")
    expect(window.locator("[data-toast]")).to_be_visible()
    assert "done=" not in window.url


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
    window.goto("/machines")
    expect(window.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_page_that_lost_its_session_goes_to_the_sign_in(window: Page, own_site: Site) -> None:
    window.goto("/machines")
    expect(window.locator("#inbox")).to_be_visible()
    window.context.clear_cookies()
    holding(own_site, "b4:2e:99:00:00:01", "2222")
    expect(window.get_by_role("heading", name="Sign in")).to_be_visible()


def test_everything_works_without_a_script(chromium: Browser, own_site: Site) -> None:
    context = signed_in(chromium, own_site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/machines")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="anvil", exact=True))
    row.get_by_label("Next boot of anvil").select_option("hold")
    row.get_by_role("button", name="Set").click()
    expect(page.get_by_text("anvil waits for you at its next boot.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    chosen = page.get_by_label("Next boot of anvil")
    expect(chosen).to_have_value(f"run:{own_site.ids['anvil']}")
    context.close()
