"""What every request passes before any page: the right host, the right origin, a bounded body.

Pure ASGI.  A Host that is neither an IP address nor one of our names is answered 421: names are
what DNS rebinding uses; an address in the Host can only come from a browser that was sent to that
address.  Forwarding headers are ignored: nobody stands in front of us.

Cross-site requests: whatever is not GET, HEAD or OPTIONS needs `Sec-Fetch-Site: same-origin` (or
`none`, typed by the user); browsers without it need an Origin equal to the Host; a request with
neither must not carry our cookie.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 1 << 20  # bytes; the longest form is a private key
LARGE = frozenset({"/files", "/api/v1/files"})
"""Where whole files are sent: written down as they come, with a bound of their own."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIES = ("__Host-nixie", "nixie")  # over https, over http on the box itself

CONTENT = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    b"content-security-policy": CONTENT.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    b"cache-control": b"no-store",
}
"""On every answer, unless the answer itself has the header."""
FILES = {b"cache-control": b"no-cache"}
"""For stylesheets and scripts: kept, but asked about each time (ETag)."""


class Guard:
    """Wraps the application; `names` gives our own host names, in lower case."""

    def __init__(self, app: ASGIApp, names: Callable[[], Iterable[str]]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with our headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(_dressed(send), *refusal)
            return
        dressed = _dressed(send, HEADERS | FILES if _is_file(scope["path"]) else HEADERS)
        bounded = receive if scope["path"] in LARGE else _Bounded(receive)
        await self._app(scope, bounded, dressed)

    def _refusal(self, scope: Scope, headers: Mapping[bytes, str]) -> tuple[int, str] | None:
        host = headers.get(b"host", "")
        if not host_is_ours(host, self._names()):
            return 421, "This router has another name. Write its address or its own name."
        if scope["method"] not in SAFE and not origin_is_ours(scope["scheme"], host, headers):
            return 403, (
                "This request comes from another site, so it was not carried out. Do it on the "
                "admin's own page."
            )
        length = headers.get(b"content-length", "0")
        if not length.isdecimal() or (int(length) > BODY_LIMIT and scope["path"] not in LARGE):
            return TOO_LONG
        return None


def host_is_ours(host: str, names: Iterable[str]) -> bool:
    """Whether a Host header names us.

    >>> [host_is_ours(one, {"nixie.lan"}) for one in ("10.0.0.1:443", "[fe80::1]", "NIXIE.lan")]
    [True, True, True]
    >>> host_is_ours("evil.example", {"nixie.lan"})
    False
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
        ip_address(name)
    except ValueError:
        bare = host.rpartition(":")[0] if ":" in host else host
        return bare.lower().rstrip(".") in {"localhost", *names}
    return True


def origin_is_ours(scheme: str, host: str, headers: Mapping[bytes, str]) -> bool:
    """Whether a request that changes something comes from our own pages, or from no browser."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get(b"origin")
    if origin is not None:
        return origin.lower() == f"{scheme}://{host}".lower()
    return not carries_cookie(headers.get(b"cookie", ""))


def carries_cookie(header: str) -> bool:
    """Whether one of our cookies is in a Cookie header."""
    try:
        found = SimpleCookie(header)
    except CookieError:
        return any(f"{name}=" in header for name in COOKIES)
    return any(name in found for name in COOKIES)


TOO_LONG = (413, f"This is too long: at most {BODY_LIMIT >> 20} MiB are taken. Send less.")


class _Bounded:
    """The body as it comes in, cut off when it is longer than announced or allowed."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._left = BODY_LIMIT

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(*TOO_LONG)
        return message


def _is_file(path: str) -> bool:
    return path.startswith(("/static/", "/browser/"))


def _dressed(send: Send, headers: Mapping[bytes, bytes] = HEADERS) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message.get("headers", ())}
            added = [pair for pair in headers.items() if pair[0] not in present]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return dressed


def problem_body(what: str) -> bytes:
    """One problem of a whole request, as the API says it.

    >>> problem_body("It is too long.")
    b'{"problems": [{"where": [], "what": "It is too long."}]}'
    """
    return json.dumps({"problems": [{"where": [], "what": what}]}).encode()


async def _answer(send: Send, status: int, what: str) -> None:
    body = problem_body(what)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
