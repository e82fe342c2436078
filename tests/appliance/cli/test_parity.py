"""What the API can do, a command can do."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from fastapi import FastAPI

from tests.webui.api.test_description import app
from webui.api.description import operations

__all__ = ("app",)

CLI = Path(__file__).parents[3] / "appliance/cli"
API = "/api/v1"
WITHOUT = {
    "/claim": "a browser claims; `nixie claim` shows the code",
    "/events": "bells are for those who show something; `nixie journal --follow` asks",
    "/me": "who asks the box's own socket is the box",
}
"""Routes that no command needs, and why."""


def spoken() -> Iterator[str]:
    """Every path that a command asks for, with {} for what it fills in."""
    for file in CLI.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "{}"
                    for part in node.values
                )


def test_every_route_has_its_command(app: FastAPI) -> None:
    known = set(spoken())
    paths = {path.removeprefix(API) for path, _, _ in operations(app.openapi())}
    assert set(WITHOUT) <= paths
    for path in paths - set(WITHOUT):
        assert re.sub(r"\{\w+\}", "{}", path) in known, path
