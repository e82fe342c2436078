"""The owner makes a webhook, and sees what a forge told by it."""

import hmac
import json
from collections.abc import Iterator
from hashlib import sha256
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, signed_in

NARROW, WIDE = 360, 1280


@pytest.fixture(params=[NARROW, WIDE])
def page(request: pytest.FixtureRequest, chromium: Browser, own_site: Site) -> Iterator[Page]:
    """The settings of a source."""
    size = {"width": request.param, "height": 900}
    context = signed_in(chromium, own_site, viewport=size)
    opened = context.new_page()
    opened.goto(f"/sources/{own_site.ids['homelab']}/settings")
    yield opened
    context.close()


def delivered(page: Page, secret: str, branch: str) -> int:
    """What the forge is answered at the address that the page shows."""
    told = {"ref": f"refs/heads/{branch}", "repository": {"default_branch": "main"}}
    body = json.dumps(told)
    signed = hmac.new(secret.encode(), body.encode(), sha256).hexdigest()
    headers = {
        "X-Gitea-Signature": signed,
        "X-Gitea-Event": "push",
        "Content-Type": "application/json",
    }
    address = page.get_by_label("The webhook’s address").inner_text()
    try:
        with urlopen(Request(address, body.encode(), headers), timeout=30) as answer:
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


def test_a_webhook_is_made_used_and_taken_away(page: Page) -> None:
    page.get_by_role("button", name="Make a webhook").click()
    secret = page.get_by_label("The secret", exact=True).inner_text()
    assert delivered(page, secret, "main") == 202
    assert delivered(page, secret, "main") == 200  # the same once more
    assert delivered(page, "guessed", "main") == 403
    page.goto(page.url.replace("/webhook", "/settings"))
    expect(page.get_by_label("The secret", exact=True)).to_have_count(0)
    table = page.locator("#webhook tbody")
    expect(table).to_contain_text("main was pushed. Nixie is looking at it.")
    expect(table).to_contain_text("The same was delivered and taken before.")
    expect(table).to_contain_text("The signature is not made with the secret")
    page.get_by_role("button", name="Take it away").click()
    expect(page.get_by_role("button", name="Make a webhook")).to_be_visible()


def test_days_and_times_that_cannot_be_read_are_said_beside_their_field(page: Page) -> None:
    page.get_by_label("Or at these times").fill("now and then")
    page.get_by_role("button", name="Keep these").click()
    expect(page.locator("#schedule-e")).to_contain_text("daily 04:00")
    page.get_by_label("Or at these times").fill("Fri mon 4:00")
    page.get_by_role("button", name="Keep these").click()
    expect(page.get_by_label("Or at these times")).to_have_value("mon,fri 04:00")
