"""What the style sheet promises to eyes: WCAG 2.2, 1.4.3 (text) and 1.4.11 (edges and bars)."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SHEET = (Path(__file__).parents[2] / "webui/static/nixie.css").read_text()
THEMES = ("light", "dark")
TEXT, EDGE = 4.5, 3.0

SURFACES = ("paper", "panel", "well", "lift", "hover")
INKS = ("ink", "ink-2", "ink-3", "glow", "ok", "warn", "bad")
GLASS = ("glass", "glass-2")
EDGES = (
    *(("edge", surface) for surface in ("paper", "panel", "well")),
    *((bar, "panel") for bar in ("glow-fill", "ok-bar", "bad-fill", "idle-bar")),
)

Colour = tuple[float, float, float]


def tokens() -> dict[str, dict[str, str]]:
    """Token → theme → "#rrggbb"; where it is written twice, the first, which is everybody's."""
    both = re.findall(r"--([\w-]+):\s*light-dark\((#\w+),\s*(#\w+)\)", SHEET)
    one = re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})\s*;", SHEET)
    found: dict[str, dict[str, str]] = {}
    for name, light, dark in (*both, *((name, value, value) for name, value in one)):
        found.setdefault(name, {"light": light, "dark": dark})
    return found


TOKENS = tokens()


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG's definition over sRGB)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """1 to 21.

    >>> round(contrast("#000000", "#ffffff")), contrast("#767676", "#767676")
    (21, 1.0)
    """
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def written_together() -> Iterator[tuple[str, str]]:
    """(text, background) tokens that one rule sets both of."""
    for piece in re.split(r"[{}]", SHEET):
        text = re.search(r"(?<![-\w])color:\s*var\(--([\w-]+)\)", piece)
        below = re.search(r"(?<![-\w])background(?:-color)?:\s*var\(--([\w-]+)\)", piece)
        if text and below and {text[1], below[1]} <= set(TOKENS):
            yield text[1], below[1]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("ink", INKS)
def test_text_is_read_on_every_surface(ink: str, surface: str, theme: str) -> None:
    assert contrast(TOKENS[ink][theme], TOKENS[surface][theme]) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "below"), sorted(set(written_together())))
def test_text_is_read_on_what_its_own_rule_puts_below_it(text: str, below: str, theme: str) -> None:
    themes = ["dark"] if below in GLASS else [theme]  # glass sets color-scheme: dark
    assert all(contrast(TOKENS[text][one], TOKENS[below][one]) >= TEXT for one in themes)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("wash", ["glow-wash", "ok-wash", "warn-wash", "bad-wash"])
def test_text_is_read_on_a_wash(wash: str, theme: str) -> None:
    for ink in ("ink", "ink-2", wash.removesuffix("-wash")):
        assert contrast(TOKENS[ink][theme], TOKENS[wash][theme]) >= TEXT, ink


@pytest.mark.parametrize("glass", GLASS)
@pytest.mark.parametrize("ink", [*INKS, "neon"])
def test_text_is_read_on_glass(ink: str, glass: str) -> None:
    assert contrast(TOKENS[ink]["dark"], TOKENS[glass]["dark"]) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("edge", "surface"), EDGES)
def test_edges_stand_out(edge: str, surface: str, theme: str) -> None:
    assert contrast(TOKENS[edge][theme], TOKENS[surface][theme]) >= EDGE


def test_glass_is_dark_in_both_themes() -> None:
    assert re.search(r"\{[^{}]*background: var\(--glass\)[^{}]*color-scheme: dark", SHEET)
    assert all(TOKENS[glass]["light"] == TOKENS[glass]["dark"] for glass in GLASS)


def test_a_toast_is_read_in_both_themes() -> None:
    rule = SHEET[SHEET.index("\n.toast {") :].partition("p {")[0]
    below = re.search(r"background: light-dark\((#\w+), (#\w+)\)", rule)
    text = re.search(r"; color: (#\w+)", rule)
    assert below
    assert text
    assert all(contrast(text[1], one) >= TEXT for one in below.groups())


def test_rules_that_set_text_with_its_background_are_found() -> None:
    assert ("on-glow", "glow-fill") in set(written_together())


def test_more_contrast_is_more() -> None:
    asked = SHEET[SHEET.index("prefers-contrast: more") :]
    raised = re.findall(r"--([\w-]+):\s*light-dark\((#\w+),\s*(#\w+)\)", asked.split("}")[0])
    assert raised
    for name, *values in raised:
        for theme, value in zip(THEMES, values, strict=True):
            before = contrast(TOKENS[name][theme], TOKENS["panel"][theme])
            assert contrast(value, TOKENS["panel"][theme]) > before, name
