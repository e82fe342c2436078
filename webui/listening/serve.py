"""The door that lets browsers in: accepts, hands over to uvicorn's protocol, and waits for nobody.

uvicorn alone waits for ever for a first byte, counts who waits, and answers 503 to all beyond its
limit, so that a few hundred silent connections shut the admin.  Here a connection has a time for
its handshake, its head, its body and for taking the answer, and who is silent makes room.
"""

import asyncio
import itertools
import socket
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from webui.doorkeeper import Doorkeeper, Key
from webui.guard import HEADERS, LARGE, problem_body

PAUSE_SECONDS = 0.1  # before the next accept, when there was no descriptor left


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server allows.  Seconds; `head_bytes` for a request's line and headers."""

    handshake: float = 10.0
    head: float = 10.0  # from the connection, or the first byte, to the end of the headers
    body: float = 30.0  # from there to the end of the body; of a file, to its next piece
    taking: float = 30.0  # for an answer that does not fit into the socket
    head_bytes: int = 65_536
    per_address: int = 48
    together: int = 192


async def listen(
    config: uvicorn.Config, sockets: list[socket.socket], limits: Limits | None = None
) -> None:
    """Serve on listening sockets until cancelled, then let what runs end for a moment."""
    if not config.loaded:
        config.load()
    server = uvicorn.Server(config)
    server.lifespan, server.servers = config.lifespan_class(config), []
    entrance = _Entrance(server, limits or Limits())
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_keeping_the_date(server))
            for one in sockets:
                group.create_task(entrance.accepting(one, group))
    finally:
        await server.shutdown(sockets)


async def _keeping_the_date(server: uvicorn.Server) -> None:
    while True:
        await server.on_tick(0)  # the Date header
        await asyncio.sleep(1.0)


class _Entrance:
    """The connections of one server."""

    def __init__(self, server: uvicorn.Server, limits: Limits) -> None:
        self.server = server
        self.limits = limits
        self.keeper = Doorkeeper(per_address=limits.per_address, together=limits.together)
        self._keys = itertools.count(1)
        self._inside: dict[Key, socket.socket] = {}

    async def accepting(self, listening: socket.socket, group: asyncio.TaskGroup) -> None:
        """Take connections until cancelled."""
        loop = asyncio.get_running_loop()
        listening.setblocking(False)
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError:  # it has gone already, or no descriptor is left
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            place = address[0] if isinstance(address, tuple) else ""
            group.create_task(self._let_in(connection, place))

    async def _let_in(self, connection: socket.socket, place: str) -> None:
        loop, key = asyncio.get_running_loop(), next(self._keys)
        goes = self.keeper.enters(key, place, loop.time())
        if goes == key:
            connection.close()
            return
        if goes is not None:
            self._turn_out(goes)
        self._inside[key] = connection
        context = self.server.config.ssl
        try:
            await loop.connect_accepted_socket(
                lambda: _Visitor(self, key),
                connection,
                ssl=context,
                ssl_handshake_timeout=self.limits.handshake if context else None,
                ssl_shutdown_timeout=self.limits.handshake if context else None,
            )
        except OSError:  # no handshake, or not in time
            connection.close()
            self.left(key)

    def left(self, key: Key) -> None:
        """A connection has ended."""
        self._inside.pop(key, None)
        self.keeper.leaves(key)

    def _turn_out(self, key: Key) -> None:
        """Hang up; its protocol hears of it from the loop."""
        connection = self._inside.pop(key, None)
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Visitor(HttpToolsProtocol):
    """One connection; at any moment one deadline at most."""

    def __init__(self, entrance: _Entrance, key: Key) -> None:
        server = entrance.server
        super().__init__(server.config, server.server_state, {})
        self._entrance = entrance
        self._limits = entrance.limits
        self._key = key
        self._asking = False  # between a request's first byte and its last
        self._head_bytes: int | None = 0  # of a head that is not whole yet
        self._deadline: asyncio.TimerHandle | None = None
        self._slow: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.client, self.server = _ends(transport) or (self.client, self.server)
        self._within(self._limits.head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        self._within(None)
        self.resume_writing()
        self._entrance.left(self._key)

    def data_received(self, data: bytes) -> None:
        """A piece of a request."""
        if not self._asking:
            self._asking, self._head_bytes = True, 0
            self._within(self._limits.head)
        super().data_received(data)
        if self._asking and self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > self._limits.head_bytes:
                self._refuse(431, "The headers of this request are too long. Send fewer.")

    def on_headers_complete(self) -> None:
        """The request is there but for its body."""
        super().on_headers_complete()
        self._head_bytes = None
        self._entrance.keeper.works(self._key)
        self._within(self._limits.body)

    def on_body(self, body: bytes) -> None:
        """A piece of the body; one that is large may take its time, as long as it comes."""
        super().on_body(body)
        if self.scope["path"] in LARGE:
            self._within(self._limits.body)

    def on_message_complete(self) -> None:
        """The request is there."""
        super().on_message_complete()
        self._asking = False
        self._within(None)

    def on_response_complete(self) -> None:
        """It was answered."""
        super().on_response_complete()
        self._entrance.keeper.waits(self._key, self.loop.time())

    def pause_writing(self) -> None:
        """The other side does not take its answer."""
        super().pause_writing()
        self._slow = self.loop.call_later(self._limits.taking, self.transport.abort)

    def resume_writing(self) -> None:
        """It takes it again."""
        super().resume_writing()
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def send_400_response(self, msg: str) -> None:
        """Not HTTP."""
        del msg
        self._refuse(400, "This is not a request of HTTP/1.1.")

    def _within(self, seconds: float | None) -> None:
        """Set the deadline anew; None: there is none."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        if self._asking:
            self._refuse(408, "The rest of this request did not come in time. Send it again.")
        else:
            self.transport.close()

    def _refuse(self, status: int, what: str) -> None:
        """Answer below the application, in the API's shape, and hang up."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            body = problem_body(what)
            headers = {
                **HEADERS,
                b"content-type": b"application/json",
                b"content-length": str(len(body)).encode(),
                b"connection": b"close",
            }
            lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
            lines += [b"%s: %s" % pair for pair in headers.items()]
            self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.transport.close()


def _ends(transport: asyncio.Transport) -> tuple[tuple[str, int], tuple[str, int]] | None:
    """Who asks and where, when both are link-local: with the link that they mean (RFC 4007 §11)."""
    connection = transport.get_extra_info("socket")
    if connection is None or connection.family != socket.AF_INET6:
        return None
    with suppress(OSError):
        peer, own = connection.getpeername(), connection.getsockname()
        if own[3]:
            link = socket.if_indextoname(own[3])
            return (f"{peer[0]}%{link}", peer[1]), (f"{own[0]}%{link}", own[1])
    return None
