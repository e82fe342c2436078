"""The door to the state directory: made at the start, mended while roles run.

What somebody takes away is made again, empty.  Its writer has to start anew then: it still holds
the file that nobody else finds any more.
"""

import fcntl
import os
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Problem, Refused, Unreachable
from appliance.store.open import begin, hold
from services.supervisor.state.tree import Place

BESIDE = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Lost:
    """A place that was gone, or that something else was put in place of."""

    place: Place
    replaced: bool


@dataclass(frozen=True, slots=True)
class _Hold:
    """A database that is kept open, with the inodes that it and its log had."""

    connection: sqlite3.Connection
    inode: int
    log: int | None


class Tree:
    """The state directory of one supervisor; `chown` hands each place to its writer."""

    def __init__(self, folder: Path, places: Sequence[Place], *, chown: bool) -> None:
        self._folder, self._places, self._chown = folder, tuple(places), chown
        self._held: dict[Path, _Hold] = {}

    def make(self) -> None:
        """Make every place, or mend whose it is.  Raises Refused when it cannot be made."""
        try:
            for place in self._places:
                if self._chown and place.kind == "folder" and place.path:
                    _hand_over(self._folder / place.path, place)
                self._make(place)
        except OSError as error:
            raise Refused(
                Problem(
                    ("state",),
                    f"The state directory {self._folder} cannot be made ({error.strerror}: "
                    f"{error.filename}): choose another with --state.",
                )
            ) from error

    def take(self) -> int:
        """Take the directory for this process alone; the lock goes with the descriptor.

        Raises Refused when another supervisor has it.
        """
        descriptor = os.open(
            self._folder / "run/supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            what = (
                f"Another nixie run uses {self._folder}: stop it, or choose another with --state."
            )
            raise Refused(Problem(("state",), what)) from error
        return descriptor

    def look(self) -> tuple[Lost, ...]:
        """Make again what is gone, and hold every database; returns what was gone or replaced.

        What cannot be made or held now is tried again at the next look.
        """
        lost = []
        for place in self._places:
            with suppress(OSError, Unreachable):
                if found := self._missed(place):
                    lost.append(found)
            if place.kind == "database":
                self._hold(self._folder / place.path)
        return tuple(lost)

    def write(self, name: str, text: str, *, lasting: bool = False) -> None:
        """Replace a file of ours whole, readable for the group.  Raises OSError.

        `lasting` also waits until the disk has it.
        """
        path = self._folder / name
        fresh = path.with_name(f"{path.name}.new")
        with fresh.open("w") as file:
            os.fchmod(file.fileno(), 0o640)
            if self._chown:
                os.fchown(file.fileno(), *self._ours)
            file.write(text)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path)

    def close(self) -> None:
        """Let go of every database; the last one out checkpoints."""
        for path in tuple(self._held):
            self._held.pop(path).connection.close()

    @property
    def _ours(self) -> tuple[int, int]:
        return self._places[0].uid, self._places[0].gid

    def _missed(self, place: Place) -> Lost | None:
        path = self._folder / place.path
        present, held = _inode(path), self._held.get(path)
        replaced = held is not None and present is not None and held.inode != present
        if present is not None and not replaced:
            return None
        self._release(path)
        self._make(place)
        return Lost(place, replaced)

    def _hold(self, path: Path) -> None:
        """Keep a database open; what is wrong with a damaged one, its writer says."""
        if path not in self._held:
            with suppress(OSError, sqlite3.Error):
                held = hold(path)
                self._held[path] = _Hold(held, path.stat().st_ino, _inode(_beside(path)[0]))

    def _release(self, path: Path) -> None:
        """Let go of a database that is gone; what lies beside its name belongs to it."""
        held = self._held.pop(path, None)
        if held is None:
            return
        held.connection.close()
        if held.log is not None and _inode(_beside(path)[0]) == held.log:
            for one in _beside(path):
                one.unlink(missing_ok=True)

    def _make(self, place: Place) -> None:
        path = self._folder / place.path
        if place.kind == "folder":
            path.mkdir(parents=True, exist_ok=True)
        elif not path.exists():
            begin(path)
        beside = _beside(path) if place.kind == "database" else ()
        for one in (path, *filter(Path.exists, beside)):
            if self._chown:
                os.chown(one, place.uid, place.gid)
            os.chmod(one, place.mode)


def _beside(path: Path) -> tuple[Path, ...]:
    return tuple(Path(f"{path}{end}") for end in BESIDE)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _hand_over(folder: Path, place: Place) -> None:
    """Give a whole folder to its writer, when the state was last used with other users."""
    if not folder.exists() or folder.stat().st_uid == place.uid:
        return
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(parent, name)
            if not stat.S_ISLNK(os.lstat(path).st_mode):
                os.chown(path, place.uid, place.gid, follow_symlinks=False)
