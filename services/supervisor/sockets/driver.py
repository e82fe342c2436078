"""The door to listening sockets: opened for the roles, kept while roles come and go."""

import asyncio
import ctypes
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Problem, Refused
from services.processes.ports import taken
from services.processes.privileges import Identity
from services.processes.probe import holders
from services.supervisor.sockets.listening import ADMIN_LOCAL, Listen

CLONE_NEWNET = 0x40000000
IP_FREEBIND, IPV6_FREEBIND = 15, 78  # ip(7), linux/in6.h: loopback may be down yet
BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Opened:
    """A listening socket and the index its interface had."""

    socket: socket.socket
    index: int


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the interfaces brought: sockets by name, and why some are missing."""

    opened: Mapping[str, Opened]
    problems: Mapping[str, str]


class Sockets:
    """Opens sockets inside `namespace` (the path of its file), or where we are when None."""

    def __init__(self, namespace: str | None) -> None:
        if namespace is not None and not os.path.exists(namespace):
            what = f"There is no network namespace {namespace}: make it before the roles start."
            raise Refused(Problem(("namespace",), what))
        self._inside = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="sockets", initializer=_enter, initargs=(namespace,)
        )

    async def look(self, listens: Sequence[Listen], have: Mapping[str, Opened]) -> Look:
        """Bring the sockets of `have` to `listens`: keep, open, or open again where the
        interface's index changed.  Replaced sockets are closed."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._inside, _look, tuple(listens), dict(have))

    def close(self) -> None:
        """End the thread that lives inside the namespace."""
        self._inside.shutdown(wait=False)


def admin_local(port: int) -> socket.socket:
    """The admin's socket on 127.0.0.1, outside any namespace.  Raises Refused when taken."""
    try:
        return _listening(socket.SOCK_STREAM, ("127.0.0.1", port), None)
    except OSError as error:
        what = taken("tcp", port, "", holders("tcp", port))
        raise Refused(Problem((ADMIN_LOCAL,), f"{what} ({error.strerror})")) from error


def unix_socket(
    path: Path, kind: socket.SocketKind, who: Identity, *, chown: bool
) -> socket.socket:
    """A fresh socket file that only `who`'s group, or for datagrams `who` alone, may write to.

    Raises Refused when the path is longer than the 107 bytes a unix socket may have (unix(7)).
    """
    if len(os.fsencode(path)) > 107:
        raise Refused(
            Problem(("state",), f"{path} is too long a name for a socket: use a shorter --state.")
        )
    with suppress(FileNotFoundError):
        path.unlink()
    made = socket.socket(socket.AF_UNIX, kind)
    made.bind(os.fspath(path))
    os.chmod(path, 0o660 if kind is socket.SOCK_STREAM else 0o600)
    if chown:
        os.chown(path, who.uid, who.gid)
    made.setblocking(False)
    if kind is socket.SOCK_STREAM:
        made.listen(BACKLOG)
    return made


def _enter(namespace: str | None) -> None:
    if namespace is None:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "this network namespace cannot be entered", namespace)
    finally:
        os.close(descriptor)


def _look(listens: tuple[Listen, ...], have: dict[str, Opened]) -> Look:
    opened: dict[str, Opened] = {}
    problems: dict[str, str] = {}
    for listen in listens:
        held = have.get(listen.name)
        try:
            index = socket.if_nametoindex(listen.link)
        except OSError:
            problems[listen.name] = f"The interface {listen.link} is not there."
            continue
        if held is not None and held.index == index:
            opened[listen.name] = held
            continue
        kind = socket.SOCK_DGRAM if listen.protocol == "udp" else socket.SOCK_STREAM
        try:
            made = _listening(kind, (listen.address, listen.port), listen.link)
        except OSError as error:
            problems[listen.name] = _why_not(listen, error, have.values())
            continue
        opened[listen.name] = Opened(made, index)
    for name, held in have.items():
        if opened.get(name) is not held:
            held.socket.close()
    return Look(opened, problems)


def _listening(
    kind: socket.SocketKind, address: tuple[str, int], link: str | None
) -> socket.socket:
    """Bound and, for TCP, listening.  SO_REUSEADDR for TCP only (waiting connections of the last
    run): among datagram sockets it would let two servers share a port without a word."""
    made = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, kind)
    try:
        if link is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
        if made.family is socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        else:
            made.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        if kind is socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        made.bind(address)
        if kind is socket.SOCK_STREAM:
            made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made


def _why_not(listen: Listen, error: OSError, have: Iterable[Opened]) -> str:
    """Why it could not be had.  What we have there by the other family is in nobody's way."""
    if isinstance(error, PermissionError):
        return f"Port {listen.port} on {listen.link} may only be opened by root: {error.strerror}."
    ours = {os.fstat(one.socket.fileno()).st_ino for one in have}
    others = holders(listen.protocol, listen.port, ours)
    return taken(listen.protocol, listen.port, listen.link, others)
