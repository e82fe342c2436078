"""What `nixie run` does: start every role, keep it running, stop it.

One loop: look at the slices, the interfaces and the state directory, then at each process.
Anything that happens (a process ends, a role becomes ready) wakes it; otherwise it turns four times
a second.  Nothing that a role, a file or an interface does may end it.
"""

import asyncio
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from appliance.errors import Refused
from appliance.events import Event, FileGone, FileReplaced, RoleUnserved, WallLower, say
from appliance.model.slices import Slices
from appliance.roles import DAEMONS, OWN, RECALL, Role
from appliance.store.follow import Follower
from appliance.store.recall.open import recall_path
from appliance.store.slices import published
from appliance.store.standing.open import this_process
from appliance.supervise import Service, once
from appliance.supervise import supervise as keep
from services.processes.privileges import lower_walls, role_argv
from services.processes.serve import Broker
from services.processes.serve import serve as answer_asks
from services.supervisor.child import Child
from services.supervisor.daemon.driver import Command, Ground
from services.supervisor.daemons.driver import Daemons
from services.supervisor.held.driver import Held, Means
from services.supervisor.logs.driver import Logs
from services.supervisor.plan import (
    Plan,
    namespace_file,
    notify_path,
    role_environment,
    role_program,
)
from services.supervisor.sockets.driver import Look, Opened, Sockets, admin_local, unix_socket
from services.supervisor.sockets.listening import ADMIN_LOCAL, AT_ONCE, wanted
from services.supervisor.standby.driver import Standby
from services.supervisor.state.driver import Tree
from services.supervisor.state.tree import tree
from services.supervisor.status import Line, status
from services.supervisor.users.probe import users

TURN_SECONDS = 0.25
LOOK_SECONDS = 1.0
NIX_DAEMON = "nix-daemon"
NAMES, ASKED = "dns", ("dns-udp", "dns-tcp")
"""The role that answers on port 53, and how the names of its sockets begin."""
LASTING = frozenset({ADMIN_LOCAL, OWN, RECALL})
"""Sockets that belong to no interface."""


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
    try:
        ring = _Ring(plan, tell)
        try:
            await ring.run(stop)
        finally:
            await ring.close()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)


