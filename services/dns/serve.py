"""The dns role: drain, ask the core, send.  Its sockets are opened by the supervisor, one pair per
link (`dns-udp.<link>`, `dns-tcp.<link>`), and another (`dns-udp6`, `dns-tcp6`) where it has IPv6;
what it knows of the rest comes by `follow.py`.
"""

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import dnslib

from appliance.model.dns import Dns
from appliance.model.slices import DnsNetwork, DnsSlice
from appliance.roles import RECALL
from appliance.signs import NO_SIGNS, Signs
from appliance.store.leases import LeaseRow
from appliance.store.open import now
from appliance.store.verified import NOBODY, Verified
from services.dns import foreign
from services.dns.answer import Answer, Silence, Why, answer
from services.dns.asking.driver import Ways
from services.dns.blocked import Blocked
from services.dns.cache import Cache
from services.dns.counts import Counts
from services.dns.face import LINK_LOCAL, Face, Subnet, face_of
from services.dns.follow import Known
from services.dns.foreign import EVERYWHERE, LINK
from services.dns.labels import name_in_bytes
from services.dns.landing import Landing
from services.dns.leaving.driver import Leaving
from services.dns.looked import question, sentence
from services.dns.questions import Questions, none_known
from services.dns.reply import Reply
from services.dns.streams import Streams
from services.dns.wire import LONGEST, Query
from services.dns.zone import Zone, names, network_of
from services.recall.serve import listening as remembering

UDP, TCP = ("dns-udp", "dns-udp6"), ("dns-tcp", "dns-tcp6")
DRAIN = 64
"""Datagrams taken in one turn, so that the other links get theirs."""
TCP_IDLE_SECONDS = 10.0
PATIENCE_SECONDS = 1.8
"""How long a client waits for the upstreams when there is an old answer (RFC 8767 §5)."""
LONGEST_QUESTION = 4_096
RECEIVE_BUFFER = 1 << 20
GARBAGE = 20_000
"""New objects between two looks for garbage; Python's own 700 cost a third of a question."""


async def serve(sockets: Mapping[str, socket.socket], state: Path, signs: Signs = NO_SIGNS) -> None:
    """Answer on every `dns-udp.<link>` and `dns-tcp.<link>`, and at RECALL, until cancelled.

    Raises Unreachable when dns.db was written by a newer Nixie.
    """
    server = Server(asyncio.get_running_loop().time)
    known = Known(state, server)
    links = dict.fromkeys(name.split(".", 1)[1] for name in sockets if name != RECALL)
    faces = {link: Face(link) for link in links}
    listeners: list[asyncio.AbstractServer] = []
    try:
        for face in faces.values():
            server.listen(face, [sockets.get(f"{kind}.{face.link}") for kind in UDP])
        known.bring()  # before the loop turns: nobody is refused for want of a slice
        for link, face in faces.items():
            for kind in TCP:
                if tcp := sockets.get(f"{kind}.{link}"):
                    listeners.append(await asyncio.start_server(server.stream(face), sock=tcp))
        if ear := sockets.get(RECALL):
            listeners.append(await remembering(ear, server.questions.told, server.questions.grown))
        signs.ready()
        _know_the_garbage()
        await known.follow(signs.beat)
    finally:
        for listener in listeners:
            listener.close()
        server.close()
        known.close()


