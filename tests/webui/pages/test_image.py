import pytest

from tests.webui.pages.conftest import Home
from webui.pages.image import _builder


def test_an_image_shows_its_parts_with_their_hashes(home: Home) -> None:
    html = home.get(f"/images/{home.ids['image']}")
    assert "5c" * 32 in html
    assert "e1" * 32 in html
    assert "12\N{NO-BREAK SPACE}MiB" in html


def test_an_image_shows_where_it_comes_from(home: Home) -> None:
    html = home.get(f"/images/{home.ids['image']}")
    for one in ("sha256-Vb0n", "/nix/store/a-linux-6.12.44.drv", "/nix/store/x-anvil", "2.26.1"):
        assert one in html
    assert "anvil, generation 14</h1>" in html
    assert "this router" in html


def test_a_boot_leads_to_what_it_was_served(home: Home) -> None:
    assert f'href="/images/{home.ids["image"]}"' in home.get(f"/boots/{home.ids['anvil-boot']}")


def test_a_boot_of_an_image_that_is_gone_does_not(home: Home) -> None:
    assert 'href="/images/' not in home.get(f"/boots/{home.ids['fell']}")


def test_a_generation_leads_to_its_image(home: Home) -> None:
    row = home.get(f"/sources/{home.ids['homelab']}").partition('id="host-anvil"')[2]
    assert f'href="/images/{home.ids["image"]}"' in row.partition("</tr>")[0]


def test_a_build_leads_to_what_it_made(home: Home) -> None:
    assert 'href="/images/ember12ember12ember12ember12"' in home.get("/builds/b3")


@pytest.mark.parametrize(
    ("stored", "said"),
    [("here", "this router"), ("here with oven", "this router with oven"), ("heretic", "heretic")],
)
def test_who_built_it_is_named(stored: str, said: str) -> None:
    assert _builder(stored) == said
