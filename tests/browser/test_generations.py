"""The owner presses, the boot role's own code decides, and the page says so by itself."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.model.table import EMPTY, Generation, Host, table_to_json
from appliance.store.open import now
from appliance.store.secrets.open import Secrets
from services.netboot.decided.driver import Decided
from services.netboot.driver import Recorder
from services.netboot.follow import World
from services.netboot.identity.driver import Identities
from tests.browser.conftest import Site, pressed, signed_in

NARROW, WIDE = 360, 1280


class Role:
    """What boot does with wishes, over the site's files."""

    def __init__(self, site: Site) -> None:
        host = site.ids["ember"]
        made = tuple(Generation(one, f"ember{one}" * 4, "trial", {}) for one in (12, 11))
        table = replace(EMPTY, hosts={host: Host(host, "ember", "homelab", made)})
        (site.state / "published/table.json").write_text(json.dumps(table_to_json(table)))
        manifest = json.loads((site.state / f"published/images/{'anvil14' * 4}.json").read_text())
        for one in made:
            told = json.dumps({**manifest, "id": one.image, "host": host, "name": "ember"})
            (site.state / f"published/images/{one.image}.json").write_text(told)
        names = ("published", "leases.db", "net.db", "nixie.db")
        self.world = World(*(site.state / name for name in names))
        self.world.look_at_table()
        self.recorder = Recorder(site.state / "boot.db")
        self.identities = Identities(self.recorder, Secrets(site.state / "secrets/boot"))
        self.decided = Decided(self.world, self.recorder, self.identities)

    def hears(self) -> None:
        self.decided.hear(now())


@pytest.fixture
def role(own_site: Site) -> Iterator[Role]:
    made = Role(own_site)
    yield made
    made.world.close()
    made.recorder.close()


@pytest.fixture(params=[NARROW, WIDE])
def page(
    request: pytest.FixtureRequest, chromium: Browser, own_site: Site, role: Role
) -> Iterator[Page]:
    """The generations of ember: 12 is bad, 11 is served."""
    del role
    size = {"width": request.param, "height": 800}
    context = signed_in(chromium, own_site, viewport=size)
    opened = context.new_page()
    opened.goto(f"/hosts/{own_site.ids['ember']}")
    yield opened
    context.close()


def test_a_bad_generation_is_tried_again(page: Page, role: Role) -> None:
    expect(page.locator(".lead")).to_contain_text("because generation 12 is bad")
    page.get_by_role("button", name="Try generation 12 again").click()
    expect(page.locator("[data-toast]")).to_contain_text("Generation 12 of ember may prove itself")
    role.hears()
    expect(page.locator(".lead")).to_contain_text("Generation 12, the newest, is served, on trial")
    expect(page.get_by_role("button", name="Try generation 12 again")).to_have_count(0)


def test_a_generation_is_pinned_until_it_is_unpinned(page: Page, role: Role) -> None:
    pressed(page, "Pin generation 12")
    role.hears()
    expect(page.locator(".lead")).to_contain_text("Generation 12 is pinned")
    pressed(page, "Unpin")
    role.hears()
    expect(page.locator(".lead")).to_contain_text("Generation 11, the last good one, is served")


def test_rolling_back_takes_effect_without_a_reload(page: Page, role: Role) -> None:
    pressed(page, "Try generation 12 again")
    role.hears()
    pressed(page, "Roll back")
    role.hears()
    expect(page.locator("tbody tr").first).to_contain_text("Set aside by you")
    expect(page.locator(".lead")).to_contain_text("Generation 11, the last good one, is served")


def test_a_bad_generation_leads_to_the_boot_that_shows_why(page: Page) -> None:
    page.get_by_role("link", name="ember fell short").click()
    expect(page.locator(".diagnosis")).to_contain_text("Nothing was heard for")
