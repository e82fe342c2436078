"""What is true of every page."""

import re
from html.parser import HTMLParser

import pytest
from jinja2 import meta

from tests.webui.pages.conftest import Home
from webui.pages.page import SHEETS

FULL = (
    "/", "/machines", "/machines?show=short", "/machines?q=anvil", "/machines/{ember-machine}",
    "/machines/{kiln-machine}", "/menus", "/menus?edit={menu}", "/sources", "/sources/{homelab}",
    "/sources/{kiosk}", "/sources/{homelab}/settings", "/files", "/builds", "/builds/b1",
    "/builds/b2", "/builds/b3", "/builds/b4", "/builds/b6", "/boots/{fell}", "/boots/{now}",
    "/boots/{anvil-boot}", "/boots/{tongs-boot}", "/boots/held-4817", "/images/{image}",
    "/images/{image}/against/{image-before}", "/hosts/{ember}", "/hosts/{crucible}",
    "/hosts/{slag}",
    "/devices", "/devices?q=10.77.0.1", "/devices?show=blocked&sort=-now", "/devices?network=lan",
    "/devices/8c-71-f8-00-00-44", "/devices/f4-c8-8a-00-00-02", "/devices/00-05-c9-00-00-35",
    "/networks", "/internet", "/system", "/changes", "/changes/happened", "/changes/review",
    "/changes/revisions", "/changes/revisions/1", "/changes/import", "/networks/new",
    "/networks/lan/settings",
    "/networks/lan/addresses", "/networks/internet", "/networks/router", "/password",
    "/names/servers", "/names/own", "/names/blocking", "/names/asked",
    "/networks/routes", "/names", "/firewall", "/firewall/new-rule", "/firewall/new-forward",
    "/firewall/why", "/firewall/outside", "/firewall/new-zone",
    "/firewall/zones/lan", "/networks/time",
    "/internet/names", "/internet/names?new=dyn", "/internet/names?new=rfc2136",
    "/builders", "/caches", "/caches?edit=nixos",
    "/notices", "/notices?new=mail", "/notices?new=ntfy",
    "/firewall/why?source=lan&destination=internet&port=443",
)  # fmt: skip
BARE = (
    "/", "/machines", "/menus", "/sources", "/builds", "/devices", "/networks", "/internet",
    "/names/servers", "/names/own", "/names/blocking", "/names/asked",
    "/names", "/builders", "/caches", "/notices", "/files", "/internet/names", "/system",
    "/changes",
    "/changes/happened", "/changes/review", "/changes/revisions", "/password",
)  # fmt: skip
FRAGMENTS = (
    ("/", "/overview/now"),
    ("/machines", "/machines/inbox"),
    ("/machines", "/machines/known"),
    ("/machines/{ember-machine}", "/machines/{ember-machine}/boots"),
    ("/sources", "/sources/list"),
    ("/sources/{homelab}", "/sources/{homelab}/now"),
    ("/builds", "/builds/now"),
    ("/builders", "/builders/now"),
    ("/caches", "/caches/now"),
    ("/builds/b1", "/builds/b1/now"),
    ("/boots/{now}", "/boots/{now}/now"),
    ("/", "/overview/traffic"),
    ("/networks", "/networks/lan/traffic"),
    ("/devices", "/devices/known"),
    ("/devices/00-05-c9-00-00-35", "/devices/00-05-c9-00-00-35/now"),
    ("/networks", "/networks/now"),
    ("/names", "/names/now"),
    ("/firewall", "/firewall/now"),
    ("/firewall/outside", "/firewall/outside/now"),
    (
        "/firewall/why?source=lan&destination=internet&port=443",
        "/firewall/trace?source=lan&destination=internet&port=443",
    ),
    ("/internet", "/internet/now"),
    ("/internet/names", "/internet/names/now"),
    ("/changes", "/changes/now"),
    ("/changes/happened", "/changes/happened/now"),
    ("/changes/revisions", "/changes/revisions/now"),
    ("/", "/frame/now"),
    ("/builds", "/frame/nav?at=builds"),
)


