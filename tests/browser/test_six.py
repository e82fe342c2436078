"""Routes and name servers by IPv6: their forms are filled in, refused, put right and reviewed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, signed_in
from tests.browser.test_every_page import TOO_WIDE
from tests.live.waiting import until

LONG = "2001:db8:1234:5678:9abc:def0:1234:5678"
WIDTHS = [1280, 320]
BEHIND, GATEWAY = "fd99:1234:5678:9abc:def0:1234:5678:9a00/120", "fe80::5054:ff:fe12:3456"
DRAFT = "Put it into the draft"


@pytest.fixture(params=WIDTHS, ids=["wide", "telephone"])
def page(chromium: Browser, own_site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The owner's, over a router with a network that has IPv6 and a way out."""
    viewport = {"width": request.param, "height": 900}
    context = signed_in(chromium, own_site, viewport=viewport)
    page = context.new_page()
    page.goto("/networks/new")
    page.get_by_label("Name", exact=True).fill("guest")
    page.get_by_label("The router’s address on it").fill("10.78.0.1/24")
    page.locator("[name=six]").check()
    page.get_by_role("button", name=DRAFT).click()
    expect(page).to_have_url(f"{own_site.url}/networks")
    yield page
    context.close()


def fits(page: Page) -> None:
    """Wait until nothing is wider than the screen, or than what it stands in."""
    until(lambda: not page.evaluate(TOO_WIDE), "the page fits")


def test_a_route_by_ipv6_is_put_right_and_reviewed(page: Page) -> None:
    page.goto("/networks/routes")
    page.get_by_label("The network to reach").fill(BEHIND)
    page.get_by_label("Through the router").fill(GATEWAY)
    page.get_by_role("button", name=DRAFT).click()
    expect(page.locator("#gateway-e")).to_contain_text(f"name the one, like {GATEWAY}%guest.")
    fits(page)
    page.get_by_label("Through the router").fill(f"{GATEWAY}%guest")
    page.get_by_role("button", name=DRAFT).click()
    expect(page.get_by_text(f"through {GATEWAY} on guest, metric 20")).to_be_visible()
    fits(page)
    page.goto("/changes/review")
    expect(page.get_by_text(f"{BEHIND} is reached through {GATEWAY} on guest")).to_be_visible()
    fits(page)
    page.goto("/networks/routes")
    page.get_by_role("button", name=f"Remove the route to {BEHIND}").click()
    expect(page.get_by_text("None yet")).to_be_visible()


def test_a_name_server_by_ipv6_is_put_right_and_reviewed(page: Page) -> None:
    page.goto("/names/servers")
    servers = page.get_by_label("Name servers", exact=True)
    servers.fill(f"fe80::1\n{LONG} dns.quad9.net")
    page.get_by_role("button", name=DRAFT).first.click()
    expect(page.locator("#upstreams-e")).to_contain_text("fe80::1 is good on one link only")
    fits(page)
    servers.fill(f"{LONG} dns.quad9.net\n9.9.9.9")
    page.get_by_role("button", name=DRAFT).first.click()
    expect(page.locator("#upstreams-e")).to_have_count(0)
    expect(servers).to_have_value(f"{LONG} dns.quad9.net\n9.9.9.9")
    page.goto("/changes/review")
    expect(page.get_by_text(f"{LONG} (dns.quad9.net, encrypted), 9.9.9.9")).to_be_visible()
    fits(page)
    page.goto("/networks")
    expect(page.get_by_text(f"asked of {LONG} and 9.9.9.9")).to_be_visible()
    fits(page)


def test_a_domain_is_asked_of_a_server_by_ipv6(page: Page) -> None:
    page.goto("/names/servers")
    page.get_by_label("Domain", exact=True).fill("corp.example")
    page.get_by_label("Its servers").fill(LONG)
    page.get_by_role("button", name=DRAFT).nth(1).click()
    expect(page.get_by_role("cell", name=LONG)).to_be_visible()
    fits(page)
