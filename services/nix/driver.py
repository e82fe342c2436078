"""The door to nix: jobs through the broker, and our own client calls to the daemon.

Foreign code is fetched and evaluated by the broker's confined users; what runs here as the build
role is nix-store and its like, an untrusted client of our daemon.  Cancelling the awaiting task
ends the process within a second: SIGINT, then SIGKILL for its group; the daemon ends the builders.
"""

import asyncio
import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Unreachable
from appliance.model.caches import Cache
from services.nix import calls
from services.nix.complaints import DROPPED
from services.nix.log_lines import LogLines, Told, real_error
from services.nix.questions import (
    print_closure,
    print_dead,
    print_invalid,
    print_registrations,
    print_version,
)
from services.nix.shortage import Forecast, forecast, freed
from services.nix.store import Store
from services.nix.verdict import Answer
from services.nix.versions import Version, version
from services.processes.cgroups.driver import memory_of
from services.processes.cgroups.place import Memory
from services.processes.client import ask

GRACE_SECONDS = 0.8
LINE_BYTES = 1 << 20
OUTPUT_BYTES = 16 << 20
COMPLAINT_BYTES = 8 << 20
"""One line of nix's: an overflow of its stack is told with every call that led there."""
SETPRIV = "/usr/bin/setpriv"
KEEP_SECONDS = 600.0
SOON_SECONDS = 10.0
"""For what Nix says without looking at a store."""
COLLECT_SECONDS = 3_600.0
CACHE_SECONDS = 1.5
"""How long a cache may take to accept a connection."""
CACHE_PAUSE_SECONDS = 60.0

PAUSES = (0.2, 2.0)
"""Seconds before a job is done again whose connection the daemon dropped."""

PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid of who listens (unix(7))

Hear = Callable[[Told], None]


