"""The door to the programs of others: told what to do by files, started, told again, stopped."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from appliance.events import Event, RoleUnserved
from appliance.model.slices import Slices
from appliance.roles import Role
from services.processes.privileges import Identity, role_argv
from services.processes.program import Daemon, Program
from services.supervisor.daemon.driver import Command
from services.supervisor.held.driver import Held
from services.supervisor.users.probe import Users

ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


class Daemons:
    """What each is told now.  `state` holds a folder for each, `namespace` is where they live."""

    def __init__(
        self, daemons: Mapping[str, Daemon], users: Users, state: Path, namespace: str | None
    ) -> None:
        self._daemons, self._users, self._state = daemons, users, state
        self._namespace = namespace
        self._wanted: dict[str, Program | None] = {}

    def able(self, name: str) -> bool:
        """Has it anything to do?"""
        return self._wanted.get(name) is not None

    def command(self, role: Role) -> Command:
        """How it is started now."""
        wanted = self._wanted[role.name]
        assert wanted
        argv = role_argv(
            wanted.argv,
            self._identity(role, wanted),
            self._users.able,
            folder="/",
            namespace=self._namespace if role.inside else None,
            binds=wanted.binds,
            locked=wanted.locked,
        )
        return argv, dict(ENVIRONMENT)

    def _identity(self, role: Role, wanted: Program) -> Identity:
        """Who it runs as, with the capabilities that it needs this time."""
        whole = self._users.roles[role.name]
        kept = tuple(one for one in whole.capabilities if one not in wanted.spares)
        return replace(whole, capabilities=kept)

    def look(self, held: Held, slices: Slices, tell: Callable[[Event], None]) -> None:
        """Bring one of them to what net published."""
        name = held.child.name
        before, wanted = self._wanted.get(name), self._asked(held, slices, tell)
        if wanted == before:
            return
        self._wanted[name] = wanted
        if wanted is not None:
            self._write(name, wanted.files)
        if wanted and before and replace(before, files=wanted.files) == wanted and wanted.reloads:
            held.reload()
        else:
            held.retire()

    def _asked(self, held: Held, slices: Slices, tell: Callable[[Event], None]) -> Program | None:
        name = held.child.name
        daemon, folder = self._daemons[name], self._state / name
        wanted = daemon.request(daemon.program or Path(name), folder, slices)
        problem = self._why_not(daemon, name) if wanted else ""
        if problem and held.problems.get("program") != problem:
            tell(RoleUnserved(name, "program", problem))
        held.problems = {"program": problem} if problem else {}
        return None if problem else wanted

    def _why_not(self, daemon: Daemon, name: str) -> str:
        if daemon.program is None:
            return f"{name} is not installed: run the set-up again."
        if not self._users.able.root:
            return f"{name} needs rights that only root can give: start Nixie as root."
        return ""

    def _write(self, name: str, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            file = self._state / name / path
            fresh = file.with_name(f"{file.name}.new")
            fresh.write_text(text)
            os.chmod(fresh, 0o644)
            fresh.replace(file)
