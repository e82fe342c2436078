"""What Chromium sees on every page, narrow and wide, light and dark."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Site, signed_in

PATHS = (
    "/", "/machines", "/machines/{ember-machine}", "/menus", "/sources", "/sources/{homelab}",
    "/sources/{homelab}/settings", "/builds", "/builds/b1", "/builds/b4", "/builders", "/cache",
    "/caches",
    "/storage", "/hosts/{anvil}",
    "/boots/{fell}", "/boots/{now}", "/boots/held-4817", "/images/{image}", "/hosts/{ember}",
    "/hosts/{slag}", "/images/{image}/against/{image-before}", "/devices",
    "/devices/8c-71-f8-00-00-44", "/networks", "/names", "/names/servers", "/names/own",
    "/names/blocking", "/names/asked", "/internet",
    "/firewall", "/firewall/new-rule",
    "/firewall/new-forward", "/firewall/why?source=lan&port=80", "/firewall/outside",
    "/firewall/new-zone", "/networks/time",
    "/internet/names", "/internet/names?new=dyndns2", "/internet/names?new=rfc2136",
    "/notices", "/notices?new=mail", "/notices?new=webhook",
    "/system", "/changes",
    "/changes/happened", "/changes/review", "/changes/revisions", "/changes/revisions/1",
    "/changes/import", "/networks/new", "/networks/lan/settings", "/networks/lan/addresses",
    "/networks/internet", "/networks/router", "/networks/routes", "/nowhere",
)  # fmt: skip
WIDTHS = (320, 640, 960, 1280)

TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth > width) found.push("the page itself");
  for (const one of document.querySelectorAll(".panel, .faceplate > *, .inbox, .notice, .field"))
    if (one.scrollWidth > one.clientWidth + 2) found.push(one.className);
  return found;
}"""
TOO_SMALL = """() => [...document.querySelectorAll("a.btn, button, .nav a, .thumb a, select")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 24)
  .map((one) => one.outerHTML.slice(0, 80))"""
NAMELESS = """() => [...document.querySelectorAll("button, a, input:not([type=hidden]), select")]
  .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.length))
  .map((one) => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_wider_than_the_screen(chromium: Browser, site: Site, path: str) -> None:
    context = signed_in(chromium, site)
    page = context.new_page()
    page.goto(path.format(**site.ids))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(TOO_WIDE) == [], f"at {width}"
    context.close()


@pytest.mark.parametrize("path", PATHS[:-1])
def test_the_browser_has_nothing_to_complain_about(
    chromium: Browser, site: Site, path: str
) -> None:
    context = signed_in(chromium, site, color_scheme="dark")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(request.url))
    with page.expect_response("**/frame/now"):  # the first bells have rung
        page.goto(path.format(**site.ids))
    assert said == []
    context.close()


@pytest.mark.parametrize("path", PATHS)
def test_every_control_has_a_name(chromium: Browser, site: Site, path: str) -> None:
    context = signed_in(chromium, site, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(path.format(**site.ids))
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(TOO_SMALL) == []
    context.close()


def test_the_first_tab_skips_to_the_page(chromium: Browser, site: Site) -> None:
    context = signed_in(chromium, site)
    page = context.new_page()
    page.goto("/builds")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    context.close()


def test_more_opens_the_navigation_on_a_telephone(chromium: Browser, site: Site) -> None:
    context = signed_in(chromium, site, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto("/builds")
    assert not page.locator("#nav").is_visible()
    page.get_by_role("button", name="More", exact=True).click()
    page.locator("#nav").get_by_role("link", name="Sources").click()
    page.wait_for_url("**/sources")
    context.close()
