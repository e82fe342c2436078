"""Pages that are open while things happen."""

import json
import sqlite3
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.events import BuildStepped, MachineHeld
from appliance.store import journal
from tests.browser.conftest import PATIENT, Site, signed_in
from tests.webui.home import NOW

NEW = "b4:2e:99:00:00:01"


def awaited(true: Callable[[], bool], page: Page) -> None:
    """Wait until a condition holds, while the browser goes on."""
    until = time.monotonic() + PATIENT / 1000
    while not true():
        assert time.monotonic() < until
        page.wait_for_timeout(50)


def holding(site: Site, mac: str, code: str) -> None:
    """A new machine asks and waits, as `boot` writes it."""
    file = sqlite3.connect(site.state / "boot.db", isolation_level=None)
    file.execute("begin")
    file.execute(
        "INSERT INTO held (network, mac, code, since, last_asked, facts) VALUES (?, ?, ?, ?, ?, ?)",
        ("lan", mac, code, NOW, NOW, json.dumps({"firmware": "pxe-x64"})),
    )
    journal.append(file, MachineHeld("lan", mac, code), NOW)
    file.execute("commit")
    file.close()


def test_a_machine_that_begins_to_wait_appears_by_itself(window: Page, own_site: Site) -> None:
    window.goto("/machines")
    expect(window.get_by_role("img", name="Code 4 8 1 7")).to_be_visible()
    holding(own_site, NEW, "2222")
    expect(window.get_by_role("img", name="Code 2 2 2 2")).to_be_visible()
    expect(window.locator("#way-machines .count")).to_have_text("3 new")


def test_a_choice_in_hand_is_not_taken_away(window: Page, own_site: Site) -> None:
    window.goto("/machines")
    choice = window.locator("#inbox select").first
    choice.focus()
    choice.evaluate("one => { one.selectedIndex = 2; one.dataset.mine = 'yes' }")
    holding(own_site, NEW, "2222")
    expect(window.locator("#way-machines .count")).to_have_text("3 new")
    assert choice.get_attribute("data-mine") == "yes"
    window.locator("#main").focus()
    expect(window.get_by_role("img", name="Code 2 2 2 2")).to_be_visible()


def test_two_windows_share_one_stream(chromium: Browser, own_site: Site) -> None:
    context = signed_in(chromium, own_site)
    streams: list[str] = []
    context.on("request", lambda one: streams.append(one.url) if "/live" in one.url else None)
    first, second = context.new_page(), context.new_page()
    first.goto("/machines")
    awaited(lambda: len(streams) == 1, first)
    with second.expect_response("**/machines/inbox"):
        second.goto("/machines")
    holding(own_site, NEW, "2222")
    for page in (first, second):
        expect(page.get_by_role("img", name="Code 2 2 2 2")).to_be_visible()
    assert len(streams) == 1
    context.close()


def test_the_other_window_takes_over_the_stream(chromium: Browser, own_site: Site) -> None:
    context = signed_in(chromium, own_site)
    streams: list[str] = []
    context.on("request", lambda one: streams.append(one.url) if "/live" in one.url else None)
    first, second = context.new_page(), context.new_page()
    first.goto("/machines")
    awaited(lambda: len(streams) == 1, first)
    second.goto("/machines")
    first.close()
    awaited(lambda: len(streams) == 2, second)
    holding(own_site, NEW, "2222")
    expect(second.get_by_role("img", name="Code 2 2 2 2")).to_be_visible()
    context.close()


def test_the_tube_counts_on(window: Page) -> None:
    window.goto("/builds/b1")
    digits = window.locator("[data-running] .on")
    before = digits.last.get_attribute("href")
    awaited(lambda: digits.last.get_attribute("href") != before, window)


def test_the_log_grows_and_is_followed(window: Page, own_site: Site) -> None:
    window.set_viewport_size({"width": 1280, "height": 1200})
    window.goto("/builds/b1")
    with (own_site.state / "logs" / "builds" / "b1.log").open("a") as log:
        log.writelines(f"linux>   CC      drivers/number{n}.o\n" for n in range(400))
    expect(window.get_by_text("number399.o")).to_be_in_viewport()
    assert window.locator(".log li").filter(has_text="number0.o").count() == 1


