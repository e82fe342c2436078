"""One HTTP request and who sent it; the routes and the plain answers that all of them share."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

READ = ("GET", "HEAD")
ANY: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asker:
    """One request and who sent it."""

    request: web.BaseRequest
    network: str
    ours: str  # our address that was asked
    address: str  # the client's
    mac: str | None  # by its lease

    @property
    def base(self) -> str:
        """http:// and our address on this network."""
        return f"http://{self.ours}"


Handler = Callable[[Asker, "re.Match[str]"], Awaitable[web.StreamResponse]]
Route = tuple[str, tuple[str, ...], Handler]
"""A pattern for the whole path, the methods it takes (ANY: all of them), and who answers."""


def text(status: int, said: str, *, retry_seconds: int | None = None) -> web.Response:
    """A sentence.  With `retry_seconds` iPXE asks again by itself, whatever the status (G73)."""
    body = said if said.endswith("\n") or not said else said + "\n"
    headers = {} if retry_seconds is None else {"Retry-After": str(retry_seconds)}
    return web.Response(
        status=status, text=body, content_type="text/plain", charset="utf-8", headers=headers
    )


def unknown_token() -> web.Response:
    """For a token that is nobody's, or another's."""
    return text(404, "Nobody gave out this address, or it was too long ago. Boot again.")
