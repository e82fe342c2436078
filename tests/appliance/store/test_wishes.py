import ast
from pathlib import Path

import pytest

from appliance.store.wishes import KINDS, body

ROOT = Path(__file__).parents[3]


def test_a_wish_has_exactly_its_fields() -> None:
    assert body("build", "refresh", source="s") == '{"source": "s"}'
    with pytest.raises(ValueError, match="needs"):
        body("build", "refresh", host="h")


def test_a_wish_nobody_knows_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="knows no wish"):
        body("dhcp", "refresh", source="s")


def test_every_wish_names_what_it_is_about() -> None:
    assert all(fields for kinds in KINDS.values() for fields in kinds.values())


ROOMS = {
    "build": "services/nix",
    "boot": "services/netboot",
    "dns": "services/dns",
    "net": "services/net",
    "notice": "services/notices",
    "wan": "services/wan",
}
"""Role → where it reads its wishes."""


SUPPLEMENTS = {"notice": "services/public_names"}
"""Role → a second room of it that reads wishes."""


def known(role: str) -> set[str]:
    """Every word in the room of a role, read from the code."""
    return {
        str(node.value)
        for room in filter(None, (ROOMS[role], SUPPLEMENTS.get(role)))
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant)
    }


@pytest.mark.parametrize(
    ("role", "kind"), [(role, kind) for role, kinds in KINDS.items() for kind in kinds]
)
def test_every_wish_has_a_reader(role: str, kind: str) -> None:
    assert kind in known(role)
