"""DOOR: boot HTTP on the passed-in port-80 sockets, one per link.

Who asks is told by the link (which network) and the lease (which MAC).  Every answer has a body,
`//` is one slash, boot paths never redirect.  What is neither a boot path nor the CA certificate is
sent to the admin.  Loaders, scripts and parts have rooms of their own.
"""

import asyncio
import re
import socket
import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

from aiohttp import web

from appliance.model.health import last_lines
from appliance.model.images import Literal
from appliance.model.lan_cache import PATH
from services.netboot.cache.serve import Cache
from services.netboot.download.serve import Broken, send
from services.netboot.driver import Recorder
from services.netboot.files import Served, type_of
from services.netboot.follow import World
from services.netboot.grants.driver import Grants
from services.netboot.identity.driver import Identities
from services.netboot.identity.serve import Asking
from services.netboot.loaders.serve import Loaders
from services.netboot.parts.serve import Parts
from services.netboot.probe import Installed
from services.netboot.scripts.serve import Scripts
from services.netboot.urls.asker import ANY, READ, Asker, Handler, Route, in_url, text
from services.netboot.words import clean

PHONE_HOME_BYTES = 16 << 10
PHONE_HOME_FIELDS = 20
TOLD_LETTERS = 2048
TOLD = ("toplevel", "kernel", "uptime", "failed", "hostname", "health", "identity", "ssh")
"""What a phone-home may say, beside the `log`; the rest is not kept."""

CURRENT = "current"
"""The one word of a later report: what the system was switched to."""

DISK_SECONDS = 3  # Retry-After while nothing can be written down
USER_TIMEOUT_MS = 60_000  # a machine that was switched off in a download is noticed after this
TCP_USER_TIMEOUT = 18


Compiled = tuple[tuple["re.Pattern[str]", tuple[str, ...], Handler], ...]


