"""DOOR: boot HTTP on the passed-in port-80 sockets, one per link.

Who asks is told by the link (which network) and the lease (which MAC).  Every answer has a body,
`//` is one slash, boot paths never redirect.  What is neither a boot path nor the CA certificate is
sent to the admin.
"""

import asyncio
import re
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

from aiohttp import web

from appliance.model.images import Literal, Part, StoreFile
from appliance.model.names import mac_from
from appliance.store.boots import TokenRow
from services.netboot.attempt import Attempt, Step
from services.netboot.choice import Decision, Hold, decide, pick
from services.netboot.download.serve import Broken, Sent, send
from services.netboot.driver import Recorder
from services.netboot.files import Served, served_part, served_text, type_of
from services.netboot.follow import World
from services.netboot.probe import Installed
from services.netboot.script import Urls, autoexec
from services.netboot.session import answer, checked, chosen, part_of
from services.netboot.tokens import TOKEN, opens_for
from services.netboot.words import clean, said

POLL_SECONDS = 3  # Retry-After of a held machine; iPXE's connection lives for ten seconds
POLLS_PER_SCREEN = 200  # then the waiting script is sent afresh, with its code
PHONE_HOME_BYTES = 16 << 10
USER_TIMEOUT_MS = 60_000  # a machine that was switched off in a download is noticed after this
TCP_USER_TIMEOUT = 18

READ = ("GET", "HEAD")
ANY: tuple[str, ...] = ()

