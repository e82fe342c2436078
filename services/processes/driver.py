"""The door to processes: start one, stream what it says, end it and everything it started."""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from appliance.errors import Problem, Refused
from services.processes.cgroups.driver import emptied, made, peak, removed, resident, told
from services.processes.cgroups.place import Bounds
from services.processes.ending import Ended, Reason, ended
from services.processes.privileges import (
    TOOLS,
    Ability,
    Footing,
    Identity,
    Job,
    environment,
    footing,
    wrapped,
)

GRACE_SECONDS = 0.8
"""Between SIGINT and SIGKILL: long enough for nix to tell its daemon, short enough to be
felt as at once."""
LOOK_SECONDS = 0.1
CHUNK_BYTES = 1 << 16
TAIL_BYTES = 4096
FIRST_PASSED = 3  # sd_listen_fds(3): passed descriptors begin here


@dataclass(frozen=True, slots=True)
class Said:
    """Some bytes a job wrote."""

    stream: Literal["out", "err"]
    data: bytes


def ability(wanted: Sequence[int]) -> Ability:
    """Find out what walls can be built here for the uids `wanted`.

    Raises Refused when a tool of util-linux is missing.
    """
    tools = {name: shutil.which(name, path=_search_path()) for name in TOOLS}
    if missing := [name for name, path in tools.items() if path is None]:
        raise Refused(
            Problem(
                ("tools",),
                f"{', '.join(missing)} cannot be found: install util-linux 2.38 or newer.",
            )
        )
    found = {name: path for name, path in tools.items() if path is not None}
    root = os.geteuid() == 0
    ground = footing(
        root=root,
        uid_map=Path("/proc/self/uid_map").read_text(),
        wanted=wanted,
        namespaces=_namespaces_allowed(found["unshare"]),
    )
    return Ability(ground, root, found)


def spawn(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    stdin: int | None = None,
    stdout: int,
    stderr: int,
    passed: Sequence[int] = (),
) -> int:
    """Start a process in a session of its own; returns its pid.

    `passed` become its descriptors 3, 4, 5 …; nothing else is inherited.  Raises OSError.
    """
    high = [_lifted(fd) for fd in passed]
    null = os.open(os.devnull, os.O_RDONLY) if stdin is None else stdin
    moves = [(null, 0), (stdout, 1), (stderr, 2)]
    moves += [(fd, FIRST_PASSED + place) for place, fd in enumerate(high)]
    try:
        return os.posix_spawn(
            argv[0],
            list(argv),
            dict(env),
            file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for source, target in moves],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
        )
    finally:
        for fd in [*high, *([null] if stdin is None else [])]:
            os.close(fd)


