"""A builder, from the page Builds to its last step, as its owner does it."""

from contextlib import closing

from playwright.sync_api import Browser, Page, expect

from appliance.events import BuilderTried
from appliance.store import builder_states, builds
from appliance.store.builder_states import (
    BUILD,
    KEY,
    LOGIN,
    NIX,
    REACH,
    READY,
    TRUST,
    UNKNOWN,
    BuilderState,
    Step,
)
from appliance.store.journal import append, transaction
from appliance.store.open import now, writer
from appliance.store.reads import Reads
from tests.browser.conftest import Site, signed_in
from tests.browser.test_every_page import NAMELESS, TOO_SMALL, TOO_WIDE, WIDTHS

SHOWN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
PRINT = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIVIC02vnjFyL+I4RHfvIGNtOgJMe769VTF1VR4EB3ZB"
OURS = f"{OTHER} nixie-router"
UNCOMPARED = (
    Step(REACH, "ok", "It answers on port 22."),
    Step(KEY, "bad", "Its host key has to be compared once. Until then nothing is sent there."),
)
ALL = (
    Step(REACH, "ok", "It answers on port 22."),
    Step(KEY, "ok", "It shows the host key that you trusted."),
    Step(LOGIN, "ok", "It lets the router in as nix."),
    Step(NIX, "ok", "It has Nix 2.28.6."),
    Step(TRUST, "ok", "It does not trust the router, and need not: whole builds are made there."),
    Step(BUILD, "ok", "It built for x86_64-linux."),
)


def add(window: Page, site: Site) -> str:
    """Add a builder with mouse and keyboard; its id."""
    window.goto("/builds")
    window.get_by_role("link", name="Builders", exact=True).click()
    window.get_by_label("Name or address").fill("kiln-with-a-rather-long-name.rack.example.org")
    window.get_by_label("What you call it").fill("kiln")
    window.get_by_label("aarch64-linux").check()
    window.get_by_role("button", name="Add it and try it").press("Enter")
    expect(window.get_by_role("heading", name="kiln", exact=True)).to_be_visible()
    (one,) = Reads(site.state).builders()
    assert one.systems == ("x86_64-linux", "aarch64-linux")
    return one.id


def becomes(site: Site, state: BuilderState) -> None:
    """What the role `build` puts down."""
    with closing(writer(site.state / "build.db", builds.MIGRATIONS)) as own, transaction(own):
        builder_states.stands(own, state)
        append(own, BuilderTried(state.builder, "kiln", "It was tried."), now())


def test_a_builder_is_added_compared_and_ready(window: Page, own_site: Site) -> None:
    ident = add(window, own_site)
    expect(window.get_by_text("Not tried yet")).to_be_visible()
    becomes(own_site, BuilderState(ident, UNKNOWN, "x", OURS, SHOWN, UNCOMPARED, now()))
    expect(window.get_by_text(PRINT)).to_be_visible()  # the page looks again by itself
    window.get_by_role("button", name="I compared them: it is the same").click()
    expect(window.get_by_text(f"kiln is known by {PRINT}")).to_be_visible()
    becomes(own_site, BuilderState(ident, READY, "", OURS, SHOWN, ALL, now()))
    expect(window.get_by_text("It built for x86_64-linux.")).to_be_visible()
    expect(window.locator("p.lead")).to_contain_text("kiln builds for this router")


def test_a_removed_builder_is_back_by_one_click(window: Page, own_site: Site) -> None:
    add(window, own_site)
    window.get_by_role("button", name="Remove kiln").click()
    expect(window.get_by_text("This router builds alone.")).to_be_visible()
    window.get_by_role("button", name="Undo").click()
    expect(window.get_by_role("heading", name="kiln", exact=True)).to_be_visible()


def test_every_state_fits_on_every_screen(window: Page, own_site: Site) -> None:
    ident = add(window, own_site)
    states = (
        BuilderState(ident, UNKNOWN, "x", OURS, SHOWN, UNCOMPARED, now()),
        BuilderState(ident, READY, "", OURS, SHOWN, ALL, now()),
    )
    for state in states:
        becomes(own_site, state)
        for path in ("/builders", f"/builders?edit={ident}"):
            window.goto(path)
            for width in WIDTHS:
                window.set_viewport_size({"width": width, "height": 800})
                assert window.evaluate(TOO_WIDE) == [], f"{path} at {width}: {state.state}"
            assert window.evaluate(NAMELESS) == []
            assert window.evaluate(TOO_SMALL) == []


def test_without_a_script_a_builder_is_added(chromium: Browser, own_site: Site) -> None:
    context = signed_in(chromium, own_site, java_script_enabled=False)
    add(context.new_page(), own_site)
    context.close()