Handler = Callable[["Asker", "re.Match[str]"], Awaitable[web.StreamResponse]]


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
    ) -> None:
        self._world = world
        self._recorder = recorder
        self._installed = installed
        self._refresh = refresh
        self._certificate = certificate
        self._admin = admin
        self._routes: tuple[tuple[re.Pattern[str], tuple[str, ...], Handler], ...] = tuple(
            (re.compile(pattern), methods, handler)
            for pattern, methods, handler in (
                (r"/(?:n/(?:bios|x64|ia32|arm64)/)?autoexec\.ipxe", READ, self._autoexec),
                (r"/n/([a-z0-9]+/[A-Za-z0-9._-]+)", READ, self._loader),
                (r"/s/([0-9A-Fa-f:-]{12,17})", READ, self._script),
                (r"/b/([^/]+)/pick/([A-Za-z0-9-]+)", ("GET",), self._pick),
                (r"/b/([^/]+)/err", ("GET",), self._error),
                (r"/b/([^/]+)/([0-9a-f]{64})/([^/]+)", READ, self._part),
                (r"/up/([0-9a-f-]{36})\.([A-Za-z0-9_-]{1,64})", ("POST",), self._phone_home),
                (r"/ca\.crt", READ, self._ca),
                (r"/(?:n|s|b|up)(?:/.*)?", ANY, self._nothing_here),
                (r"/.*", READ, self._to_admin),
            )
        )

    async def answer(self, link: str, request: web.BaseRequest) -> web.StreamResponse:
        """One request that came in on `link`."""
        asker = self._asker(link, request)
        path = re.sub(r"/{2,}", "/", request.path)
        for pattern, methods, handler in self._routes:
            match = pattern.fullmatch(path)
            if match and (request.method in methods or methods is ANY):
                return await self._handled(handler, asker, match)
        return web.Response(status=405, text="Only GET and HEAD are answered here.\n")

    async def _handled(
        self, handler: Handler, asker: Asker, match: "re.Match[str]"
    ) -> web.StreamResponse:
        try:
            return await handler(asker, match)
        except Broken as broken:  # written down already; the rest of the response has no reader
            if asker.request.transport is not None:
                asker.request.transport.abort()
            return broken.sent.response

    def _asker(self, link: str, request: web.BaseRequest) -> Asker:
        transport = request.transport
        ours = transport.get_extra_info("sockname")[0] if transport else ""
        peer = transport.get_extra_info("peername")[0] if transport else ""
        known = self._world.networks.get(link)
        network = known.name if known else link
        return Asker(request, network, ours, peer, self._world.mac_of(network, peer))

    # ── loaders ──────────────────────────────────────────────────────────────────────────────────

    async def _autoexec(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        served = served_text(autoexec(asker.base, asker.mac))
        return await self._sent(asker, served, match[0].lstrip("/").removeprefix("n/"), "autoexec")

    async def _loader(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        name = match[1]
        path = self._installed.files.get(name)
        if path is None or not path.is_file():
            self._saw(asker, Step(0, "loader", name, *_moment(), 0, 0, "missing"))
            return _text(404, f"There is no loader {clean(name)} here.")
        kept = path.stat()
        segments = (StoreFile(str(path), kept.st_size),)
        return await self._sent(
            asker, Served(segments, type_of(name), kept.st_mtime), name, "loader"
        )

    async def _sent(self, asker: Asker, served: Served, name: str, kind: str) -> web.StreamResponse:
        began = time.time()
        try:
            sent = await send(asker.request, served)
        except Broken as broken:
            self._saw_file(asker, kind, name, began, broken.sent, served.size)
            raise
        self._saw_file(asker, kind, name, began, sent, served.size)
        return sent.response

    def _saw_file(
        self, asker: Asker, kind: str, name: str, began: float, sent: Sent, size: int
    ) -> None:
        if asker.request.method == "HEAD":
            detail = {"over": "http", "probe": True}
        else:
            detail = {"over": "http"}
        status = "ok" if sent.whole or asker.request.method == "HEAD" else "aborted"
        step = Step(0, kind, name, began, time.time(), sent.bytes, size, status, detail)
        self._saw(asker, step)

    def _saw(self, asker: Asker, step: Step) -> None:
        if asker.mac is not None:
            self._recorder.fetched(asker.network, asker.mac, step)

    # ── the script of this boot ──────────────────────────────────────────────────────────────────

    async def _script(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        try:
            mac = mac_from(match[1])
        except ValueError as error:
            return _text(404, str(error))
        if asker.mac is not None and asker.mac != mac:
            self._recorder.unknown_token(asker.network, asker.address, match[0])
            return _text(403, "This address belongs to another machine.")
        if asker.request.method == "HEAD":
            return _text(200, "")
        self._refresh()
        query = asker.request.query
        decision = decide(self._world.table, asker.network, mac, self._world.image)
        if isinstance(decision, Hold):
            waiting = self._waiting(asker, mac) if "hold" in query else None
            if waiting is not None:
                return waiting
        else:
            self._recorder.released(asker.network, mac)
        return self._told(asker, mac, checked(decision), said(dict(query)))

    def _waiting(self, asker: Asker, mac: str) -> web.Response | None:
        """503 while nothing is assigned; None when the screen should be drawn again."""
        attempt = self._recorder.attempts.current(asker.network, mac)
        if attempt is None or attempt.state != "held":
            return None
        self._recorder.held_code(asker.network, mac, {})
        self._recorder.waited(attempt)
        if (attempt.steps[-1].bytes or 0) % POLLS_PER_SCREEN == 0:
            return None
        answered = _text(503, "Nothing is assigned to this machine yet.")
        answered.headers["Retry-After"] = str(POLL_SECONDS)
        return answered

    def _told(
        self, asker: Asker, mac: str, decision: Decision, facts: dict[str, str]
    ) -> web.Response:
        """Record the decision, make the token, answer with the script."""
        record = chosen(decision, self._world.table, asker.network, mac)
        attempt = self._recorder.scripted(asker.network, mac, record, facts)
        return self._scripted(asker, attempt, decision)

    def _scripted(self, asker: Asker, attempt: Attempt, decision: Decision) -> web.Response:
        code = ""
        if isinstance(decision, Hold):
            code = self._recorder.held_code(asker.network, attempt.mac, attempt.facts)
            attempt.facts["code"] = code
        row, secret = self._recorder.token_for(attempt, asker.address)
        urls = Urls(asker.base, attempt.mac, row.token)
        phone_home = f"{asker.base}/up/{attempt.id}.{secret}"
        told = answer(decision, urls, phone_home=phone_home, code=code)
        self._recorder.keep_token(replace(row, images=told.images, menu=told.menu))
        return _text(200, told.text)

    # ── below a token ────────────────────────────────────────────────────────────────────────────

    async def _part(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        row = self._opened(asker, match[1])
        if row is None:
            return _unknown()
        part, built_at = part_of(self._world.image, row.images, match[2])
        attempt = self._recorder.attempts.by_id(row.boot)
        if part is None or part.name != match[3]:
            return self._gone(attempt, match[3])
        served = served_part(part, built_at)
        if asker.request.method == "HEAD" or attempt is None:
            return await self._unrecorded(asker, served, match[3])
        return await self._recorded(asker, attempt, part, served)

    async def _unrecorded(self, asker: Asker, served: Served, name: str) -> web.StreamResponse:
        try:
            return (await send(asker.request, served)).response
        except OSError as error:
            if isinstance(error, ConnectionError):
                raise
            return self._gone(None, name)

    async def _recorded(
        self, asker: Asker, attempt: Attempt, part: Part, served: Served
    ) -> web.StreamResponse:
        step = self._recorder.part_began(attempt, part.name, part.size)

        def progress(sent: int) -> None:
            step.bytes = sent
            attempt.touch(step)
            self._recorder.touched(attempt)

        sent: Sent | None = None
        try:
            sent = await send(asker.request, served, progress)
        except Broken as broken:
            sent = broken.sent
            raise
        except OSError:
            step.status = "missing"
            return _text(410, f"{part.name} is not there any more. Build it again.")
        finally:
            if sent is not None:
                step.bytes, step.status = sent.bytes, "ok" if sent.whole else "aborted"
                if sent.response.status == 416:
                    step.status = "refused"
                step.total = sent.stop - sent.start
                if step.total != part.size:
                    step.detail["range"] = [sent.start, sent.stop]
            self._recorder.part_ended(attempt, step, part)
        return sent.response

    async def _pick(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        row = self._opened(asker, match[1])
        if row is None:
            return _unknown()
        table, images = self._world.table, self._world.image
        decision = pick(table, row.network, row.mac, match[2], images, frozenset(row.menu))
        decision = checked(decision)
        attempt = self._recorder.attempts.by_id(row.boot)
        record = chosen(decision, table, row.network, row.mac)
        if attempt is None:
            attempt = self._recorder.scripted(row.network, row.mac, record, {})
        else:
            self._recorder.picked(attempt, match[2], record)
        return self._scripted(asker, attempt, decision)

    async def _error(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        row = self._opened(asker, match[1])
        if row is None:
            return _unknown()
        query = asker.request.query
        attempt = self._recorder.attempts.by_id(row.boot)
        if attempt is not None:
            what, errno = clean(query.get("at", ""), 32), clean(query.get("errno", ""), 32)
            self._recorder.reported(attempt, what or "something", errno)
        return _text(200, "Noted.")

    async def _phone_home(self, asker: Asker, match: "re.Match[str]") -> web.StreamResponse:
        body = (await asker.request.read())[:PHONE_HOME_BYTES]
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
        told: dict[str, str] = {
            name: clean(fields[name][0], 512)
            for name in ("toplevel", "kernel", "uptime", "failed", "hostname")
            if name in fields
        }
        status, sentence = self._recorder.phone_home(match[1], match[2], told)
        if status == 404:
            path = f"/up/{match[1]}"
            self._recorder.unknown_token(asker.network, asker.address, path)
        return _text(status, sentence)

    def _opened(self, asker: Asker, token: str) -> TokenRow | None:
        row = self._recorder.token(token) if TOKEN.fullmatch(token) else None
        if row is None or not opens_for(row, asker.network, asker.address, asker.mac, time.time()):
            self._recorder.unknown_token(asker.network, asker.address, asker.request.path[:200])
            return None
        return row

    def _gone(self, attempt: Attempt | None, name: str) -> web.Response:
        if attempt is not None:
            self._recorder.missed(attempt, name)
        return _text(410, f"{clean(name)} is not there any more. Build it again.")

    # ── the rest ─────────────────────────────────────────────────────────────────────────────────

    async def _ca(self, asker: Asker, _match: "re.Match[str]") -> web.StreamResponse:
        if self._certificate is None or not self._certificate.is_file():
            return _text(404, "This router has no certificate authority of its own.")
        content = self._certificate.read_bytes()
        served = Served((Literal(content),), type_of("ca.crt"))
        return (await send(asker.request, served)).response

    async def _nothing_here(self, _asker: Asker, _match: "re.Match[str]") -> web.StreamResponse:
        return _text(404, "There is nothing to boot at this address.")

    async def _to_admin(self, asker: Asker, _match: "re.Match[str]") -> web.StreamResponse:
        there = self._admin(asker.ours)
        return web.Response(
            status=302, text=f"The admin is at {there}\n", headers={"Location": there}
        )


def _text(status: int, text: str) -> web.Response:
    body = text if text.endswith("\n") or not text else text + "\n"
    return web.Response(status=status, text=body, content_type="text/plain", charset="utf-8")


def _unknown() -> web.Response:
    return _text(404, "Nobody gave out this address, or it was too long ago. Boot again.")


def _moment() -> tuple[float, float]:
    at = time.time()
    return at, at


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