def test_a_log_that_was_scrolled_back_stays_where_it_is(window: Page, own_site: Site) -> None:
    window.set_viewport_size({"width": 1280, "height": 1200})
    window.goto("/builds/b1")
    log = own_site.state / "logs" / "builds" / "b1.log"
    with log.open("a") as more:
        more.writelines(f"linux>   CC      drivers/number{n}.o\n" for n in range(400))
    expect(window.get_by_text("number399.o")).to_be_in_viewport()
    window.locator("[data-follow]").hover()
    window.mouse.wheel(0, -4000)
    expect(window.get_by_label("Follow")).not_to_be_checked()
    with log.open("a") as more:
        more.write("linux> the last line\n")
    expect(window.get_by_text("the last line")).to_be_attached()
    expect(window.get_by_text("the last line")).not_to_be_in_viewport()


def test_a_build_moves_on_without_a_reload(window: Page, own_site: Site) -> None:
    window.goto("/builds")
    file = sqlite3.connect(own_site.state / "build.db", isolation_level=None)
    file.execute("begin")
    file.execute("UPDATE build SET done = 240 WHERE id = 'b1'")
    journal.append(file, BuildStepped("b1", "crucible", "building"), NOW)
    file.execute("commit")
    file.close()
    expect(window.get_by_text("240 of 248")).to_be_visible()


def test_old_figures_stay_when_the_router_does_not_answer(window: Page) -> None:
    window.goto("/builds")
    window.route("**/builds/now", lambda route: route.abort())
    window.evaluate("htmx.trigger('#builds-now', 'sse:builds')")
    expect(window.locator("#builds-now.stale")).to_be_visible()
    expect(window.get_by_text("212 of 248")).to_be_visible()


AT_REST = """
(most) => new Promise((done) => {
  const began = performance.now();
  let last = began;
  for (const kind of ["htmx:beforeRequest", "htmx:afterSettle"]) {
    document.addEventListener(kind, () => { last = performance.now(); });
  }
  const look = () => {
    const now = performance.now();
    const asked = performance.getEntriesByType("resource")
      .some((one) => one.initiatorType === "xmlhttprequest");
    const quiet = now - last > 800 && !document.querySelector(".htmx-request");
    if (asked && quiet) done(true);
    else if (now - began > most) done(false);
    else setTimeout(look, 50);
  };
  look();
})
"""


def at_rest(window: Page) -> None:
    """Wait until the bells of a new page have rung, and what they brought is drawn."""
    assert window.evaluate(AT_REST, PATIENT)


def rung(window: Page, region: str, bell: str) -> None:
    """Let a region fetch itself again, and wait until it has."""
    at_rest(window)
    with window.expect_response(lambda answer: answer.request.headers.get("hx-target") == region):
        window.evaluate(f"htmx.trigger('#{region}', 'sse:{bell}')")
    at_rest(window)


@pytest.mark.parametrize(
    ("path", "focused", "region", "bell"),
    [
        ("/machines", "#known a.go", "known", "machines"),
        ("/machines", "#known .pick", "known", "boots"),
        ("/machines", "#known .acts button", "known", "machines"),
        ("/", "#overview-now .needs .btn", "overview-now", "boots"),
        ("/sources/{homelab}", "#source-now td.acts button", "source-now", "sources"),
        ("/builds", "#builds-now td.acts button", "builds-now", "builds"),
        ("/builds", "#ways a", "ways", "builds"),
        ("/changes", "#acts button", "acts", "changes"),
    ],
)
def test_a_live_swap_keeps_the_focus(
    window: Page, own_site: Site, path: str, focused: str, region: str, bell: str
) -> None:
    window.goto(path.format(**own_site.ids))
    at_rest(window)
    one = window.locator(focused).first
    one.focus()
    mark = one.get_attribute("id")
    assert mark
    one.evaluate("one => { one.dataset.old = 'yes' }")
    rung(window, region, bell)
    assert window.evaluate("document.activeElement.id") == mark
    assert window.evaluate("document.activeElement.dataset.old") is None  # it is the new one