@dataclass(frozen=True, slots=True)
class Nix:
    """Our nix: the store with its daemon, and the broker that runs what is foreign."""

    store: Store
    broker: Path
    home: Path  # an empty folder of the build role's own

    async def ask(self, verb: str, args: Mapping[str, object], hear: Hear | None = None) -> Answer:
        """Have the broker run a verb; never raises for what the job did.

        Asked again when the daemon dropped the connection, which says nothing about the job.  A
        broker that does not answer is Unreachable.
        """
        for pause in PAUSES:
            answer = await self.ask_once(verb, args, hear)
            if answer.exit == 0 or not DROPPED.search(answer.error):
                return answer
            await asyncio.sleep(pause)
        return await self.ask_once(verb, args, hear)

    async def ask_once(
        self,
        verb: str,
        args: Mapping[str, object],
        hear: Hear | None = None,
        lines: LogLines | None = None,
    ) -> Answer:
        """As `ask`, where a dropped connection is the answer; `lines` remember what was said."""
        lines = lines or LogLines()
        out: list[str] = []
        rest = ""
        last: Mapping[str, object] = {}
        async with aclosing(ask(self.broker, verb, args)) as answers:
            async for answer in answers:
                if "out" in answer:
                    out.append(str(answer["out"]))
                elif "err" in answer:
                    rest = _fed(lines, rest + str(answer["err"]), hear)
                else:
                    last = answer
        _fed(lines, rest + "\n", hear)
        return Answer(
            out="".join(out),
            error=lines.error or "\n".join(lines.printed),
            trace=lines.trace,
            around="\n".join([*lines.warnings, *lines.printed]),
            exit=_number(last.get("exit")),
            reason=str(last.get("reason", "done")),
            what=str(last.get("what", "")),
            memory=_number(last.get("memory", 0)),
        )

    async def version(self) -> Version | None:
        """Which Nix this is; None when it does not run."""
        try:
            answer = await self._run(print_version(self.store), None, SOON_SECONDS)
        except OSError:
            return None
        return version(answer.out) if answer.exit == 0 else None

    async def keep(self, paths: Sequence[str], root: Path) -> str | None:
        """Root store paths.  Returns why not: mostly that one is not in the store (any more)."""
        if not paths:
            return None
        return await self._kept(calls.keep(self.store, tuple(paths), root), root)

    async def keep_derivations(self, drvs: Sequence[str], root: Path) -> str | None:
        """Root derivations themselves.  Returns why not, as `keep` does."""
        return await self._kept(calls.keep_derivations(self.store, tuple(drvs), root), root)

    async def _kept(self, argv: Sequence[str], root: Path) -> str | None:
        root.parent.mkdir(parents=True, exist_ok=True)
        answer = await self._run(argv, None, KEEP_SECONDS)
        return None if answer.exit == 0 else real_error(answer.error) or answer.what

    async def realise(
        self,
        drvs: Sequence[str],
        root: Path,
        live: Sequence[str],
        hear: Hear,
        seconds: float,
        *,
        without: Mapping[str, str] = calls.AS_USUAL,
        lines: LogLines | None = None,
    ) -> Answer:
        """Build, asking the caches of `live`; `hear` gets log lines and steps as they come.

        `without` is NOT_HERE where no builder may run on this router, NOTHING_BUILT where none may
        run at all.  `lines` remember what was said.
        """
        root.parent.mkdir(parents=True, exist_ok=True)
        told = lines or LogLines()
        argv = calls.realise(self.store, tuple(drvs), root, tuple(live), without=without)
        return await self._run(argv, lambda line: _each(told, line, hear), seconds)

    async def forecast(self, drvs: Sequence[str], live: Sequence[str]) -> Forecast:
        """What building would put into the store; nothing when that cannot be found out."""
        return forecast(await self.dry_run(drvs, live))

    async def dry_run(self, drvs: Sequence[str], live: Sequence[str]) -> str:
        """What Nix says of building, without doing it."""
        said: list[str] = []
        await self._run(
            calls.rehearse(self.store, tuple(drvs), tuple(live)), said.append, KEEP_SECONDS
        )
        return "\n".join(said)

    async def collect(self, size: int) -> int:
        """Remove what nothing keeps from the store, until `size` bytes are freed; how many were."""
        answer = await self._run(calls.collect(self.store, size), None, COLLECT_SECONDS)
        return freed(f"{answer.out}\n{answer.error}")

    async def dead(self) -> tuple[str, ...]:
        """What nothing keeps.  Raises Unreachable."""
        return tuple((await self.said(print_dead(self.store))).split())

    async def invalid(self, paths: Sequence[str]) -> frozenset[str]:
        """Those that the store does not have.  Raises Unreachable, as the two below."""
        asked = print_invalid(self.store, tuple(paths))
        return frozenset((await self.said(asked)).split()) if paths else frozenset()

    async def closure(self, paths: Sequence[str]) -> tuple[str, ...]:
        """What they refer to, themselves included."""
        return tuple((await self.said(print_closure(self.store, tuple(paths)))).split())

    async def registrations(self, paths: Sequence[str]) -> str:
        """What the store knows of paths, as `nix-store --dump-db` prints it."""
        return await self.said(print_registrations(self.store, tuple(paths)))

    async def said(self, argv: Sequence[str], seconds: float = KEEP_SECONDS) -> str:
        """What one of our own calls prints; raises Unreachable when it fails."""
        answer = await self._run(argv, None, seconds)
        if answer.exit == 0:
            return answer.out
        raise Unreachable(f"Nix did not answer: {real_error(answer.error) or answer.what}")

    def free(self) -> int:
        """Bytes that are free on the disk of the store."""
        return room_on(self.store.root)[0]

    def listens(self) -> bool:
        """Whether our daemon takes a connection now."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            return asking.connect_ex(str(self.store.socket)) == 0

    def builds_memory(self) -> Memory | None:
        """How the memory stands that all builds share; None when that cannot be found out."""
        pid = self.daemon_pid()
        return memory_of(pid) if pid else None

    def daemon_pid(self) -> int | None:
        """Who listens on the daemon's socket; None when nobody does."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
                asking.connect(str(self.store.socket))
                pid, _, _ = PEER.unpack(
                    asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
                )
        except OSError:
            return None
        return int(pid)

    async def _run(
        self, argv: Sequence[str], err: Callable[[str], None] | None, seconds: float
    ) -> Answer:
        self.home.mkdir(parents=True, exist_ok=True)
        mortal = (SETPRIV, "--pdeathsig", "INT", "--") if os.path.exists(SETPRIV) else ()
        process = await asyncio.create_subprocess_exec(
            *mortal,
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(self.store.environment(str(self.home))),
            limit=LINE_BYTES,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        tail: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                out, _ = await asyncio.gather(
                    _whole(process.stdout), _heard(process.stderr, err or tail.append)
                )
                code = await process.wait()
        except TimeoutError:
            return Answer("", "", 101, "timeout", f"It took longer than {seconds:g} s.")
        finally:
            await _ended(process)
        return Answer(out.decode(errors="replace"), "\n".join(tail[-20:]), code, "done")


class Caches:
    """The owner's caches, and which of them are there: Nix itself would try for seconds.

    One that took no connection is left alone for a while.
    """

    def __init__(self) -> None:
        self.all: tuple[Cache, ...] = ()  # in the order in which they are asked
        self._again: dict[tuple[str, int], float] = {}  # servers that were not there

    async def there(self, caches: Sequence[Cache]) -> tuple[Cache, ...]:
        """Those of `caches` that take a connection now."""
        found = await asyncio.gather(*(self._is_there(one) for one in caches))
        return tuple(one for one, yes in zip(caches, found, strict=True) if yes)

    def forgive(self, cache: Cache) -> None:
        """Ask it again without waiting."""
        self._again.pop(cache.server, None)

    async def _is_there(self, cache: Cache) -> bool:
        if clock() < self._again.get(cache.server, 0.0):
            return False
        try:
            async with asyncio.timeout(CACHE_SECONDS):
                _, writer = await asyncio.open_connection(*cache.server)
        except OSError:  # TimeoutError too
            self._again[cache.server] = clock() + CACHE_PAUSE_SECONDS
            return False
        writer.close()
        return True


def room_on(place: Path) -> tuple[int, int]:
    """(free for everybody, all) bytes of the disk that a place is on, or will be; else zeros."""
    for one in (place, *place.parents):
        with suppress(OSError):
            there = os.statvfs(one)
            return there.f_bavail * there.f_frsize, there.f_blocks * there.f_frsize
    return 0, 0


def real_path(path: str) -> str:
    """Where a path leads to once all links are followed; what is not there is kept as it is."""
    return os.path.realpath(path)


def has_system_store(state: Path | None = None) -> bool:
    """Build into the machine's own nix store; a state directory never changes its store."""
    chroot = state is not None and (state / "store/nix").exists()
    return not chroot and Path("/nix/var/nix/db/db.sqlite").exists()


def memory_available() -> int:
    """Bytes that could be used without swapping; 1 GiB when nobody knows."""
    return _memory("MemAvailable:")


def memory_installed() -> int:
    """Bytes of memory that this machine has; 1 GiB when nobody knows."""
    return _memory("MemTotal:")


def _memory(which: str) -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith(which):
                return int(line.split()[1]) << 10
    return 1 << 30


def processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0))