class Boot:
    """The URLs.

    `refresh` reads what other roles have just written; `admin` turns our address into the admin's
    URL; `certificate` is the local CA.
    """

    def __init__(
        self,
        world: World,
        recorder: Recorder,
        installed: Installed,
        refresh: Callable[[], None],
        certificate: Path | None,
        admin: Callable[[str], str],
        identities: Identities,
    ) -> None:
        self._world = world
        self._identities = identities
        self._recorder = recorder
        self._grants = Grants(recorder)
        self._certificate = certificate
        self._admin = admin
        cache = Cache(world).routes
        boots: tuple[Route, ...] = (
            *Loaders(installed, recorder).routes,
            *Scripts(world, recorder, self._grants, refresh).routes,
            *Parts(world, recorder, self._grants).routes,
            *Asking(world, recorder, self._grants, identities).routes,
            (r"/up/([0-9a-f-]{36})\.([A-Za-z0-9_-]{1,64})", ("POST",), self._phone_home),
        )
        others: tuple[Route, ...] = (
            *cache,
            (r"/ca\.crt", READ, self._ca),
            (r"/(?:n|s|b|id|up)(?:/.*)?", ANY, self._nothing_here),
            (r"/.*", READ, self._to_admin),
        )
        self._others, self._routes = _compiled(others), _compiled((*boots, *others))

    async def answer(self, link: str, request: web.BaseRequest) -> web.StreamResponse:
        """One request that came in on `link`."""
        path = re.sub(r"/{2,}", "/", request.path)
        for pattern, methods, handler in self._answered(link):
            match = pattern.fullmatch(path)
            if match is None:
                continue
            if methods is ANY or request.method in methods:
                return await self._handled(handler, self._asker(link, request), match)
            refused = text(405, f"Only {' and '.join(methods)} is answered here.")
            refused.headers["Allow"] = ", ".join(methods)
            return refused
        return text(400, "A path begins with a slash.")

    def _answered(self, link: str) -> Compiled:
        """Where only the binary cache is on, nothing boots."""
        known = self._world.networks.get(link)
        return self._routes if known is None or known.boots else self._others

    async def _handled(
        self, handler: Handler, asker: Asker, match: "re.Match[str]"
    ) -> web.StreamResponse:
        try:
            return await handler(asker, match)
        except Broken as broken:  # written down already; the rest of the response has no reader
            if asker.request.transport is not None:
                asker.request.transport.abort()
            return broken.sent.response
        except sqlite3.OperationalError:  # a full disk: machines wait and ask again
            why = "The router cannot write to its disk now. Ask again."
            return text(503, why, retry_seconds=DISK_SECONDS)

    def _asker(self, link: str, request: web.BaseRequest) -> Asker:
        transport = request.transport
        asked = transport.get_extra_info("sockname")[0] if transport else ""
        peer = transport.get_extra_info("peername")[0] if transport else ""
        known = self._world.networks.get(link)
        network = known.name if known else link
        ours = in_url(asked, known.address.ip if known else None)
        nobody = request.path.startswith(PATH)  # the cache does not ask who it is
        mac = None if nobody else self._world.mac_of(network, peer)
        return Asker(request, network, ours, peer, mac)

    async def _phone_home(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        body = await _body(asker.request)
        if body is None:
            return text(413, f"A phone-home has at most {PHONE_HOME_BYTES} bytes.")
        try:
            fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=PHONE_HOME_FIELDS)
        except ValueError:
            return text(400, f"A phone-home has at most {PHONE_HOME_FIELDS} fields.")
        told = {name: clean(fields[name][0], TOLD_LETTERS) for name in TOLD if name in fields}
        if "log" in fields:
            told["log"] = last_lines(fields["log"][0])
        if CURRENT in fields:
            runs = clean(fields[CURRENT][0], 512)
            status, sentence = self._grants.reported(match[1], match[2], runs)
        else:
            self._who(match[1], match[2], told)
            status, sentence = self._grants.phone_home(match[1], match[2], told)
        if status == 404:
            self._grants.complain(asker.network, asker.address, f"/up/{match[1]}")
        return text(status, sentence)

    def _who(self, boot: str, secret: str, told: Mapping[str, str]) -> None:
        """Compare the key that a machine says it has with the one that it is known by."""
        attempt = self._recorder.found(boot) if self._grants.fits(boot, secret) else None
        who = self._world.table.machine(attempt.network, attempt.mac) if attempt else None
        if attempt is not None and who is not None:
            self._identities.told(who, attempt.mac, told)

    async def _ca(self, asker: Asker, _match: "re.Match[str]") -> web.StreamResponse:
        if self._certificate is None or not self._certificate.is_file():
            return text(404, "This router has no certificate authority of its own.")
        content = self._certificate.read_bytes()
        served = Served((Literal(content),), type_of("ca.crt"))
        return (await send(asker.request, served)).response

    async def _nothing_here(self, _asker: Asker, _match: "re.Match[str]") -> web.StreamResponse:
        return text(404, "There is nothing to boot at this address.")

    async def _to_admin(self, asker: Asker, _match: "re.Match[str]") -> web.StreamResponse:
        there = self._admin(asker.ours)
        return web.Response(
            status=302, text=f"The admin is at {there}\n", headers={"Location": there}
        )


def _compiled(routes: tuple[Route, ...]) -> Compiled:
    return tuple((re.compile(path), methods, who) for path, methods, who in routes)


async def _body(request: web.BaseRequest) -> bytes | None:
    """What was posted; None when it is larger than a phone-home, of which no more is read."""
    if (request.content_length or 0) > PHONE_HOME_BYTES:
        return None
    body = b""
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > PHONE_HOME_BYTES:
            return None
    return body


class Sites:
    """The HTTP servers of all links."""

    def __init__(self, boot: Boot) -> None:
        self._boot = boot
        self._servers: list[tuple[web.Server, asyncio.Server]] = []

    async def open(self, sockets: Mapping[str, socket.socket]) -> None:
        """Answer on these listening sockets, named by their link."""
        loop = asyncio.get_running_loop()
        for link, listener in sockets.items():
            listener.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
            protocol = web.Server(
                partial(self._boot.answer, link), access_log=None, keepalive_timeout=75.0
            )
            self._servers.append((protocol, await loop.create_server(protocol, sock=listener)))

    async def close(self) -> None:
        """Stop answering; downloads get a moment to end."""
        for protocol, server in self._servers:
            server.close()
            await protocol.shutdown(2.0)
        self._servers.clear()
