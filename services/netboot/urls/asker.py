"""One HTTP request and who sent it; the routes and the plain answers that all of them share."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from aiohttp import web

READ = ("GET", "HEAD")
ANY: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asker:
    """One request and who sent it."""

    request: web.BaseRequest
    network: str
    ours: str  # our address that was asked, as URLs have it
    address: str  # the client's
    mac: str | None  # by its lease

    @property
    def base(self) -> str:
        """http:// and our address on this network."""
        return f"http://{self.ours}"


def in_url(asked: str, lasting: IPv4Address | None) -> str:
    """Our address as a URL has it (RFC 3986 §3.2.2); `lasting` in the place of a link-local one,
    which means something only together with an interface of the client's own.

    >>> in_url("10.77.0.1", None), in_url("fd12::1", None)
    ('10.77.0.1', '[fd12::1]')
    >>> in_url("fe80::1%br-lan", IPv4Address("10.77.0.1"))
    '10.77.0.1'
    """
    if ":" not in asked:
        return asked
    bare = asked.partition("%")[0]
    return str(lasting) if lasting and IPv6Address(bare).is_link_local else f"[{bare}]"


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