def _know_the_garbage() -> None:
    """The cache is none, and answering leaves none in circles: look for it seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)


Asker = tuple[socket.socket, tuple[str, int], bytes] | asyncio.Future[Answer]
"""Who is told: a client, by the socket that heard it and its message; or one who waits here."""
Asking = tuple[Query, Asker]
"""What an upstream is asked, and for whom."""


class Server:
    """All faces, one cache, and the ways to the upstreams."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._cache = Cache()
        self._faces: list[Face] = []
        self._heard: list[socket.socket] = []
        self._leaving = Leaving(_send)
        self._zone: Zone | None = None
        self._ways = Ways(Dns(), self._landed)
        self._streams = Streams()
        self._blocked: Blocked | None = None
        self._exempt: frozenset[str] = frozenset()
        self._reached: frozenset[bytes] = frozenset()
        self._foreign: set[socket.socket] = set()  # foreign code asks there
        self.questions = Questions(now)
        self.counts = Counts()
        self._landing = Landing(self._cache, self.counts, self._ways.may_be_private)
        self.slice: DnsSlice | None = None
        self.leases: list[LeaseRow] = []

    def take(self, slice_: DnsSlice, found: list[LeaseRow], answered: Verified = NOBODY) -> None:
        """From now on these names and these ways; nothing is forgotten when nothing differs."""
        fresh = names(slice_, found, answered)
        if slice_ == self.slice and self._zone and fresh == self._zone.names:
            return
        if self.slice is None or _ways_of(slice_.settings) != _ways_of(self.slice.settings):
            self._ways.close()
            self._cache.clear()
            self._ways = Ways(slice_.settings, self._landed)
            self._landing = Landing(self._cache, self.counts, self._ways.may_be_private)
        self.slice, self.leases, self._zone = slice_, found, Zone(slice_, fresh)
        self._reached = frozenset(map(name_in_bytes, slice_.reached))
        for face in self._faces:
            if face.foreign:
                face.belong(LINK, EVERYWHERE, slice_.settings.queries_per_second)
                continue
            network = network_of(slice_, face.link)
            face.belong(
                network.name if network else None,
                _subnets(network) if network else (),
                slice_.settings.queries_per_second,
                filtered=network.filtered if network else True,
            )

    def block(self, blocked: Blocked | None) -> None:
        """From now on these names are not answered; None while blocking pauses."""
        self._blocked = blocked
        for face in self._faces:
            face.answers.clear()

    def exempt(self, clients: frozenset[str]) -> None:
        """The addresses of those for whom nothing is blocked."""
        self._exempt = clients

    def standing(self) -> dict[str, Any]:
        """What happened since the start, and how each upstream does, for dns.db."""
        return {
            "counts": self.counts.shown(),
            "upstreams": [
                {
                    "address": str(upstream.address),
                    "tls_name": upstream.tls_name,
                    "well": health.well,
                    "asked": health.asked,
                    "answered": health.answered,
                    "seconds": health.seconds,
                }
                for group in self._ways.groups()
                for upstream, health in group.health()
            ],
        }

    async def look(self, name: str, record: str, client: str) -> str:
        """What `client` would be answered, and why, as a sentence; "" for nobody in particular."""
        kind, wire = int(getattr(dnslib.QTYPE, record)), name_in_bytes(name)
        face = face_of(client, self._at_home()) if client else None
        spared = client in self._exempt or (face is not None and not face.filtered)
        blocked = None if spared else self._blocked
        before = self.counts.forwarded
        said = self._looked(question(wire, kind), face, blocked)
        if isinstance(said, Answer) and said.blocked and blocked is not None:
            return sentence(name, record, "", b"", blocked.lists_with(wire))
        if isinstance(said, Query):
            said = await self._waited(said)
        asked = self.counts.forwarded > before
        how = "which an upstream said just now" if asked else "from what is known here"
        return sentence(name, record, how, said.message if isinstance(said, Answer) else b"")

    def _looked(
        self, message: bytes, face: Face | None, blocked: Blocked | None
    ) -> Answer | Query | Silence:
        some = face or next((one for one in self._at_home() if one.name), None)
        return answer(
            message,
            network=some.name if some else None,
            zone=self._zone,
            cache=self._cache,
            now=self._clock(),
            blocked=blocked,
            limit=LONGEST,
        )

    def _at_home(self) -> list[Face]:
        return [one for one in self._faces if not one.foreign]

    def listen(self, face: Face, sockets: Iterable[socket.socket | None]) -> None:
        """Answer on a face's UDP sockets, and remember the face for its streams."""
        self._faces.append(face)
        for udp in filter(None, sockets):
            self._heard.append(udp)
            if face.foreign:
                self._foreign.add(udp)
            udp.setblocking(False)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            self._loop.add_reader(udp, self._readable, face, udp)

    def close(self) -> None:
        """Stop answering; the sockets belong to the supervisor."""
        for udp in self._heard:
            self._loop.remove_reader(udp)
        self._ways.close()

    def _readable(self, face: Face, udp: socket.socket) -> None:
        moment, hits = self._clock(), 0
        if moment >= face.refill_at:
            face.refill(moment)
        get, budgets = face.answers.get, face.budgets
        if self.questions.on:  # who asks is put down on the long way only
            get = none_known
        came = _drained(udp)
        self.counts.asked += len(came)
        for message, client in came:
            left = budgets.get(client[0])
            if left:
                budgets[client[0]] = left - 1
                if known := get(message, moment):
                    hits += 1
                    _send([(udp, known, client)])
                    continue
            elif left is not None:
                self.counts.limited += 1
                continue
            self._slowly(face, udp, message, client, moment)
        self.counts.repeated += hits

    def _slowly(
        self,
        face: Face,
        udp: socket.socket,
        message: bytes,
        client: tuple[str, int],
        moment: float,
    ) -> None:
        said = self._decided(face, message, client[0], moment)
        if isinstance(said, Query):
            # of what had to be asked for nothing is remembered here: most names are asked once
            self._ask(said, moment, (udp, client, message))
        elif isinstance(said, Answer):
            if said.ends and client[0] not in self._exempt and not face.foreign:
                face.answers.put(message, said.message, said.ttls, said.born, said.ends)
            self._give((udp, client, message), said)

    def _give(self, asker: Asker, said: Answer) -> None:
        if not isinstance(asker, tuple):
            if not asker.done():
                asker.set_result(said)
            return
        udp, client, message = asker
        if self.questions.on:
            self.questions.put(client[0], message, said, self._blocked, self._ways)
        words = said.message
        if udp in self._foreign:
            words = foreign.told(message, words, self._reached, led_home=said.why is Why.PRIVATE)
        self._leaving.put((udp, words, client))

    def _decided(
        self, face: Face, message: bytes, client: str, moment: float, limit: int = 0
    ) -> Answer | Query | Silence:
        network = face.name if client in face.budgets or face.knows(client) else None
        blocked = None if client in self._exempt or not face.filtered else self._blocked
        said = answer(message, network, self._zone, self._cache, moment, blocked, limit)
        if isinstance(said, Answer) and said.blocked:
            self.counts.blocked += 1
        return said

    def _ask(self, query: Query, now: float, asker: Asker) -> None:
        """Put it to the upstreams; an old answer is given when that takes too long."""
        self.counts.forwarded += 1
        if self._cache.knows(query.key) and self._cache.has_stale(query.key, now):
            asker = self._in_time(query, asker)
        self._ways.ask(query, (query, asker), now)

    def _in_time(self, query: Query, asker: Asker) -> asyncio.Future[Answer]:
        """The first answer for who asked: an upstream's, or, when his patience ends, an old one."""
        first: asyncio.Future[Answer] = self._loop.create_future()
        first.add_done_callback(lambda told: self._give(asker, told.result()))

        def patience_ends() -> None:
            if not first.done() and (old := self._landing.stale(query, self._clock())):
                first.set_result(old)

        self._loop.call_later(PATIENCE_SECONDS, patience_ends)
        return first

    def _landed(self, asking: Asking, reply: Reply | None, now: float) -> None:
        query, asker = asking
        self._give(asker, self._landing.answer(query, reply, now))

    def stream(
        self, face: Face
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        """The service of one TCP connection on `face` (RFC 7766)."""

        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            client = writer.get_extra_info("peername")[0]
            try:
                if self._streams.begin(client, writer):
                    await self._questions(face, client, reader, writer)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                pass
            finally:
                self._streams.end(client, writer)
                writer.close()

        return served

    async def _questions(
        self, face: Face, client: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
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
        self.counts.asked += 1
        if self._clock() >= face.refill_at:
            face.refill(self._clock())
        if not face.spend(client):
            self.counts.limited += 1
            return None
        said = self._decided(face, message, client, self._clock(), LONGEST)
        if isinstance(said, Query):
            said = await self._waited(said)
        if isinstance(said, Answer) and self.questions.on:
            self.questions.put(client, message, said, self._blocked, self._ways)
        if not isinstance(said, Answer):
            return None
        if not face.foreign:
            return said.message
        led_home = said.why is Why.PRIVATE
        return foreign.told(message, said.message, self._reached, led_home=led_home)

    async def _waited(self, query: Query) -> Answer:
        """The answer for one who waits in a coroutine."""
        waited: asyncio.Future[Answer] = self._loop.create_future()
        self._ask(query, self._clock(), waited)
        return await waited


Datagram = tuple[socket.socket, bytes, tuple[str, int]]
"""A message, where it leaves, and for whom."""


def _send(leaving: Iterable[Datagram]) -> None:
    for udp, message, client in leaving:
        try:
            udp.sendto(message, client)
        except OSError:  # the queue is full, or the link went away: the client asks again
            continue


def _drained(udp: socket.socket) -> list[tuple[bytes, tuple[str, int]]]:
    """What has come, and from whom."""
    came: list[tuple[bytes, tuple[str, int]]] = []
    receive, put = udp.recvfrom, came.append
    with suppress(OSError):
        for _ in range(DRAIN):
            put(receive(LONGEST_QUESTION))
    return came


def _subnets(network: DnsNetwork) -> tuple[Subnet, ...]:
    """Where the clients of a network are."""
    ours = (network.address, *network.stays, *network.six)
    return (*(one.network for one in ours), *((LINK_LOCAL,) if network.has_six else ()))


def _ways_of(settings: Dns) -> tuple[object, ...]:
    """What the ways, and all answers that came by them, depend on."""
    return settings.upstreams, settings.forwardings, settings.private_answers