class _Ring:
    """All processes of one plan."""

    def __init__(self, plan: Plan, tell: Callable[[Event], None]) -> None:
        self._plan = plan
        self._tell_outside = tell
        self._events: deque[tuple[float, str]] = deque(maxlen=50)
        self._woken = asyncio.Event()
        self._status, self._self = "", this_process()
        others = [DAEMONS[name] for name in plan.daemons]
        roles = [*plan.roles.values(), *others]
        self._users = users(roles)
        self._tree = Tree(
            plan.state, tree(roles, self._users.roles, self._users.owner), chown=self._users.many
        )
        self._tree.make()
        self._lock = self._tree.take()
        self._tree.look()
        if plan.first is not None:
            self._tree.write("run/first.json", plan.first, lasting=True)
        self._logs = Logs(plan.state / "logs", self._users.owner.gid if self._users.many else None)
        self._walls = lower_walls(self._users.able, apart=plan.namespace is not None)
        self._ground = Ground(self._users, self._lowered)
        self._published = Follower(plan.state / "net.db")
        self._slices: Slices | None = None
        self._namespace = namespace_file(plan.namespace)
        self._inside, self._outside = Sockets(self._namespace), Sockets(None)
        self._standby = Standby(plan.patience.away_seconds)
        self._admin: Opened | None = None
        if plan.admin_local_port is not None:
            self._admin = Opened(admin_local(plan.admin_local_port), 0)
        self._own = self._command_socket() if "web" in plan.roles else None
        self._recall = {one.name: self._ear(one) for one in plan.roles.values() if one.remembers}
        self._roles = {role.name: self._role(role) for role in plan.roles.values()}
        self._daemons_told = Daemons(plan.daemons, self._users, plan.state, self._namespace)
        self._others = {role.name: self._other(role) for role in others}
        self._daemons = [] if plan.nix_daemon is None else [self._nix_daemon()]

    async def run(self, stop: asyncio.Event) -> None:
        """Turn until `stop`."""
        for sentence in self._walls:
            self._tell(WallLower(sentence))
        asks = asyncio.create_task(self._answer_asks())
        over = asyncio.create_task(stop.wait())
        over.add_done_callback(lambda _: self._woken.set())
        looked_at = -LOOK_SECONDS
        try:
            while not stop.is_set():
                self._woken.clear()
                now = time.monotonic()
                if self._sliced() or now - looked_at >= LOOK_SECONDS:
                    looked_at = now
                    await self._look()
                for held in self._held:
                    held.attend(able=self._able(held))
                self._stand_by()
                self._write_status()
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), TURN_SECONDS)
        finally:
            for task in (asks, over):
                task.cancel()
            await asyncio.gather(asks, over, return_exceptions=True)

    async def close(self) -> None:
        """Stop every process, then let go of what was held for them."""
        await asyncio.gather(*(held.close() for held in self._held))
        self._standby.close()
        await self._ground.close()
        self._inside.close()
        self._outside.close()
        self._published.close()
        self._tree.close()
        self._write_status()
        os.close(self._lock)

    # ── what there is to hold ────────────────────────────────────────────────────────────────────

    @property
    def _held(self) -> tuple[Held, ...]:
        return (*self._daemons, *self._roles.values(), *self._others.values())

    def _able(self, held: Held) -> bool:
        """Most roles have nothing to do before they have a socket."""
        if held.child.name in self._others:
            return self._daemons_told.able(held.child.name)
        needs_sockets = self._roles.keys() - AT_ONCE
        return held.child.name not in needs_sockets or bool(held.opened.keys() - {RECALL})

    def _stand_by(self) -> None:
        """Something always answers on port 53."""
        if (held := self._roles.get(NAMES)) is not None:
            questions = [one.socket for name, one in held.opened.items() if name.startswith(ASKED)]
            now = time.monotonic()
            self._standby.look(questions, serves=held.child.serves(now), now=now)

    def _role(self, role: Role) -> Held:
        signs = partial(
            unix_socket,
            notify_path(self._plan.state, role.name),
            socket.SOCK_DGRAM,
            self._users.roles[role.name],
            chown=self._users.many,
        )
        means = self._means(partial(self._role_command, role), signs)
        return Held(Child(role.name, self._plan.patience), means)

    def _ear(self, role: Role) -> Opened:
        """Where web alone may ask a role what it remembers."""
        path = recall_path(self._plan.state, role.name)
        asks = self._users.roles.get("web", self._users.owner)
        made = unix_socket(path, socket.SOCK_STREAM, asks, chown=self._users.many)
        path.chmod(0o600)
        return Opened(made, 0)

    def _command_socket(self) -> Opened | None:
        """Where the command line on this box asks web, for root alone.  It is held here, so that it
        is still there when web starts again on a disk that can only be read.  Below a directory
        with too long a name web makes it by itself."""
        with suppress(Refused):
            path, owner = self._plan.state / "secrets/web/api.sock", self._users.owner
            made = unix_socket(path, socket.SOCK_STREAM, owner, chown=self._users.many)
            path.chmod(0o600)
            return Opened(made, 0)
        return None

    def _other(self, role: Role) -> Held:
        means = self._means(lambda _opened: self._daemons_told.command(role), None)
        return Held(Child(role.name, self._plan.patience, beats=False), means)

    def _nix_daemon(self) -> Held:
        means = self._means(self._daemon_command, None)
        return Held(Child(NIX_DAEMON, self._plan.patience, beats=False), means)

    def _means(
        self,
        command: Callable[[Mapping[str, Opened]], Command],
        signs: Callable[[], socket.socket] | None,
    ) -> Means:
        return Means(command, signs, self._logs, self._tell, self._woken.set)

    def _role_command(self, role: Role, opened: Mapping[str, Opened]) -> Command:
        argv = role_argv(
            role_program(self._plan, role),
            self._users.roles[role.name],
            self._users.able,
            folder=str(self._plan.installed.program),
            namespace=self._namespace if role.inside else None,
        )
        return argv, role_environment(self._plan, role, list(opened))

    def _daemon_command(self, _opened: Mapping[str, Opened]) -> Command:
        assert self._plan.nix_daemon is not None
        return self._ground.command(self._plan.nix_daemon())

    # ── a look around ────────────────────────────────────────────────────────────────────────────

    def _sliced(self) -> bool:
        """Read the slices again if net published others; True when they changed."""
        if not self._published.changed():
            return False
        before = self._slices
        self._slices = published(self._published) or before
        return self._slices != before

    async def _look(self) -> None:
        """Mend the state directory, cap the logs, bring each role's sockets to the slices."""
        for lost in self._tree.look():
            place, kind = lost.place, FileReplaced if lost.replaced else FileGone
            self._tell(kind(str(self._plan.state / place.path)))
            if place.writer:
                {**self._roles, **self._others}[place.writer].retire()  # it has the old one open
        self._renew_daemon()
        for held in self._held:
            self._logs.trim(held.child.name)
        if self._slices is not None:
            for other in self._others.values():
                self._daemons_told.look(other, self._slices, self._tell)
        for role in self._plan.roles.values():
            if role.sockets or role.remembers:
                await self._look_at_sockets(role, self._roles[role.name])

    def _renew_daemon(self) -> None:
        """Start our nix-daemon again when it was told other caches since.

        Who is served by it already is served to the end, by a process of its own.
        """
        if self._ground.is_old():
            for daemon in self._daemons:
                daemon.retire()

    async def _look_at_sockets(self, role: Role, held: Held) -> None:
        local = {ADMIN_LOCAL: self._admin} if self._admin and "admin" in role.sockets else {}
        if role.name in self._recall:
            local[RECALL] = self._recall[role.name]
        if role.name == "web" and self._own:
            local[OWN] = self._own
        listens = wanted(role, self._slices, admin_local=self._admin is not None)
        have = {name: one for name, one in held.opened.items() if name not in LASTING}
        look: Look = await (self._inside if role.inside else self._outside).look(listens, have)
        for name, what in look.problems.items():
            if held.problems.get(name) != what:
                self._tell(RoleUnserved(role.name, name, what))
        held.problems = dict(look.problems)
        held.have({**look.opened, **local})

    # ── the broker, and telling ──────────────────────────────────────────────────────────────────

    async def _answer_asks(self) -> None:
        roles = {name: self._users.uid(name) for name in self._users.roles}
        broker = Broker(
            installed=self._plan.installed,
            verbs=self._plan.verbs,
            callers={
                uid: frozenset(name for name, other in roles.items() if other == uid)
                for uid in roles.values()
            },
            users=self._users.confined,
            ability=self._users.able,
            hidden=(str(self._plan.state / "secrets"),),
        )

        async def answer() -> None:
            path = self._plan.state / "run" / "broker.sock"
            owner = self._users.owner
            await answer_asks(
                unix_socket(path, socket.SOCK_STREAM, owner, chown=self._users.many), broker
            )

        await keep(once(Service("broker", None, answer)), self._tell)

    def _lowered(self, wall: str) -> None:
        """A wall turned out to be lower than it should be; that is told once."""
        if wall not in self._walls:
            self._walls = (*self._walls, wall)
            self._tell(WallLower(wall))

    def _tell(self, event: Event) -> None:
        self._events.append((time.time(), say(event)))
        self._tell_outside(event)

    def _write_status(self) -> None:
        text = status(
            self._self,
            [Line(held.child, tuple(held.opened), held.problems) for held in self._held],
            self._walls,
            self._events,
        )
        if text == self._status:
            return
        with suppress(OSError):  # a full disk ends nobody; it is tried again at the next turn
            self._tree.write("run/supervisor.json", text)
            self._status = text
