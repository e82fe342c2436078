"""What `nixie run` does: start every role, keep it running, stop it.

One loop: look at the slices and the interfaces, then at each process.  Anything that happens (a
process ends, a role beats) wakes it; otherwise it turns four times a second.
"""

import asyncio
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from appliance.errors import NixieError
from appliance.events import Event, RoleReady, RoleUnserved, ServiceFailed, WallLower, say
from appliance.model.slices import Slices
from appliance.roles import GROUP, Role
from appliance.store.follow import Follower
from appliance.store.trials import slices as published_slices
from appliance.supervise import Service, once
from appliance.supervise import supervise as keep
from services.nix.daemon import DaemonRequest
from services.processes import driver as processes
from services.processes.cgroups.driver import emptied, made, removed
from services.processes.cgroups.place import Group
from services.processes.privileges import (
    Footing,
    Identity,
    bounded,
    identities,
    lower_walls,
    mortal,
    role_argv,
    shared_builds,
)
from services.processes.serve import Broker
from services.processes.serve import serve as answer_asks
from services.supervisor.child import Child, State
from services.supervisor.driver import (
    Databases,
    Look,
    Opened,
    Sockets,
    admin_local,
    log_file,
    make_tree,
    prepare,
    take_state,
    trim_log,
    unix_socket,
    write_line,
    write_status,
)
from services.supervisor.listening import ADMIN_LOCAL, AT_ONCE, Listen, wanted
from services.supervisor.plan import (
    Plan,
    namespace_file,
    notify_path,
    role_environment,
    role_program,
)
from services.supervisor.status import Line, status
from services.supervisor.tree import tree
from services.systemd.notify import heard

TURN_SECONDS = 0.25
LOOK_SECONDS = 1.0
STOP_SECONDS = 5.0
NIX_DAEMON = "nix-daemon"


async def supervise(
    plan: Plan, tell: Callable[[Event], None], stopping: asyncio.Event | None = None
) -> None:
    """Run everything until SIGTERM, SIGINT or `stopping`; then stop it, within seconds.

    Raises Refused when the state directory or the admin's port cannot be had.
    """
    stop = stopping or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    ring = _Ring(plan, tell)
    try:
        await ring.run(stop)
    finally:
        await ring.close()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)


