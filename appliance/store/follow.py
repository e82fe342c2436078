"""Following other roles' files: four looks a second at PRAGMA data_version."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from appliance.errors import Unreachable
from appliance.store.open import reader

INTERVAL_SECONDS = 0.25


class Follower:
    """One file of another role; opens it when it appears, reopens it when it was replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None
        self._inode = 0

    @property
    def connection(self) -> sqlite3.Connection | None:
        """The read-only connection, None while the role has not started."""
        if self._connection is None:
            self._open()
        return self._connection

    def changed(self) -> bool:
        """Did anybody commit since the last call?  The first look at a file counts as a change."""
        if self._connection is not None and self._replaced():
            self.close()
        connection = self.connection
        if connection is None:
            return False
        try:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            self.close()
            return False
        fresh: bool = version != self._seen
        self._seen = version
        return fresh

    def close(self) -> None:
        """Let go of the file; the next look opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._seen = None, None

    def _open(self) -> None:
        try:
            self._inode = self.path.stat().st_ino
            self._connection = reader(self.path)
        except (OSError, Unreachable):
            self._connection = None

    def _replaced(self) -> bool:
        try:
            return self.path.stat().st_ino != self._inode
        except OSError:
            return True


async def follow(
    followers: Iterable[Follower], interval: float = INTERVAL_SECONDS
) -> AsyncIterator[tuple[Follower, ...]]:
    """Yield the followers whose files changed, whenever some did.  Never ends."""
    watched = tuple(followers)
    while True:
        changed = tuple(one for one in watched if one.changed())
        if changed:
            yield changed
        await asyncio.sleep(interval)
