"""A cache, from the page Builds to its place in the order, as its owner does it."""

from contextlib import closing

from playwright.sync_api import Browser, Page, expect

from appliance.events import CacheTried
from appliance.store import builds, cache_states
from appliance.store.builder_states import Step
from appliance.store.cache_states import KEY, LOGIN, REACH, READY, STORE, UNFIT, CacheState
from appliance.store.journal import append, transaction
from appliance.store.open import now, writer
from appliance.store.reads import Reads
from tests.browser.conftest import Site, signed_in
from tests.browser.test_every_page import NAMELESS, TOO_SMALL, TOO_WIDE, WIDTHS

PUBLIC = f"lan-with-a-rather-long-name.example.org-1:{'A' * 43}="
URL = "https://cache-with-a-rather-long-name.rack.example.org:8443/attic/lan"
BAD = (
    Step(REACH, "ok", "It answers on port 8443."),
    Step(LOGIN, "ok", "It lets the router in as lan."),
    Step(STORE, "ok", "It is a Nix cache for /nix/store. Its own priority is 30."),
    Step(KEY, "bad", "It signs as other-1, and you gave the key of lan-1, so nothing is taken."),
)
ANSWER = (
    "Of ember, it has 1 of 3 paths of the image: linux-6.12. It does not have initrd, squashfs."
)


def add(window: Page, site: Site) -> str:
    """Add a private cache with mouse and keyboard; its id."""
    window.goto("/builds")
    window.get_by_role("link", name="Caches", exact=True).click()
    window.get_by_label("Address", exact=True).fill(URL)
    window.get_by_label("Public key").fill(PUBLIC)
    window.get_by_label("User", exact=True).fill("lan")
    window.get_by_label("Password", exact=True).fill("s3cret-word")
    window.get_by_role("button", name="Add it and try it").press("Enter")
    expect(window.get_by_role("heading", name="2. cache-with")).to_be_visible()
    return Reads(site.state).caches()[-1].id


def becomes(site: Site, state: CacheState) -> None:
    """What the role `build` puts down."""
    with closing(writer(site.state / "build.db", builds.MIGRATIONS)) as own, transaction(own):
        cache_states.stands(own, state)
        append(own, CacheTried(state.cache, "lan", "It was tried."), now())


def test_a_cache_is_added_tried_and_asked_first(window: Page, own_site: Site) -> None:
    ident = add(window, own_site)
    assert "s3cret-word" not in window.content()
    becomes(own_site, CacheState(ident, READY, "", BAD[:3], now()))
    expect(window.get_by_text("It lets the router in as lan.")).to_be_visible()
    window.get_by_role("button", name="Ask earlier").click()
    expect(window.get_by_role("heading", name="1. cache-with")).to_be_visible()
    window.get_by_role("button", name="Undo").click()
    expect(window.get_by_role("heading", name="2. cache-with")).to_be_visible()


def test_every_state_fits_on_every_screen(window: Page, own_site: Site) -> None:
    ident = add(window, own_site)
    for state in (
        CacheState(ident, UNFIT, "x", BAD, now(), answer=ANSWER),
        CacheState(ident, READY, "", BAD[:3], now()),
    ):
        becomes(own_site, state)
        for path in ("/caches", f"/caches?edit={ident}"):
            window.goto(path)
            for width in WIDTHS:
                window.set_viewport_size({"width": width, "height": 800})
                assert window.evaluate(TOO_WIDE) == [], f"{path} at {width}: {state.state}"
            assert window.evaluate(NAMELESS) == []
            assert window.evaluate(TOO_SMALL) == []


def test_without_a_script_a_cache_is_added(chromium: Browser, own_site: Site) -> None:
    context = signed_in(chromium, own_site, java_script_enabled=False)
    add(context.new_page(), own_site)
    context.close()