@dataclass(slots=True)
class _Held:
    """One child with what the supervisor holds for it."""

    child: Child
    role: Role | None  # None: nix-daemon
    beats: socket.socket | None = None
    process: processes.Process | None = None
    handed: tuple[Opened, ...] = ()
    tasks: set[asyncio.Task[int]] = field(default_factory=set)
    opened: dict[str, Opened] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def follow(self, work: Coroutine[None, None, int]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class _Ring:
    def __init__(self, plan: Plan, tell: Callable[[Event], None]) -> None:
        self._plan = plan
        self._tell_outside = tell
        self._events: deque[tuple[float, str]] = deque(maxlen=50)
        self._woken = asyncio.Event()
        self._status = ""
        self._slices: Slices | None = None
        roles = plan.roles.values()
        self._users, self._confined = identities(
            roles, Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
        )
        everyone = (*self._users.values(), *self._confined.values())
        self._able = processes.ability([one.uid for one in everyone])
        self._walls = lower_walls(self._able)
        self._groups: tuple[Group, ...] = ()  # of the daemon
        many = self._able.footing is Footing.MANY_USERS
        gid = next((one.gid for one in self._users.values()), GROUP[1])
        self._owner = Identity("root", os.geteuid(), gid if many else os.getegid())
        self._many = many
        places = tree(roles, self._users, self._owner)
        make_tree(plan.state, places, chown=many)
        self._lock = take_state(plan.state)
        self._databases = Databases(
            [plan.state / place.path for place in places if place.kind == "database"]
        )
        self._databases.hold()
        self._follower = Follower(plan.state / "net.db")
        self._namespace = namespace_file(plan.namespace)
        self._inside, self._outside = Sockets(self._namespace), Sockets(None)
        self._admin: Opened | None = None
        if plan.admin_local_port is not None:
            self._admin = Opened(admin_local(plan.admin_local_port), 0)
        self._held = [self._hold(role) for role in roles]
        if plan.nix_daemon is not None:
            self._held.insert(0, _Held(Child(NIX_DAEMON, plan.patience, beats=False), None))

    async def run(self, stop: asyncio.Event) -> None:
        for sentence in self._walls:
            self._tell(WallLower(sentence))
        asks = asyncio.create_task(self._broker())
        over = asyncio.create_task(stop.wait())
        over.add_done_callback(lambda _: self._woken.set())
        looked_at = -LOOK_SECONDS
        try:
            while not stop.is_set():
                self._woken.clear()
                now = time.monotonic()
                fresh = self._published()
                if fresh or now - looked_at >= LOOK_SECONDS:
                    looked_at = now
                    await self._look()
                for held in self._held:
                    self._attend(held)
                self._write_status()
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), TURN_SECONDS)
        finally:
            for task in (asks, over):
                task.cancel()
            await asyncio.gather(asks, over, return_exceptions=True)

    async def close(self) -> None:
        """Stop every process, then let go of what was held for them."""
        for held in self._held:
            self._retire(held)
        await asyncio.gather(*(task for held in self._held for task in held.tasks))
        await emptied(self._groups)
        for held in self._held:
            if held.beats is not None:
                asyncio.get_running_loop().remove_reader(held.beats)
                held.beats.close()
            for opened in held.opened.values():
                opened.socket.close()
        self._inside.close()
        self._outside.close()
        self._follower.close()
        self._databases.close()
        self._write_status()
        os.close(self._lock)

    # ── what there is to listen on ────────────────────────────────────────────────────────────────

    def _published(self) -> bool:
        """Read the slices again if net published others; True when they changed."""
        if not self._follower.changed() or self._follower.connection is None:
            return False
        before = self._slices
        self._slices = published_slices(self._follower.connection)
        return self._slices != before

    async def _look(self) -> None:
        self._databases.hold()
        for held in self._held:
            trim_log(self._logs, held.child.name)
            if held.role is None or not held.role.sockets:
                continue
            sockets = self._inside if held.role.inside else self._outside
            kept = {name: one for name, one in held.opened.items() if name != ADMIN_LOCAL}
            self._take(held, await sockets.look(self._listens(held.role), kept))

    def _listens(self, role: Role) -> tuple[Listen, ...]:
        found = wanted(role, self._slices)
        if self._plan.admin_local_port is None:
            return found
        return tuple(listen for listen in found if not listen.name.startswith("admin."))

    def _take(self, held: _Held, look: Look) -> None:
        assert held.role is not None
        held.opened = dict(look.opened)
        if self._admin is not None and "admin" in held.role.sockets:
            held.opened[ADMIN_LOCAL] = self._admin
        for name, what in look.problems.items():
            if held.problems.get(name) != what:
                self._tell(RoleUnserved(held.role.name, name, what))
        held.problems = dict(look.problems)
        if held.child.alive and set(held.handed) != set(held.opened.values()):
            self._retire(held)

    # ── processes ─────────────────────────────────────────────────────────────────────────────────

    @property
    def _logs(self) -> Path:
        return self._plan.state / "logs"

    def _hold(self, role: Role) -> _Held:
        path = notify_path(self._plan.state, role.name)
        who = self._users[role.name]
        beats = unix_socket(path, socket.SOCK_DGRAM, who, chown=self._many)
        held = _Held(Child(role.name, self._plan.patience), role, beats)
        asyncio.get_running_loop().add_reader(beats, self._hear, held)
        return held

    def _hear(self, held: _Held) -> None:
        """Drain the life signs of one role."""
        assert held.beats is not None
        with suppress(BlockingIOError):
            while True:
                fields = heard(held.beats.recv(4096))
                if not held.child.alive:
                    continue
                if words := fields.get("STATUS"):
                    held.child.said(words)
                if held.child.heard(ready=fields.get("READY") == "1", now=time.monotonic()):
                    self._tell(RoleReady(held.child.name, held.child.pid or 0))
                    self._woken.set()

    def _attend(self, held: _Held) -> None:
        if held.beats is not None:
            self._hear(held)  # first: we may have slept ourselves
        due = held.child.due(time.monotonic())
        if due == "kill" and held.process is not None:
            held.child.silenced()
            held.process.send(signal.SIGKILL)
        elif due == "start" and self._has_what_it_needs(held):
            self._start(held)

    def _has_what_it_needs(self, held: _Held) -> bool:
        return held.role is None or held.role.name in AT_ONCE or bool(held.opened)

    def _start(self, held: _Held) -> None:
        name = held.child.name
        descriptor = log_file(self._logs, name, self._owner.gid if self._many else None)
        try:
            argv, env = self._command(held)
            handed = tuple(held.opened.values())
            pid = processes.spawn(
                argv,
                env,
                stdout=descriptor,
                stderr=descriptor,
                passed=[one.socket.fileno() for one in handed],
            )
        except (OSError, NixieError) as error:
            write_line(descriptor, f"{name} could not be started: {error}")
            held.child.started(0, time.monotonic())
            self._failed(held, 127)
            return
        finally:
            os.close(descriptor)
        held.handed = handed
        held.process = processes.Process(pid)
        held.child.started(pid, time.monotonic())
        held.follow(self._watch(held, held.process))

    async def _watch(self, held: _Held, process: processes.Process) -> int:
        code = await process.wait()
        held.process = None
        self._failed(held, code)
        return code

    def _failed(self, held: _Held, code: int) -> None:
        if held.beats is not None:
            self._hear(held)  # its last words
        pause = held.child.ended(code, time.monotonic())
        held.handed = ()
        if pause:
            self._tell(ServiceFailed(held.child.name, held.child.why, pause))
        self._woken.set()

    def _retire(self, held: _Held) -> None:
        """Stop a process on purpose; it starts again when it has what it needs."""
        if held.process is not None and held.child.state is not State.ENDING:
            held.child.retire()
            held.follow(held.process.end(signal.SIGTERM, STOP_SECONDS))

    def _command(self, held: _Held) -> tuple[list[str], dict[str, str]]:
        plan, role = self._plan, held.role
        if role is not None:
            argv = role_argv(
                role_program(plan, role),
                self._users[role.name],
                self._able,
                folder=str(plan.installed.program),
                namespace=self._namespace if role.inside else None,
            )
            return argv, role_environment(plan, role, list(held.opened))
        assert plan.nix_daemon is not None
        request = plan.nix_daemon()
        prepare(request, self._confined, chown=self._many)
        return [*mortal(self._able), *self._bounded(request), *request.argv], dict(request.env)

    def _bounded(self, request: DaemonRequest) -> list[str]:
        """Make fresh control groups for the daemon; old ones go once nothing is in them."""
        removed(self._groups)
        fresh = made(request.bounds) if self._many else ()
        self._groups = (*self._groups, *fresh)
        if not fresh and (wall := shared_builds(request.bounds)) not in self._walls:
            self._walls = (*self._walls, wall)
            self._tell(WallLower(wall))
        files = [str(group.folder / "cgroup.procs") for group in fresh]
        return bounded(self._able, files, request.bounds)

    # ── telling ───────────────────────────────────────────────────────────────────────────────────

    async def _broker(self) -> None:
        uids = {name: one.uid if self._many else os.geteuid() for name, one in self._users.items()}
        broker = Broker(
            installed=self._plan.installed,
            verbs=self._plan.verbs,
            callers={
                uid: frozenset(name for name, other in uids.items() if other == uid)
                for uid in uids.values()
            },
            users=self._confined,
            ability=self._able,
            hidden=(str(self._plan.state / "secrets"),),
        )

        async def answer() -> None:
            path = self._plan.state / "run" / "broker.sock"
            made = unix_socket(path, socket.SOCK_STREAM, self._owner, chown=self._many)
            await answer_asks(made, broker)

        await keep(once(Service("broker", None, answer)), self._tell)

    def _tell(self, event: Event) -> None:
        self._events.append((time.time(), say(event)))
        self._tell_outside(event)

    def _write_status(self) -> None:
        text = status(
            os.getpid(),
            [Line(held.child, tuple(held.opened), held.problems) for held in self._held],
            self._walls,
            self._events,
        )
        if text == self._status:
            return
        with suppress(OSError):  # a full disk ends nobody; it is tried again at the next turn
            write_status(self._plan.state, text)
            self._status = text
