"""The door to one supervised process: started, listened to, killed when silent, started again."""

import asyncio
import errno
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass

from appliance.errors import NixieError
from appliance.events import Event, RoleEnded, RoleReady, ServiceFailed
from services.processes import driver as processes
from services.supervisor.child import Child, State
from services.supervisor.daemon.driver import Command
from services.supervisor.logs.driver import Logs, write_line
from services.supervisor.sockets.driver import Opened
from services.systemd.notify import heard

STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Means:
    """What one process is started with.

    `command` is asked at each start and may raise OSError or NixieError; `signs` makes the socket
    that its signs of life come to, None where it gives none.
    """

    command: Callable[[Mapping[str, Opened]], Command]
    signs: Callable[[], socket.socket] | None
    logs: Logs
    tell: Callable[[Event], None]
    wake: Callable[[], None]


class Held:
    """One child with all that is held for it; `opened` are the sockets it shall have, by name."""

    def __init__(self, child: Child, means: Means) -> None:
        self.child = child
        self.opened: dict[str, Opened] = {}
        self.problems: dict[str, str] = {}  # socket name to why it is missing
        self._means = means
        self._handed: tuple[Opened, ...] = ()
        self._signs: socket.socket | None = None
        self._process: processes.Process | None = None
        self._logged = 0  # bytes in its log when it was started
        self._tasks: set[asyncio.Task[int]] = set()

    def attend(self, *, able: bool) -> None:
        """Do what is due now; it is started only when it is `able` to work."""
        self._hear()  # first: we may have slept ourselves
        now = time.monotonic()
        if self._process is not None:
            self.child.seen(stopped=self._process.is_stopped(), now=now)
        due = self.child.due(now)
        if due == "kill" and self._process is not None:
            self.child.silenced()
            self._process.send(signal.SIGKILL)
        elif due == "start" and able:
            self._start()

    def have(self, opened: Mapping[str, Opened]) -> None:
        """From now on these are its sockets; a process that was handed others starts again."""
        self.opened = dict(opened)
        if self.child.alive and set(self._handed) != set(opened.values()):
            self.retire()

    def retire(self) -> None:
        """Stop it on purpose; it starts again when it is able to work."""
        if self._process is not None and self.child.state is not State.ENDING:
            self.child.retire()
            self._follow(self._process.end(signal.SIGTERM, STOP_SECONDS))

    def reload(self) -> None:
        """Tell it to read its configuration again."""
        if self._process is not None and self.child.state is not State.ENDING:
            self._process.send(signal.SIGHUP)

    async def close(self) -> None:
        """Stop it, and let go of all that was held for it."""
        self.retire()
        await asyncio.gather(*self._tasks)
        self._listen(None)
        for opened in self.opened.values():
            opened.socket.close()

    def _start(self) -> None:
        name, means = self.child.name, self._means
        log = means.logs.open(name)
        self._logged = os.fstat(log).st_size
        try:
            self._listen(means.signs)
            argv, env = means.command(self.opened)
            handed = tuple(self.opened.values())
            passed = [one.socket.fileno() for one in handed]
            pid = processes.spawn(argv, env, stdout=log, stderr=log, passed=passed)
        except (OSError, NixieError) as error:
            write_line(log, f"{name} could not be started: {error}")
            self.child.started(0, time.monotonic())
            self._ended(127)
            return
        finally:
            os.close(log)
        self._handed = handed
        self._process = processes.Process(pid)
        self.child.started(pid, time.monotonic())
        self._follow(self._watch(self._process))

    def _listen(self, signs: Callable[[], socket.socket] | None) -> None:
        """Have a fresh socket for the signs of life of the next process, None for no more.

        On a disk that can only be read it keeps the one that is there.
        """
        loop, before = asyncio.get_running_loop(), self._signs
        try:
            fresh = signs() if signs is not None else None
        except OSError as error:
            if before is None or error.errno != errno.EROFS:
                raise
            return
        if before is not None:
            loop.remove_reader(before)
            before.close()
        if fresh is not None:
            loop.add_reader(fresh, self._hear)
        self._signs = fresh

    def _hear(self) -> None:
        """Drain its signs of life."""
        if self._signs is None:
            return
        with suppress(BlockingIOError):
            while True:
                fields = heard(self._signs.recv(4096))
                if not self.child.alive:
                    continue
                if words := fields.get("STATUS"):
                    self.child.said(words)
                if self.child.heard(ready=fields.get("READY") == "1", now=time.monotonic()):
                    self._means.tell(RoleReady(self.child.name, self.child.pid or 0))
                    self._means.wake()

    async def _watch(self, process: processes.Process) -> int:
        code = await process.wait()
        self._process = None
        self._ended(code)
        return code

    def _ended(self, code: int) -> None:
        self._hear()  # its last words
        line = self._means.logs.last_line(self.child.name, self._logged)
        pause = self.child.ended(code, time.monotonic(), line)
        self._handed = ()
        if pause == 0:
            self._means.tell(RoleEnded(self.child.name, self.child.why))
        elif pause is not None:
            self._means.tell(ServiceFailed(self.child.name, self.child.why, pause))
        self._means.wake()

    def _follow(self, work: Coroutine[None, None, int]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
