"""The supervisor's door: the state directory, the listening sockets, the roles' processes."""

import asyncio
import ctypes
import errno
import fcntl
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Problem, Refused, Unreachable
from appliance.model.installed import Installed
from services.nix.daemon import DaemonRequest
from services.processes.ports import taken
from services.processes.privileges import Ability, Identity, role_argv
from services.processes.probe import holders
from services.supervisor.listening import ADMIN_LOCAL, Listen
from services.supervisor.tree import Place

CLONE_NEWNET = 0x40000000
BACKLOG = 128
LOG_BYTES = 1 << 20
"""A role's log is moved aside at this size; one older file is kept."""


def make_tree(state: Path, places: Sequence[Place], *, chown: bool) -> None:
    """Make or mend the state directory.  Raises Refused when it cannot be made."""
    try:
        for place in places:
            path = state / place.path
            if place.kind == "folder":
                path.mkdir(parents=True, exist_ok=True)
                if chown and path.stat().st_uid != place.uid and place.path:
                    _give(path, place)
            elif not path.exists():
                _begin(path)
            for one in (path, *(_beside(path) if place.kind == "database" else ())):
                if chown:
                    os.chown(one, place.uid, place.gid)
                os.chmod(one, place.mode)
    except OSError as error:
        raise Refused(
            Problem(
                ("state",),
                f"The state directory {state} cannot be made ({error.strerror}: {error.filename}): "
                "choose another with --state.",
            )
        ) from error


def take_state(state: Path) -> int:
    """Take the state directory for this process alone; the lock goes with the descriptor.

    Raises Refused when another supervisor has it.
    """
    descriptor = os.open(
        state / "run/supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Refused(
            Problem(
                ("state",),
                f"Another nixie run uses {state}: stop it, or choose another with --state.",
            )
        ) from error
    return descriptor


def prepare(request: DaemonRequest, confined: Mapping[str, Identity], *, chown: bool) -> None:
    """Make the folders and write the files that our nix-daemon needs.  Raises OSError."""
    for folder in request.folders:
        folder.path.mkdir(parents=True, exist_ok=True)
        os.chmod(folder.path, folder.mode)
        if chown and folder.owner in confined:
            os.chown(folder.path, confined[folder.owner].uid, confined[folder.owner].gid)
    for path, text in request.files.items():
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(text)
        os.chmod(fresh, 0o644)
        fresh.replace(path)


class Databases:
    """Holds every database open, so that its `-wal` and `-shm` outlive their writer."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._held: dict[Path, tuple[int, sqlite3.Connection]] = {}
        self._paths = tuple(paths)

    def hold(self) -> None:
        """Open what is not held yet, or was replaced by another file (a restored backup)."""
        for path in self._paths:
            inode = path.stat().st_ino
            if path in self._held and self._held[path][0] == inode:
                continue
            if path in self._held:
                self._held.pop(path)[1].close()
            connection = sqlite3.connect(path, isolation_level=None)
            try:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.Error:  # its writer says what is wrong; here it is tried again
                connection.close()
                continue
            self._held[path] = inode, connection

    def close(self) -> None:
        """Let go of all; the last one out checkpoints."""
        for _, connection in self._held.values():
            connection.close()
        self._held = {}


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


def log_file(folder: Path, name: str, gid: int | None) -> int:
    """Open a log to append to; never through a link.  On a full disk the words are lost."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(folder / f"{name}.log", flags, 0o640)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    if gid is not None:
        os.fchown(descriptor, -1, gid)
    return descriptor


def write_line(descriptor: int, line: str) -> None:
    """Append a line to a log; a full disk loses it."""
    with suppress(OSError):
        os.write(descriptor, f"{line}\n".encode())


def write_status(state: Path, text: str) -> None:
    """Replace run/supervisor.json whole.  Raises OSError."""
    path = state / "run/supervisor.json"
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    os.chmod(fresh, 0o640)
    fresh.replace(path)


def trim_log(folder: Path, name: str) -> None:
    """Move a log that grew too long aside; whoever appends to it goes on at its beginning."""
    path = folder / f"{name}.log"
    with suppress(OSError):
        if path.stat().st_size > LOG_BYTES:
            shutil.copyfile(path, folder / f"{name}.log.1")
            os.chmod(folder / f"{name}.log.1", 0o640)
            os.truncate(path, 0)


def proved(
    installed: Installed, identities: Mapping[str, Identity], able: Ability
) -> tuple[str, ...]:
    """Read the installed program as each user; () when everyone can, else what to do."""
    checks = {
        name: subprocess.Popen(
            role_argv(
                [str(installed.python), "-B", "-c", _PROOF],
                Identity(who.name, who.uid, who.gid),
                able,
                folder=str(installed.program),
            ),
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, who in identities.items()
    }
    said = {name: (check.communicate()[0], check.returncode) for name, check in checks.items()}
    return tuple(
        f"The role {name} (user {identities[name].name}, {identities[name].uid}) cannot run the "
        f"program in {installed.program}: {(text.splitlines() or ['no reason given'])[-1]}. "
        "Install it where every user may read it, such as /opt/nixie."
        for name, (text, code) in said.items()
        if code != 0
    )


_PROOF = """
import os, sys
def stop(error): sys.exit(f"{error.filename} cannot be read")
for folder, _, files in os.walk(".", onerror=stop):
    for name in files:
        if not os.access(os.path.join(folder, name), os.R_OK):
            sys.exit(f"{os.path.abspath(os.path.join(folder, name))} cannot be read")
import appliance.roles
if not os.path.abspath(appliance.roles.__file__).startswith(os.getcwd() + os.sep):
    sys.exit("another copy of the program comes first")
"""


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
            made = _listening(kind, ("0.0.0.0", listen.port), listen.link)
        except OSError as error:
            problems[listen.name] = _why_not(listen, error)
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
    made = socket.socket(socket.AF_INET, kind)
    try:
        if link is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
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


def _why_not(listen: Listen, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"Port {listen.port} on {listen.link} may only be opened by root: {error.strerror}."
    return taken(listen.protocol, listen.port, listen.link, holders(listen.protocol, listen.port))


def _begin(path: Path) -> None:
    """Make an empty database in WAL mode."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise Unreachable(f"{path} cannot be made: {error}.") from error
    finally:
        connection.close()


def _beside(path: Path) -> tuple[Path, ...]:
    return tuple(one for end in ("-wal", "-shm") if (one := Path(f"{path}{end}")).exists())


def _give(folder: Path, place: Place) -> None:
    """Hand a whole folder to its writer: the state was last used with other users."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(parent, name)
            if not stat.S_ISLNK(os.lstat(path).st_mode):
                os.chown(path, place.uid, place.gid, follow_symlinks=False)
