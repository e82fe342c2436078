"""DOOR: TFTP on the passed-in port-69 sockets, one per link.

Drain, ask the core, send, record, arm one timer.  All sockets hang in one epoll set of which the
event loop sees a single descriptor, so a packet costs two system calls and no callback.  A stranger
who writes to a transfer's port is told so (RFC 1350 §4) without disturbing the transfer.
"""

import asyncio
import fcntl
import select
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from services.tftp import names, wire
from services.tftp.driver import Found, Session, content_of
from services.tftp.joined import Content
from services.tftp.limits import Full, Limits, makes_room
from services.tftp.transfer import End, Terms, Transfer, agree

Look = Callable[[str, str, str], Found | None]
"""(link, client address, tidy name) to what is found, or None."""
Reached = Callable[[str, str, str, int], None]
"""(link, client address, tidy name, bytes acknowledged so far)."""

DRAIN = 256  # datagrams handled before the loop gets its turn
TURN_SECONDS = 0.002  # then boot HTTP, which shares the loop, gets its turn
PATIENCE, IMPATIENCE = 60, 16  # looks at an empty queue, about half a microsecond each
IP_PKTINFO = 8
SIOCGIFMTU = 0x8921


@dataclass(frozen=True, slots=True)
class Fetch:
    """One finished request, as the boot's record wants it; `code` is a TFTP error or None."""

    link: str
    client: str
    name: str  # tidy, or the raw name made printable
    end: End | None  # None: refused
    code: int | None
    size: int
    sent: int  # bytes acknowledged, or the whole size when all was sent
    seconds: float
    resends: int
    block_size: int
    window: int
    stray: bool = False  # the raw name had bytes that no name has


def nobody(_link: str, _client: str, _name: str, _sent: int) -> None:
    """Nobody wants to know how far a transfer is."""


class Server:
    """All links and all transfers of the role."""

    def __init__(
        self,
        links: Mapping[str, socket.socket],
        look: Look,
        tell: Callable[[Fetch], None],
        reached: Reached = nobody,
    ) -> None:
        self._links = dict(links)
        self._look = look
        self._tell = tell
        self._reached = reached
        self._limits = Limits()
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._actions: dict[int, Callable[[], None]] = {}
        self._sessions: dict[tuple[str, tuple[str, int]], Session] = {}  # oldest first
        self._patience = 0
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to listen."""
        for link, listener in self._links.items():
            listener.setblocking(False)
            listener.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            self._watch(listener, partial(self._asked, link, listener))
        self._loop.add_reader(self._epoll.fileno(), self._ready)

    def close(self) -> None:
        """Stop; the listening sockets stay open, they are the supervisor's."""
        self._loop.remove_reader(self._epoll.fileno())
        if self._timer is not None:
            self._timer.cancel()
        for session in self._sessions.values():
            session.close()
        self._epoll.close()

    def _watch(self, one: socket.socket, action: Callable[[], None]) -> None:
        self._epoll.register(one.fileno(), select.EPOLLIN)
        self._actions[one.fileno()] = action

    def _unwatch(self, one: socket.socket) -> None:
        self._epoll.unregister(one.fileno())
        self._actions.pop(one.fileno(), None)

    def _ready(self) -> None:
        """Handle what is there; then look again a little longer, while that has paid off.

        A client that waits for every block answers within microseconds on a LAN: sooner than a
        sleep and a wake-up would take.
        """
        actions, poll, now = self._actions, self._epoll.poll, self._loop.time
        until = now() + TURN_SECONDS
        looks = 0
        while now() < until:
            ready = poll(0, DRAIN)
            if not ready:
                ready, looks = self._look_again(looks)
                if not ready:
                    return
            for descriptor, _mask in ready:
                action = actions.get(descriptor)
                if action is not None:
                    action()
            looks = self._patience = min(self._patience + 1, PATIENCE)

    def _look_again(self, looks: int) -> tuple[list[tuple[int, int]], int]:
        poll = self._epoll.poll
        for left in range(looks, 0, -1):
            ready = poll(0, DRAIN)
            if ready:
                self._patience = PATIENCE
                return ready, left
        self._patience = max(self._patience - IMPATIENCE, 0) if looks else self._patience
        return [], 0

    # ── port 69 ──────────────────────────────────────────────────────────────────────────────────

    def _asked(self, link: str, listener: socket.socket) -> None:
        for _ in range(DRAIN):
            try:
                datagram, extra, _flags, peer = listener.recvmsg(
                    wire.MAX_DATAGRAM + 1, socket.CMSG_SPACE(12)
                )
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue
            kind = wire.opcode(datagram)
            if kind in (wire.RRQ, wire.WRQ):
                if self._limits.admits(peer[0], self._loop.time()):
                    self._request(link, listener, datagram, peer, _local_address(extra))
            elif kind in (wire.DATA, wire.ACK):
                _reply(listener, wire.error(wire.UNKNOWN_ID, "no such transfer"), peer)

    def _request(
        self,
        link: str,
        listener: socket.socket,
        datagram: bytes,
        peer: tuple[str, int],
        local: str,
    ) -> None:
        running = self._sessions.get((link, peer))
        if running is not None and not running.transfer.heard:
            self._finish(running, tell=False)  # asked again: the first answer was lost
        elif running is not None:
            return
        try:
            asked = wire.request(datagram)
        except wire.NotTftp:
            _reply(listener, wire.error(wire.ILLEGAL, "the request cannot be read"), peer)
            return
        refusal = self._start(link, asked, peer, local)
        if refusal is not None:
            code, text = refusal
            _reply(listener, wire.error(code, text), peer)
            name, stray = names.asked(asked.name), names.stray(asked.name)
            self._tell(Fetch(link, peer[0], name, None, code, 0, 0, 0.0, 0, 0, 0, stray))

    def _start(
        self, link: str, asked: wire.Request, peer: tuple[str, int], local: str
    ) -> tuple[int, str] | None:
        """Begin a transfer, or say with which error and words not."""
        if asked.write:
            return wire.NO_ACCESS, "this server only sends"
        if asked.mode not in ("octet", "netascii"):
            return wire.ILLEGAL, "modes are octet and netascii"
        looked = (self._look(link, peer[0], name) for name in names.candidates(asked.name))
        found = next((one for one in looked if one is not None), None)
        if found is None:
            return wire.NOT_FOUND, "no such file"
        text_mode = asked.mode == "netascii"
        try:
            content = content_of(found, text_mode=text_mode)
        except OSError:
            return wire.NOT_FOUND, "the file cannot be read"
        terms = agree(asked.options, len(content), self._mtu(link), netascii=text_mode)
        return self._begin(link, names.tidy(asked.name) or "", peer, content, terms, local)

    def _begin(
        self,
        link: str,
        name: str,
        peer: tuple[str, int],
        content: Content,
        terms: Terms,
        local: str,
    ) -> tuple[int, str] | None:
        everyone = list(self._sessions.values())
        try:
            leaver = makes_room([(one.client, one.transfer) for one in everyone], peer[0])
        except Full:
            return wire.UNDEFINED, "too many transfers at once, ask again"
        if leaver is not None:
            self._finish(everyone[leaver], tell=False)
        session = Session(link, name, peer, content, Transfer(len(content), terms))
        try:
            session.open(local)
        except OSError:
            return wire.UNDEFINED, "no socket is free, ask again"
        now = session.began = self._loop.time()
        self._sessions[link, peer] = session
        self._watch(session.socket, partial(self._heard, session))
        self._watch(session.strangers, partial(_not_you, session.strangers))
        session.send(session.transfer.start(now))
        self._arm(session.transfer.wake_at)
        return None

    def _mtu(self, link: str) -> int:
        """Bytes; read afresh, because an owner may change it while we serve."""
        request = struct.pack("16sI12x", link.encode()[:15], 0)
        try:
            told = fcntl.ioctl(self._links[link].fileno(), SIOCGIFMTU, request)
        except OSError:
            return 1500
        return int(struct.unpack("16sI12x", told)[1])

    # ── a transfer's own port ────────────────────────────────────────────────────────────────────

    def _heard(self, session: Session) -> None:
        transfer = session.transfer
        code = None
        try:
            datagram = session.socket.recv(wire.MAX_DATAGRAM)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            transfer.gone()  # ICMP: the port is closed
        else:
            block = wire.acknowledged(datagram)
            if block is not None:
                blocks = transfer.acked(block, self._loop.time())
                if blocks is not None:
                    session.send(blocks)
            elif (abort := wire.abort(datagram)) is not None:
                code = abort.code
                transfer.aborted(code)
        if transfer.end is not None:
            self._finish(session, code=code)

    def _finish(self, session: Session, *, code: int | None = None, tell: bool = True) -> None:
        if self._sessions.pop((session.link, session.peer), None) is None:
            return
        self._unwatch(session.socket)
        self._unwatch(session.strangers)
        session.close()
        if tell:
            self._tell(_fetch(session, code, self._loop.time()))

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._loop.time()
        for session in tuple(self._sessions.values()):
            blocks = session.transfer.woken(now)
            if blocks is not None:
                session.send(blocks)
            if session.transfer.end is not None:
                self._finish(session)
            elif session.transfer.base > 0:
                sent = session.transfer.acknowledged_bytes
                self._reached(session.link, session.client, session.name, sent)
        if self._sessions:
            soonest = min(one.transfer.wake_at for one in self._sessions.values())
            self._arm(max(soonest, now + 0.01))