def test_what_had_the_focus_and_is_gone_leaves_it_to_the_heading(
    window: Page, own_site: Site
) -> None:
    window.goto("/machines")
    at_rest(window)
    window.locator("#inbox button").first.focus()
    file = sqlite3.connect(own_site.state / "boot.db", isolation_level=None)
    file.execute("DELETE FROM held WHERE code = '4817'")
    file.close()
    rung(window, "inbox", "machines")
    assert window.evaluate("document.activeElement.id") == "new-h"


def test_a_live_swap_leaves_open_what_is_open(window: Page, own_site: Site) -> None:
    window.goto(f"/sources/{own_site.ids['homelab']}")
    window.locator("#gens-anvil").click()
    window.locator("h1").click()
    rung(window, "source-now", "sources")
    expect(window.locator("#gen-anvil")).to_have_attribute("open", "")


def test_a_next_boot_that_is_being_chosen_is_not_taken_away(window: Page) -> None:
    window.goto("/machines")
    at_rest(window)
    window.get_by_role("link", name="Next boot of anvil").click()
    window.locator("#known").get_by_role("button", name="Set", exact=True).focus()
    window.evaluate("htmx.trigger('#known', 'sse:machines')")
    window.wait_for_timeout(500)
    expect(window.get_by_role("combobox", name="Next boot of anvil")).to_be_visible()


def test_a_link_works_from_the_moment_it_is_drawn(window: Page) -> None:
    """A press right after a live swap opens the list; it does not leave the page."""
    window.goto("/machines")
    at_rest(window)
    window.evaluate(
        """document.addEventListener("htmx:afterSwap",
            () => setTimeout(() => document.querySelector("#known .pick").click()),
            { once: true })"""
    )
    window.evaluate("htmx.trigger('#known', 'sse:machines')")
    expect(window.get_by_role("combobox", name="Next boot of")).to_be_visible()
    assert window.url.endswith("/machines")


def test_a_machine_that_begins_to_wait_is_said_aloud(window: Page, own_site: Site) -> None:
    window.goto("/machines")
    holding(own_site, NEW, "2222")
    expect(window.locator("#said")).to_have_text("Three machines are waiting")


def test_leases_do_not_draw_the_list_again(window: Page) -> None:
    window.goto("/machines")
    at_rest(window)
    asked: list[str] = []
    window.on("request", lambda one: asked.append(one.url))

    def drawn() -> bool:
        asked.clear()
        window.evaluate(
            "document.querySelectorAll('[hx-get]').forEach(one => htmx.trigger(one, 'sse:leases'))"
        )
        window.wait_for_timeout(500)
        return bool(asked)

    assert not all(drawn() for _ in range(3)), asked  # another bell may ring meanwhile


def test_a_host_that_was_chosen_is_what_boots_it_after_a_swap(window: Page, own_site: Site) -> None:
    window.goto("/machines")
    at_rest(window)
    choice = window.locator("#inbox select").first
    choice.focus()
    window.keyboard.press("End")
    wanted = choice.input_value()
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.textContent") == "Boot it"
    holding(own_site, NEW, "2222")
    expect(window.get_by_role("img", name="Code 2 2 2 2")).to_be_visible()
    expect(choice).to_have_value(wanted)
    expect(window.locator(":focus")).to_have_text("Boot it")  # it settles after it was drawn
    window.keyboard.press("Enter")
    host = wanted.rpartition("/")[2]
    expect(window.locator("[data-toast]")).to_contain_text(f"boots {host} next time")


def test_what_is_typed_into_a_search_outlives_a_swap(window: Page) -> None:
    window.goto("/machines")
    at_rest(window)
    window.locator("#q").fill("emb")
    window.locator("h1").click()
    rung(window, "known", "machines")
    expect(window.locator("#q")).to_have_value("emb")
