"""A conversation is watched, live, beside what the model says of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appliance.store.reads import Reads
from tests.browser.conftest import Site
from tests.webui.memory import remembering
from tests.webui.pages.test_traces import PACKET, QUERY, told_of

Rows = list[Any]


@pytest.fixture
def memory(own_site: Site) -> Iterator[Rows]:
    """What the role net tells; a test puts it there."""
    rows: Rows = []
    with remembering(own_site.state, "net", rows):
        yield rows


def test_packets_appear_as_they_come(window: Page, own_site: Site, memory: Rows) -> None:
    window.goto(QUERY)
    window.get_by_role("button", name="Watch its packets").click()
    expect(window.get_by_role("heading", name="The answer")).to_be_visible()
    expect(window.locator("#trace-now")).to_contain_text("Watching tcp 443 from lan")
    expect(window.locator("#trace-now").get_by_role("timer")).to_be_visible()
    wish = Reads(own_site.state).trace_asked()
    assert wish
    memory[:] = told_of(wish, PACKET)
    row = window.locator("#trace-now tbody tr")
    expect(row).to_contain_text("No rule lets it through.")
    expect(row).to_contain_text("10.77.0.140:40000")
    memory[:] = told_of(wish, PACKET, over=True)
    expect(window.get_by_role("button", name="Watch its packets")).to_be_visible()
    expect(row).to_have_count(1)


def test_it_is_stopped_by_a_button(window: Page, own_site: Site, memory: Rows) -> None:
    window.goto(QUERY)
    window.get_by_role("button", name="Watch its packets").click()
    window.get_by_role("button", name="Stop").click()
    expect(window.get_by_role("button", name="Watch its packets")).to_be_visible()
    wish = Reads(own_site.state).trace_asked()
    assert wish
    assert wish.body["until"] == "0"
    assert memory == []
