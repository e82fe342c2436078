"""The whole admin as one application."""

import re
from pathlib import Path

from fastapi.routing import APIRoute

from appliance.model.installed import Installed
from tests.webui.home import desk_of
from webui.app import admin_app


def test_no_route_is_hidden_by_one_before_it(tmp_path: Path) -> None:
    """What a path says in words must not be read as somebody's name by an earlier route."""
    home = Path("/nowhere")
    app = admin_app(desk_of(tmp_path), Installed(home, home, home, None, home, home, home))
    routes = [one for one in app.routes if isinstance(one, APIRoute)]
    hidden = []
    for at, route in enumerate(routes):
        asked = re.sub(r"\{[^}]*\}", "0123456789abcdef", route.path)
        hidden += [
            f"{route.methods} {route.path} by {before.path}"
            for before in routes[:at]
            if before.methods & route.methods and before.path_regex.match(asked)
        ]
    assert len(routes) > 100
    assert hidden == []
