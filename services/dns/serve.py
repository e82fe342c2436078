"""The dns role: drain, ask the core, send.  Its sockets are opened by the supervisor, one pair per
link (`dns-udp.<link>`, `dns-tcp.<link>`); its slice comes from net.db, its names from leases.db.

Both files may be missing or go away: the last slice and the last names go on.  The slice is kept in
dns.db as well, for a restart without net.db.
"""

import asyncio
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from appliance.model.slices import DnsSlice
from appliance.signs import NO_SIGNS, Signs
from appliance.store import leases, slices
from appliance.store.follow import INTERVAL_SECONDS, Follower
from appliance.store.open import now, writer
from services.dns.answer import Answer, Ask, answer, failed, from_reply, keepable
from services.dns.cache import Answers, Cache
from services.dns.client import Client
from services.dns.wire import Query, Reply
from services.dns.zone import Zone, names, network_of

DRAIN = 64
"""Datagrams taken in one turn, so that the other links get theirs."""
MOST_CLIENTS = 4_096
"""Client addresses remembered per link as belonging to its network."""
TCP_IDLE_SECONDS = 10.0
MOST_TCP = 64
REFRESH_SECONDS = 30.0
"""A lease that ran out without anybody writing is forgotten by then."""
RECEIVE_BUFFER = 1 << 20


class Face:
    """One link: its UDP socket, its network, and the answers given there lately."""

    def __init__(self, link: str, udp: socket.socket | None) -> None:
        self.link, self.udp = link, udp
        self.name: str | None = None
        self.subnets: tuple[IPv4Network, ...] = ()
        self.answers = Answers()
        self.clients: set[str] = set()

    def belong(self, name: str | None, subnets: tuple[IPv4Network, ...]) -> None:
        """The link's network now, None when it has none any more; with the subnets it had before,
        while somebody is still there."""
        if (self.name, self.subnets) != (name, subnets):
            self.name, self.subnets = name, subnets
            self.clients.clear()
        self.answers.clear()

    def knows(self, client: str) -> bool:
        """Is this a client of our network?  Others get a refusal: we are no open resolver."""
        if client in self.clients:
            return True
        address = IPv4Address(client)
        if not any(address in subnet for subnet in self.subnets):
            return False
        if len(self.clients) >= MOST_CLIENTS:
            self.clients.clear()
        self.clients.add(client)
        return True


async def serve(sockets: Mapping[str, socket.socket], state: Path, signs: Signs = NO_SIGNS) -> None:
    """Answer on every `dns-udp.<link>` and `dns-tcp.<link>` until cancelled.

    Raises Unreachable when dns.db was written by a newer Nixie.
    """
    server = Server(asyncio.get_running_loop().time)
    known = Known(state)
    faces = {
        link: Face(link, sockets.get(f"dns-udp.{link}"))
        for link in dict.fromkeys(name.split(".", 1)[1] for name in sockets)
    }
    listeners = []
    try:
        for face in faces.values():
            server.listen(face)
        known.bring_to(server)  # before the loop turns: nobody is refused for want of a slice
        for link, face in faces.items():
            if tcp := sockets.get(f"dns-tcp.{link}"):
                listeners.append(await asyncio.start_server(server.stream(face), sock=tcp))
        signs.ready()
        await known.follow(server, signs.beat)
    finally:
        for listener in listeners:
            listener.close()
        server.close()
        known.close()


class Known:
    """What dns reads of other roles' files, and the last of it in its own."""

    def __init__(self, state: Path) -> None:
        self._own = writer(state / "dns.db", slices.MIGRATIONS)
        self._net, self._held = Follower(state / "net.db"), Follower(state / "leases.db")

    def bring_to(self, server: "Server") -> None:
        """Read what can be read; what cannot stays as it was, or as it was before a restart."""
        slice_, found = server.slice, server.leases
        if (published := slices.published(self._net)) is not None:
            slice_ = published.dns
            if slice_ != server.slice:
                slices.keep(self._own, published)
        elif slice_ is None and (kept := slices.last(self._own)) is not None:
            slice_ = kept.dns
        if slice_ is None:
            return
        with suppress(sqlite3.Error):
            if self._held.connection:
                found = leases.named(self._held.connection, dict(slice_.machines), now())
        server.take(slice_, found)

    async def follow(self, server: "Server", beat: Callable[[], None]) -> None:
        """Bring slice and names in as they change, and now and then: leases run out unsaid."""
        clock = asyncio.get_running_loop().time
        looked_at = clock()
        while True:
            beat()
            fresh = [one.changed() for one in (self._net, self._held)]
            if any(fresh) or clock() - looked_at >= REFRESH_SECONDS:
                looked_at = clock()
                self.bring_to(server)
            await asyncio.sleep(INTERVAL_SECONDS)

    def close(self) -> None:
        """Let go of the files."""
        for follower in (self._net, self._held):
            follower.close()
        self._own.close()