class Outline(HTMLParser):
    """What a page is made of, as far as rules for all pages go."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == name]


def check(html: str) -> None:
    outline = Outline(html)
    ids = [str(attrs["id"]) for _, attrs in outline.tags if "id" in attrs]
    assert len(outline.all("h1")) == 1
    assert len(ids) == len(set(ids))
    assert not [attrs for _, attrs in outline.tags if "style" in attrs]
    assert not [name for _, attrs in outline.tags for name in attrs if name.startswith("on")]
    assert all(attrs.get("src") for attrs in outline.all("script"))
    labels = {attrs.get("for") for attrs in outline.all("label")}
    for field in (*outline.all("select"), *outline.all("textarea")):
        assert field["id"] in labels
    for _, attrs in outline.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set(str(attrs.get(name) or "").split()) <= set(ids)
    described = {
        one for _, attrs in outline.tags for one in str(attrs.get("aria-describedby") or "").split()
    }
    hints = {str(attrs.get("id")) for attrs in outline.all("p") if attrs.get("class") == "hint"}
    assert hints <= described
    assert sum("main-act" in str(attrs.get("class")) for _, attrs in outline.tags) <= 1
    assert "Undefined" not in html


@pytest.mark.parametrize("path", FULL)
def test_a_page_keeps_the_rules_with_real_rows(home: Home, path: str) -> None:
    check(home.get(path.format(**home.ids)))


@pytest.mark.parametrize("path", BARE)
def test_a_page_keeps_the_rules_with_nothing_in_it(bare: Home, path: str) -> None:
    check(bare.get(path))


@pytest.mark.parametrize(("path", "fragment"), FRAGMENTS)
def test_a_fragment_is_the_same_as_in_its_page(home: Home, path: str, fragment: str) -> None:
    whole, piece = (home.get(one.format(**home.ids)) for one in (path, fragment))
    assert _plain(piece) in _plain(whole)


@pytest.mark.parametrize("fragment", sorted({fragment for _, fragment in FRAGMENTS}))
def test_whatever_can_have_the_focus_is_found_again_after_a_swap(home: Home, fragment: str) -> None:
    """htmx gives the focus back by id; what lies in a menu that is open is not drawn again."""
    html = re.sub(
        r'<div class="menu".*?</div>', "", home.get(fragment.format(**home.ids)), flags=re.S
    )
    for tag, attrs in Outline(html).tags:
        if tag in {"a", "button", "select", "summary", "textarea"} or "tabindex" in attrs:
            assert attrs.get("id"), (tag, attrs)


@pytest.mark.parametrize("name", SHEETS.list_templates())
def test_a_template_gets_page_and_nothing_else(name: str) -> None:
    assert SHEETS.loader is not None
    source = SHEETS.loader.get_source(SHEETS, name)[0]
    assert meta.find_undeclared_variables(SHEETS.parse(source)) <= {"page"}


@pytest.mark.parametrize(
    "path",
    [
        "/boots/none",
        "/builds/none",
        "/images/none",
        "/machines/none",
        "/sources/none",
        "/nowhere",
    ],
)
def test_what_is_not_there_says_so(home: Home, path: str) -> None:
    answer = home.client.get(path)
    assert answer.status_code == 404
    check(answer.text)


def test_every_icon_is_in_the_sprite(home: Home) -> None:
    sprite = home.get("/static/icons.svg")
    known = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    pages = [home.get(path.format(**home.ids)) for path in FULL]
    used = {name for html in pages for name in re.findall(r"icons\.svg#([\w-]+)", html)}
    assert used <= known


def test_every_class_is_in_the_style_sheet(home: Home) -> None:
    sheet = home.get("/static/nixie.css")
    for path in FULL:
        for _, attrs in Outline(home.get(path.format(**home.ids))).tags:
            for name in (attrs.get("class") or "").split():
                plain = name == "b" or name.startswith("s-")  # as every other strip and pill
                assert plain or re.search(rf"\.{name}\b", sheet), f"{name} on {path}"


def _plain(html: str) -> str:
    """Without the white space, and without the word that every drawing has of its own."""
    return re.sub(r"\s+", " ", re.sub(r'name="once" value="[^"]+"', "", html)).strip()
