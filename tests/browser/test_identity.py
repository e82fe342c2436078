"""A machine that asks who it is, and its owner who compares the codes."""

from contextlib import closing

from playwright.sync_api import Page, expect

from appliance.events import IdentityAsked, IdentityDecided
from appliance.store import boots, identities
from appliance.store.identities import Ask, Identity
from appliance.store.journal import append, transaction
from appliance.store.open import now, writer
from appliance.store.reads import Reads
from tests.appliance.model.test_identity import LINE
from tests.browser.conftest import Site
from tests.browser.test_every_page import NAMELESS, TOO_SMALL, TOO_WIDE, WIDTHS
from tests.webui.home import EMBER


def asks(site: Site, machine: str) -> None:
    """What the role `boot` puts down when a machine shows its code."""
    at = now()
    row = Ask("b1", machine, "lan", EMBER, "", "", b"", "681312", "waiting", "", at, at)
    with closing(writer(site.state / "boot.db", boots.MIGRATIONS)) as own, transaction(own):
        identities.save_ask(own, row)
        append(own, IdentityAsked(machine, "ember", "lan", EMBER, "681 312", ""), at)


def known(site: Site, machine: str, differs: str = "") -> None:
    """And when the owner has approved it."""
    with closing(writer(site.state / "boot.db", boots.MIGRATIONS)) as own, transaction(own):
        own.execute("DELETE FROM identity_ask")
        row = Identity(machine, "tpm", LINE, "c2VhbGVk", now(), now(), differs)
        identities.save(own, row)
        append(own, IdentityDecided(machine, "ember is known by its key."), now())


def test_the_codes_are_compared_once(window: Page, own_site: Site) -> None:
    machine = own_site.ids["ember-machine"]
    window.goto(f"/machines/{machine}")
    window.get_by_role("button", name="Keep its identity").click()
    expect(window.get_by_text("At its next boot its screen shows a code")).to_be_visible()
    asks(own_site, machine)
    expect(
        window.locator("#identity").get_by_text("681 312")
    ).to_be_visible()  # the page looks again by itself
    window.get_by_role("button", name="It is the same: approve").press("Enter")
    expect(window.get_by_text("ember gets its identity.")).to_be_visible()
    known(own_site, machine)
    expect(window.get_by_text(f"ember {LINE}")).to_be_visible()
    assert Reads(own_site.state).machines()[0].machine_id
    window.get_by_role("button", name="Forget its identity").click()
    expect(window.get_by_text("The identity of ember is forgotten.")).to_be_visible()


def test_every_state_fits_on_every_screen(window: Page, own_site: Site) -> None:
    machine = own_site.ids["ember-machine"]
    known(own_site, machine, differs=LINE)
    asks(own_site, machine)
    window.goto(f"/machines/{machine}")
    window.get_by_text("Where its key can be").click()
    for width in WIDTHS:
        window.set_viewport_size({"width": width, "height": 800})
        assert window.evaluate(TOO_WIDE) == [], f"at {width}"
    assert window.evaluate(NAMELESS) == []
    assert window.evaluate(TOO_SMALL) == []