def own_systems() -> frozenset[str]:
    """What derivations may ask for that are built here."""
    machine = os.uname().machine
    return frozenset({f"{machine}-linux"} | ({"i686-linux"} if machine == "x86_64" else set()))


def clock() -> float:
    """Seconds that never jump."""
    return time.monotonic()


def chance() -> float:
    """Between 0 and 1."""
    return int.from_bytes(os.urandom(4), "big") / (1 << 32)


def _fed(lines: LogLines, text: str, hear: Hear | None) -> str:
    *whole, rest = text.split("\n")
    for line in whole:
        for told in lines.feed(line):
            if hear is not None:
                hear(told)
    return rest[-COMPLAINT_BYTES:]


def _each(lines: LogLines, line: str, hear: Hear) -> None:
    for told in lines.feed(line):
        hear(told)


async def _whole(stream: asyncio.StreamReader) -> bytes:
    """Everything up to OUTPUT_BYTES; the rest is read and dropped."""
    found = bytearray()
    while piece := await stream.read(LINE_BYTES):
        found += piece[: OUTPUT_BYTES - len(found)]
    return bytes(found)


async def _heard(stream: asyncio.StreamReader, hear: Callable[[str], None]) -> None:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than the limit: what was buffered is gone, go on
            continue
        if not line:
            return
        hear(line.decode(errors="replace").rstrip("\r\n"))


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await process.wait()
                return


def _number(told: object) -> int:
    return told if isinstance(told, int) else 1