class Process:
    """One child.  `code` is None while it runs, then its exit status, 128 + n for signal n."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.code: int | None = None
        self._gone = asyncio.Event()
        self._handle = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._handle, self._collect)

    def is_stopped(self) -> bool:
        """Has a signal stopped it (SIGSTOP), and none let it go on since?"""
        if self.code is not None:
            return False
        with suppress(ChildProcessError):
            asked = os.WSTOPPED | os.WNOHANG | os.WNOWAIT  # it stays to be seen (waitid(2))
            return os.waitid(os.P_PID, self.pid, asked) is not None
        return False

    async def wait(self) -> int:
        """Return its exit status once it ended."""
        await self._gone.wait()
        assert self.code is not None
        return self.code

    def send(self, number: int) -> None:
        """Send a signal to the process and every other one in its group."""
        if self.code is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    async def end(self, first: int = signal.SIGINT, grace: float = GRACE_SECONDS) -> int:
        """Ask it to end; kill it when it has not within `grace` seconds."""
        self.send(first)
        with suppress(asyncio.TimeoutError):
            return await asyncio.wait_for(self.wait(), grace)
        self.send(signal.SIGKILL)
        return await self.wait()

    def _collect(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self.code = code if code >= 0 else 128 - code
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # what it left behind in its group
        self._gone.set()


async def run(job: Job, identity: Identity, able: Ability) -> AsyncGenerator[Said | Ended, None]:
    """Run `job`, yielding what it says and, last, how it ended.

    Close the iterator (contextlib.aclosing) to cancel: the job is gone before that returns.
    """
    running = _Running(job, identity, able)
    watch = asyncio.create_task(running.watch())
    try:
        async for said in running.output():
            yield said
        await watch
        yield running.last_word()
    finally:
        watch.cancel()
        await running.close()


@dataclass(slots=True)
class _Job:
    """What is counted while a job runs."""

    written: int = 0
    tail: bytes = b""
    stopped: Reason | None = None
    starved: bool = False
    memory: int = 0  # bytes at its most


class _Running:
    """One running job, its pipes and its control groups."""

    def __init__(self, job: Job, identity: Identity, able: Ability) -> None:
        self._limits = job.limits
        self._count = _Job()
        many = able.footing is Footing.MANY_USERS
        bounds = Bounds(job.limits.memory_bytes, job.limits.processes)
        self._groups = made(bounds) if many else ()
        self._deadline = time.monotonic() + job.limits.seconds
        files = [str(group.folder / "cgroup.procs") for group in self._groups]
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        stdin = _filled(job.stdin) if job.stdin else None
        self._pipes: dict[int, Literal["out", "err"]] = {out: "out", err: "err"}
        try:
            pid = spawn(
                wrapped(job, identity, able, files),
                environment(job),
                stdin=stdin,
                stdout=out_end,
                stderr=err_end,
            )
        except OSError:
            for fd in self._pipes:
                os.close(fd)
            removed(self._groups)
            raise
        finally:
            for fd in (out_end, err_end, *([] if stdin is None else [stdin])):
                os.close(fd)
        self._process = Process(pid)

    async def output(self) -> AsyncIterator[Said]:
        """Everything written until both pipes are closed, no more than the limit."""
        heard: asyncio.Queue[Said | None] = asyncio.Queue(maxsize=8)
        pumps = [asyncio.create_task(self._pump(fd, heard)) for fd in self._pipes]
        try:
            left = len(pumps)
            while left:
                said = await heard.get()
                if said is None:
                    left -= 1
                elif data := self._counted(said):
                    yield Said(said.stream, data)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def watch(self) -> None:
        """Hold the job to its limits until it ended; then nothing of it is left."""
        while self._process.code is None:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._process.wait()), LOOK_SECONDS)
            self._judge()
            if self._count.stopped is not None:
                await self._process.end()
        self._count.starved = self._count.starved or any(map(told, self._groups))
        self._count.memory = max(self._count.memory, peak(self._groups))

    def last_word(self) -> Ended:
        """How it ended; to be asked after `watch`."""
        code = self._process.code
        assert code is not None
        count = self._count
        end = ended(code, count.stopped, count.starved, self._limits, count.tail)
        return replace(end, memory=count.memory)

    async def close(self) -> None:
        """End the job if it still runs, and put away its pipes and control groups."""
        if self._process.code is None:
            await self._process.end()
        for fd in self._pipes:
            os.close(fd)
        self._pipes = {}
        await asyncio.shield(emptied(self._groups))  # also when the caller hangs up just now

    def _judge(self) -> None:
        count = self._count
        if self._process.code is not None or count.stopped is not None:
            return
        if time.monotonic() > self._deadline:
            count.stopped = "timeout"
        elif self._starving():
            count.stopped = "memory"

    def _starving(self) -> bool:
        """Did the kernel kill a part of the job for its memory, or must we do it?"""
        if self._groups:
            return any(map(told, self._groups))
        held = resident(self._process.pid)
        self._count.memory = max(self._count.memory, held)
        return held > self._limits.memory_bytes

    def _counted(self, said: Said) -> bytes:
        count = self._count
        room = self._limits.output_bytes - count.written
        count.written += len(said.data)
        if said.stream == "err":
            count.tail = (count.tail + said.data)[-TAIL_BYTES:]
        if count.written > self._limits.output_bytes and count.stopped is None:
            count.stopped = "output"
        return said.data[: max(room, 0)]

    async def _pump(self, fd: int, heard: "asyncio.Queue[Said | None]") -> None:
        os.set_blocking(fd, False)
        while data := await self._read(fd):
            await heard.put(Said(self._pipes[fd], data))
        await heard.put(None)

    async def _read(self, fd: int) -> bytes:
        """The next bytes; b"" at the end, or when the job is gone and left a writer behind."""
        while True:
            try:
                return os.read(fd, CHUNK_BYTES)
            except BlockingIOError:
                if self._process.code is not None:
                    return b""
                await _readable(fd, self._process)


async def _readable(fd: int, process: Process) -> None:
    """Wait until `fd` has something, or the process is gone."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    waits = [asyncio.create_task(ready.wait()), asyncio.create_task(process.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        loop.remove_reader(fd)
        for wait in waits:
            wait.cancel()


def _search_path() -> str:
    return "/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin"


def _namespaces_allowed(unshare: str) -> bool:
    argv = [unshare, "--user", "--map-root-user", "--net", "--mount", "true"]
    env = {"PATH": _search_path()}
    return subprocess.run(argv, env=env, capture_output=True, check=False).returncode == 0


def _lifted(fd: int) -> int:
    """A copy of `fd` far above the numbers that will be overwritten."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100)


def _filled(data: bytes) -> int:
    """A descriptor to read `data` from, in no file system."""
    fd = os.memfd_create("stdin")
    with open(fd, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
