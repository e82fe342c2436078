"""The owner lets a machine install once; the boot role's own code says how far that came."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.model.table import Once
from appliance.model.wake import WAKE_SECONDS
from appliance.store import boots, inventory_view, wakes
from appliance.store.open import now, reader, writer
from appliance.store.wakes import WakeRow
from services.netboot.attempt import Chosen
from services.netboot.driver import Recorder
from tests.browser.conftest import Site, signed_in
from tests.webui.home import NOW

NARROW, WIDE = 360, 1280


@pytest.fixture(params=[NARROW, WIDE])
def page(request: pytest.FixtureRequest, chromium: Browser, own_site: Site) -> Iterator[Page]:
    size = {"width": request.param, "height": 900}
    context = signed_in(chromium, own_site, viewport=size)
    opened = context.new_page()
    opened.goto(f"/machines/{own_site.ids['anvil-machine']}")
    yield opened
    context.close()


def asked(site: Site) -> Once:
    with closing(reader(site.state / "nixie.db")) as file:
        (found,) = [one.once for one in inventory_view.machines(file) if one.once]
    return found


def comes_back_unheard(site: Site) -> None:
    """All of it is sent, and the firmware asks again."""
    once, recorder = asked(site), Recorder(site.state / "boot.db")
    chosen = Chosen("run", "m", "install", "i", once.host, "anvil", "f" * 64, 1, once=once)
    attempt = recorder.scripted("lan", "52:54:00:00:09:09", chosen, {})
    recorder.onces.of(attempt, "sent", now())
    recorder.onces.asks(once, "m", attempt.mac, now())
    recorder.close()


def test_an_installation_is_asked_for_and_never_repeated_by_itself(
    page: Page, own_site: Site
) -> None:
    value = page.locator("#next option[value^='install:']").first.get_attribute("value")
    page.get_by_label("What it boots").select_option(value)
    page.get_by_role("button", name="Give it").click()
    expect(page.locator("#once")).to_contain_text("once, and never a second time")
    comes_back_unheard(own_site)
    page.reload()
    expect(page.locator("#once")).to_contain_text("nothing is wiped twice")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Boot its disk").click()
    expect(page.locator("#once")).to_have_count(0)
    expect(page.get_by_text("now Local disk")).to_be_visible()


def test_a_machine_that_did_not_come_is_told_about(page: Page, own_site: Site) -> None:
    page.get_by_role("button", name="Wake it").click()
    expect(page.get_by_text("is sent the packet that wakes it.")).to_be_visible()
    with closing(writer(own_site.state / "boot.db", boots.MIGRATIONS)) as file:
        row = WakeRow(own_site.ids["anvil-machine"], NOW - WAKE_SECONDS - 60, ("lan",))
        wakes.save(file, row)
    page.reload()
    expect(page.locator("#woken")).to_contain_text("did not come")
    expect(page.locator("#woken")).to_contain_text("Wake on LAN is switched off")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
