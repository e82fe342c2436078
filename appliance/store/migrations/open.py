"""The door to nixie.db and access.db for their one writer, web.

WAL, FULL sync, foreign keys; transactions begin IMMEDIATE, so that two writers queue instead of
failing half-way, but for sessions that only look (`begin="DEFERRED"`).  On a disk that can only be
read nixie.db is there to look at, and what access.db holds goes on in memory: whoever is signed in
stays so, and others can sign in.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from appliance.errors import Unreachable, why
from appliance.model.caches import USUAL
from appliance.store.open import LOG_PAGES, can_only_be_read, keep_room, remembered
from appliance.store.tables import ACCESS, ACCESS_LAYOUTS, NIXIE, NIXIE_LAYOUTS

HERE = Path(__file__).parent
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=5000",
    "foreign_keys=ON",
    f"wal_autocheckpoint={LOG_PAGES}",
)
FIRST_ROWS: Mapping[str, Mapping[str, Any]] = {
    "cache": {
        "id": USUAL.id,
        "account": "local",
        "origin": "local",
        "url": USUAL.url,
        "keys": " ".join(USUAL.keys),
        "user": "",
        "place": 1,
        "enabled": True,
        "set_at": 0.0,
    }
}
"""Table → the row that a new file begins with; scripts put the same into older ones."""
VERSION = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


def inventory_engine(state: Path) -> Engine:
    """Open STATE/nixie.db.  Raises Unreachable when a newer Nixie wrote it."""
    return _opened(state / "nixie.db", NIXIE, NIXIE_LAYOUTS, HERE / "nixie")


def people_engine(state: Path) -> Engine:
    """Open STATE/access.db, readable by its owner only.  Raises Unreachable likewise."""
    state.mkdir(parents=True, exist_ok=True)
    path = state / "access.db"
    if not path.exists():
        path.touch(mode=0o600)
    return _opened(path, ACCESS, ACCESS_LAYOUTS, HERE / "access", memory=True)


def is_lasting(engine: Engine) -> bool:
    """Is what is written there on a disk?"""
    return engine.url.database is not None


def _opened(
    path: Path, wanted: MetaData, layouts: tuple[str, ...], scripts: Path, *, memory: bool = False
) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = _listened(
        create_engine(
            f"sqlite:///{path}",
            connect_args={"check_same_thread": False},
            pool_size=4,
            max_overflow=8,
        )
    )
    try:
        hard = _is_hard(engine)
        if hard and memory:
            engine.dispose()
            engine = _in_memory(path)
        mode = "DEFERRED" if hard else "IMMEDIATE"
        with engine.execution_options(begin=mode).begin() as connection:
            _bring_forward(connection, path.name, wanted, layouts, scripts)
    except (DatabaseError, sqlite3.Error) as error:
        engine.dispose()
        cause = getattr(error, "orig", None) or error
        raise Unreachable(
            why(cause, path.parent)
            or f"{path} cannot be opened for writing ({cause}): give its directory to the "
            "user that runs the web role, or free some disk space."
        ) from error
    except Unreachable:
        engine.dispose()
        raise
    if not hard:
        with suppress(OperationalError, sqlite3.Error), _raw(engine) as raw:
            keep_room(raw)
    return engine


def _listened(engine: Engine) -> Engine:
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def _raw(engine: Engine) -> Iterator[sqlite3.Connection]:
    with closing(engine.raw_connection()) as connection:
        raw = connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        yield raw


def _is_hard(engine: Engine) -> bool:
    with _raw(engine) as raw:
        return can_only_be_read(raw)


def _in_memory(path: Path) -> Engine:
    """What `path` holds, over the one connection that there is: transactions wait for it."""
    held = remembered(sqlite3.connect(path, isolation_level=None))
    return _listened(
        create_engine(
            "sqlite://", creator=lambda: held, poolclass=QueuePool, pool_size=1, max_overflow=0
        )
    )


def _bring_forward(
    connection: Connection, name: str, wanted: MetaData, layouts: tuple[str, ...], scripts: Path
) -> None:
    present = _layout(connection)
    if present == layouts[-1]:
        return
    if present is None:
        wanted.create_all(connection)
        for name, row in FIRST_ROWS.items():
            if name in wanted.tables:
                connection.execute(wanted.tables[name].insert(), row)
        connection.exec_driver_sql(VERSION)
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (layouts[-1],))
        return
    if present not in layouts:
        raise Unreachable(
            f"{name} was written by a newer Nixie (its layout is {present}, this one knows up to "
            f"{layouts[-1]}). Start the newer version, or restore the backup made before it."
        )
    carry_out(connection, wanted, scripts)


def carry_out(connection: Connection, wanted: MetaData, scripts: Path) -> None:
    """Run the scripts that are missing, in the connection's own transaction."""
    from alembic.command import upgrade
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("path_separator", "os")
    configuration.set_main_option("script_location", str(HERE))
    configuration.set_main_option("version_locations", str(scripts))
    configuration.attributes["connection"] = connection
    configuration.attributes["metadata"] = wanted
    upgrade(configuration, "head")


def _layout(connection: Connection) -> str | None:
    """The version row, None in an empty file."""
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
    if not tables:
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we begin by ourselves
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").fetchone()


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")