class Server:
    """All faces, one cache, one upstream."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._cache = Cache()
        self._faces: list[Face] = []
        self._zone: Zone | None = None
        self._client: Client | None = None
        self._streams = 0
        self.slice: DnsSlice | None = None
        self.leases: list[leases.LeaseRow] = []

    def take(self, slice_: DnsSlice, found: list[leases.LeaseRow]) -> None:
        """From now on these names and this upstream; nothing is forgotten when nothing differs."""
        fresh = names(slice_, found)
        if slice_ == self.slice and self._zone and fresh == self._zone.names:
            return
        if self.slice is None or slice_.upstreams != self.slice.upstreams:
            self._forward_to(slice_.upstreams)
        self.slice, self.leases, self._zone = slice_, found, Zone(slice_, fresh)
        for face in self._faces:
            network = network_of(slice_, face.link)
            ours = (network.address, *network.stays) if network else ()
            face.belong(network.name if network else None, tuple(one.network for one in ours))

    def listen(self, face: Face) -> None:
        """Answer on a face's UDP socket, and remember the face for its streams."""
        self._faces.append(face)
        if face.udp:
            face.udp.setblocking(False)
            face.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            self._loop.add_reader(face.udp, self._readable, face, face.udp)

    def close(self) -> None:
        """Stop answering; the sockets belong to the supervisor."""
        for face in self._faces:
            if face.udp:
                self._loop.remove_reader(face.udp)
        if self._client:
            self._client.close()

    def _forward_to(self, upstreams: tuple[IPv4Address, ...]) -> None:
        if self._client:
            self._client.close()
        self._cache.clear()
        self._client = Client(upstreams[0]) if upstreams else None

    def _readable(self, face: Face, udp: socket.socket) -> None:
        receive, get, clients = udp.recvfrom, face.answers.get, face.clients
        moment = self._clock()
        for _ in range(DRAIN):
            try:
                message, client = receive(4_096)
            except OSError:
                return
            if client[0] in clients and (known := get(message, moment)):
                self._send(udp, known, client)
            else:
                self._slowly(face, udp, message, client, moment)

    def _slowly(
        self,
        face: Face,
        udp: socket.socket,
        message: bytes,
        client: tuple[str, int],
        moment: float,
    ) -> None:
        network = face.name if face.knows(client[0]) else None
        said = answer(message, network=network, zone=self._zone, cache=self._cache, now=moment)
        if isinstance(said, Ask):
            query = said.query

            def landed(reply: Reply | None) -> None:
                self._give(face, udp, message, client, self._from(query, reply))

            self._ask(query, landed)
        elif isinstance(said, Answer):
            self._give(face, udp, message, client, said)

    def _give(
        self,
        face: Face,
        udp: socket.socket,
        message: bytes,
        client: tuple[str, int],
        said: Answer,
    ) -> None:
        if said.ends:
            face.answers.put(message, said.message, said.ttls, said.born, said.ends)
        self._send(udp, said.message, client)

    def _send(self, udp: socket.socket, message: bytes, client: tuple[str, int]) -> None:
        with suppress(OSError):  # the queue is full, or the link went away: the client asks again
            udp.sendto(message, client)

    def _ask(self, query: Query, landed: Callable[[Reply | None], None]) -> None:
        if self._client:
            self._client.ask(query, landed)
        else:
            landed(None)

    def _from(self, query: Query, reply: Reply | None, *, tcp: bool = False) -> Answer:
        """The answer for one of those who waited; the reply is kept for the others."""
        moment = self._clock()
        reply = reply or failed(query)
        seconds = keepable(reply)
        if self._cache.found(query.key, moment) is None:
            self._cache.put(query.key, reply, moment, seconds)
        return from_reply(query, reply, moment, born=moment, ends=moment + seconds, tcp=tcp)

    def stream(
        self, face: Face
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        """The service of one TCP connection on `face` (RFC 7766)."""

        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._streams += 1
            try:
                if self._streams <= MOST_TCP:
                    await self._questions(face, reader, writer)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                pass
            finally:
                self._streams -= 1
                writer.close()

        return served

    async def _questions(
        self, face: Face, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        client = writer.get_extra_info("peername")[0]
        while True:
            async with asyncio.timeout(TCP_IDLE_SECONDS):
                message = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
            said = await self._answered(face, message, client)
            if said is None:
                return
            async with asyncio.timeout(TCP_IDLE_SECONDS):
                writer.write(len(said).to_bytes(2) + said)
                await writer.drain()

    async def _answered(self, face: Face, message: bytes, client: str) -> bytes | None:
        said = answer(
            message,
            network=face.name if face.knows(client) else None,
            zone=self._zone,
            cache=self._cache,
            now=self._clock(),
            tcp=True,
        )
        if isinstance(said, Ask):
            said = self._from(said.query, await self._awaited(said.query), tcp=True)
        return said.message if isinstance(said, Answer) else None

    async def _awaited(self, query: Query) -> Reply | None:
        """The upstream's reply for one who waits in a coroutine."""
        reply: asyncio.Future[Reply | None] = self._loop.create_future()

        def landed(found: Reply | None) -> None:
            if not reply.done():
                reply.set_result(found)

        self._ask(query, landed)
        return await reply
