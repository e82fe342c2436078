"""The door to what our nix-daemon stands on: folders, settings, and the bounds of its builds."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from services.nix.daemon import DaemonRequest
from services.processes.cgroups.driver import emptied, made, removed
from services.processes.cgroups.place import Group
from services.processes.privileges import bounded, mortal, shared_builds
from services.supervisor.users.probe import Users

Command = tuple[list[str], dict[str, str]]
"""A whole argv, and a whole environment."""


class Ground:
    """Kept from one start of the daemon to the next; `lowered` hears of walls that are missing."""

    def __init__(self, users: Users, lowered: Callable[[str], None]) -> None:
        self._users, self._lowered = users, lowered
        self._groups: tuple[Group, ...] = ()
        self._made_from: Mapping[Path, str] = {}

    def command(self, request: DaemonRequest) -> Command:
        """Prepare everything, and say how the daemon is started.  Raises OSError."""
        self._prepare(request)
        self._made_from = request.made_from
        able = self._users.able
        return [*mortal(able), *self._bounds(request), *request.argv], dict(request.env)

    def is_old(self) -> bool:
        """The daemon was started with settings that were changed since."""
        return any(_text(path) != text for path, text in self._made_from.items())

    async def close(self) -> None:
        """End what is left of its builds."""
        await emptied(self._groups)

    def _prepare(self, request: DaemonRequest) -> None:
        """Make the folders and write the files that `request` names."""
        confined = self._users.confined
        for folder in request.folders:
            folder.path.mkdir(parents=True, exist_ok=True)
            os.chmod(folder.path, folder.mode)
            if self._users.many and folder.owner in confined:
                who = confined[folder.owner]
                os.chown(folder.path, who.uid, who.gid)
        for path, text in request.files.items():
            fresh = path.with_name(f"{path.name}.new")
            fresh.write_text(text)
            os.chmod(fresh, 0o644)
            fresh.replace(path)

    def _bounds(self, request: DaemonRequest) -> list[str]:
        """Make fresh control groups for the daemon; old ones go once nothing is in them."""
        removed(self._groups)
        fresh = made(request.bounds) if self._users.many else ()
        self._groups = (*self._groups, *fresh)
        if not fresh:
            self._lowered(shared_builds(request.bounds))
        files = [str(group.folder / "cgroup.procs") for group in fresh]
        return bounded(self._users.able, files, request.bounds)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