async def serve(
    links: Mapping[str, socket.socket],
    look: Look,
    tell: Callable[[Fetch], None],
    reached: Reached = nobody,
) -> None:
    """Answer TFTP on `links` (link name to its port-69 socket) until cancelled.

    How far a transfer is, is told about once in its client's retry time, a second as a rule.
    """
    server = Server(links, look, tell, reached)
    server.open()
    try:
        await asyncio.Event().wait()
    finally:
        server.close()


def _fetch(session: Session, code: int | None, now: float) -> Fetch:
    transfer = session.transfer
    whole = transfer.end in (End.SENT, End.UNCONFIRMED)
    return Fetch(
        link=session.link,
        client=session.client,
        name=session.name,
        end=transfer.end or End.SILENT,
        code=code,
        size=transfer.size,
        sent=transfer.size if whole else transfer.acknowledged_bytes,
        seconds=now - session.began,
        resends=transfer.resends,
        block_size=transfer.terms.block_size,
        window=transfer.terms.window,
    )


def _not_you(strangers: socket.socket) -> None:
    try:
        datagram, peer = strangers.recvfrom(wire.MAX_DATAGRAM)
    except OSError:
        return
    if wire.opcode(datagram) != wire.ERROR:
        _reply(strangers, wire.error(wire.UNKNOWN_ID, "this transfer is somebody else's"), peer)


def _reply(listener: socket.socket, datagram: bytes, peer: tuple[str, int]) -> None:
    try:
        listener.sendto(datagram, peer)
    except OSError:
        return  # the client asks again, or is gone


def _local_address(extra: list[tuple[int, int, bytes]]) -> str:
    """Our address that the client asked, from IP_PKTINFO; wildcard when the kernel says none."""
    for level, kind, data in extra:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO and len(data) >= 12:
            return socket.inet_ntoa(data[4:8])
    return "0.0.0.0"
