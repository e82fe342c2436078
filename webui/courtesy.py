"""What the guard refuses, said to a browser as a page.

The guard answers before any page is asked, in JSON, which programs want.  Pure ASGI, around it.
"""

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from appliance.errors import Problem
from webui.pages import trouble
from webui.pages.page import SHEETS

API = "/api/"


class Courtesy:
    """Wraps the guard."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; a refusal in JSON becomes a page when a browser asked for one."""
        await self._app(scope, receive, _said(send) if _wants_a_page(scope) else send)


def _wants_a_page(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["path"].startswith(API):
        return False
    return b"text/html" in dict(scope["headers"]).get(b"accept", b"")


def _said(send: Send) -> Send:
    held: list[Message] = []

    async def said(message: Message) -> None:
        if message["type"] == "http.response.start" and _is_refusal(message):
            held.append(message)
        elif held:
            start = held.pop()
            html = _page(int(start["status"]), message["body"])
            kept = [pair for pair in start["headers"] if pair[0] not in _BODY_HEADERS]
            lengths = (b"content-length", str(len(html)).encode())
            headers = [*kept, (b"content-type", b"text/html; charset=utf-8"), lengths]
            await send({**start, "headers": headers})
            await send({**message, "body": html})
        else:
            await send(message)

    return said


_BODY_HEADERS = frozenset({b"content-type", b"content-length"})


def _is_refusal(message: Message) -> bool:
    kind = dict(message["headers"]).get(b"content-type", b"")
    return int(message["status"]) >= 400 and bool(kind == b"application/json")


def _page(status: int, body: bytes) -> bytes:
    told = json.loads(body)["problems"]
    problems = [Problem((), str(one["what"])) for one in told]
    view = trouble.alone(status, problems)
    return SHEETS.get_template("trouble/alone.html").render(page=view).encode()
