"""The door to SQLite files: one writer each, everybody else read-only.

WAL everywhere; FULL sync, because what was said to be done is done after a power cut.  Readers
open with mode=ro and never immutable=1, so they see commits as they happen.
"""

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from appliance.errors import READ_ONLY, Unreachable
from appliance.model.names import uuid7

ROOM_BYTES = 1 << 20
"""What each file keeps free in itself."""
LOG_PAGES = 128
"""Of 4 KiB: what a log may hold before it is moved into its file; half of ROOM_BYTES."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def now() -> float:
    """Unix seconds, UTC: the only kind of time that is stored."""
    return time.time()


def uptime() -> float:
    """Seconds since the machine started, those that it slept included (CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def free_on(folder: Path) -> int:
    """Bytes that anybody may still write on the disk of `folder`.  Raises OSError."""
    there = os.statvfs(folder)
    return there.f_bavail * there.f_frsize


def new_id() -> str:
    """A fresh time-ordered id."""
    return uuid7(now(), os.urandom(10))


def writer(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """Open `path` for its one writing role and bring its tables up to date.

    `migrations` are SQL scripts; `PRAGMA user_version` says how many have run.  Transactions are
    explicit (`begin` … `commit`).  On a disk that can only be read, what it holds is copied, and
    the work goes on in memory.  Raises Unreachable when the file was written by a newer Nixie.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        if can_only_be_read(connection):
            connection = remembered(connection)
        _bring_up_to_date(connection, path.name, migrations)
    except BaseException:
        connection.close()
        raise
    with suppress(sqlite3.Error):  # there is no room to keep any
        keep_room(connection)
    return connection


def in_memory(connection: sqlite3.Connection) -> bool:
    """Does the work go on in memory, because the disk can only be read?"""
    ((_, _, file),) = connection.execute("PRAGMA database_list").fetchall()
    return not file


def can_only_be_read(connection: sqlite3.Connection) -> bool:
    """Is the disk like that?  Asked by a change that is taken back before it reaches it."""
    (done,) = connection.execute("PRAGMA user_version").fetchone()
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA user_version={done}")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorname in READ_ONLY
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return False


def remembered(connection: sqlite3.Connection) -> sqlite3.Connection:
    """All of it, in memory; `connection` is closed."""
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with closing(connection):
        connection.backup(memory)
    return memory


def _bring_up_to_date(connection: sqlite3.Connection, name: str, migrations: Sequence[str]) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
    (done,) = connection.execute("PRAGMA user_version").fetchone()
    if done > len(migrations):
        raise Unreachable(
            f"{name} was written by a newer Nixie (its layout is {done}, this one knows "
            f"{len(migrations)}). Start the newer version, or restore the backup made before it."
        )
    for number, script in enumerate(migrations[done:], start=done + 1):
        connection.executescript(f"begin; {script}; PRAGMA user_version={number}; commit;")


def begin(path: Path) -> None:
    """Make an empty file in WAL mode, for its writer to come.  Raises Unreachable."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise Unreachable(f"{path} cannot be made: {error}.") from error
    finally:
        connection.close()


def hold(path: Path) -> sqlite3.Connection:
    """A connection whose only use is that `-wal` and `-shm` remain while it is open.

    Raises sqlite3.Error when the file is damaged.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def keep_room(connection: sqlite3.Connection) -> None:
    """Have free pages in the file and a log of their size, so that a full disk ends nobody's work.

    SQLite writes into both before it asks the disk for more.  The log begins anew long before it is
    as long as that (LOG_PAGES), so leases and boots go on.
    """
    connection.execute("DROP TABLE IF EXISTS room")  # a power cut left it
    connection.execute("CREATE TABLE room (bytes BLOB)")
    connection.execute("INSERT INTO room VALUES (zeroblob(?))", (ROOM_BYTES,))
    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()  # readers are waited for
    connection.execute("DROP TABLE room")
    connection.execute("PRAGMA shrink_memory")  # all of it went through the cache


def reader(path: Path) -> sqlite3.Connection:
    """Open another role's file.  Raises Unreachable when that role has not started yet.

    The supervisor makes every file, empty, before its writer starts: no table means not started.
    """
    try:
        connection = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA busy_timeout=5000")
        begun = connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise Unreachable(
            f"{path.name} cannot be read ({error}): the role that writes it has not started."
        ) from error
    if begun is None:
        connection.close()
        raise Unreachable(f"{path.name} is empty: the role that writes it has not started.")
    return connection


def started(path: Path) -> bool:
    """Has the role that writes `path` made its tables there?"""
    try:
        reader(path).close()
    except Unreachable:
        return False
    return True
