"""What other roles read of nixie.db, with plain sqlite3.  Web writes it through `tables.py`.

The table and column names here are the contract: `tables.py` must produce them.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from appliance.model.builders import Builder
from appliance.model.caches import Cache
from appliance.model.notices import Channel
from appliance.model.public_names import PublicName
from appliance.model.storage import USUAL
from appliance.model.table import Once
from appliance.store.once import OnceRow

FORGET_HELD = "forget_held"
"""The verb of `actions.machines.forget_held`, which sends a waiting machine out of the inbox."""


@dataclass(frozen=True, slots=True)
class SourceView:
    """Table `source`; rows with `removed_at` set are left out."""

    id: str
    name: str
    url: str
    trust: str  # "mine" or "stranger"
    as_built: bool
    allow_ifd: bool
    interval_seconds: int  # 0: only when asked
    credential: str | None  # file name below STATE/secrets/web/sources
    only_builders: bool = False  # this router builds nothing of it
    reach: tuple[str, ...] = ()  # servers at home that it may fetch from: model/reach.py
    schedule: str = ""  # model/look_times.py; "": by the interval
    webhook: str | None = None  # file name below STATE/secrets/web/webhooks, where one is open
    files: str = ""  # model/files.to_text of a host from files; "" for a flake


@dataclass(frozen=True, slots=True)
class MachineView:
    """Table `machine` with its rows of `machine_mac` and `intent`."""

    id: str
    name: str
    macs: tuple[tuple[str | None, str], ...]  # (network or None, MAC text)
    intent: str  # "run", "menu", "hold", …: model/table.INTENTS
    intent_id: str
    host: str | None
    menu: str | None
    specialisation: str | None
    once: Once | None = None
    waits_seconds: int = 0  # at most, for its host's newest image
    had: OnceRow | None = None  # how far that came, as boot.db has it
    machine_id: str = ""  # 32 hexadecimal digits: what systemd calls it
    keeps_identity: bool = False


@dataclass(frozen=True, slots=True)
class MenuView:
    """Table `menu` with its rows of `menu_entry` in order."""

    id: str
    name: str
    hosts: tuple[str, ...]
    default: str | None
    timeout_seconds: int
    rollbacks: int


@dataclass(frozen=True, slots=True)
class UnknownView:
    """Table `network_default`: what unknown machines get."""

    network: str
    kind: str  # "menu", "hold", "nothing"
    menu: str | None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """Table `device`: what the owner said of a MAC."""

    mac: str
    name: str  # "" for none
    block: str  # model/devices.block_text; "" for none
    let_in: bool = False  # it is no newcomer, wherever those are held back


@dataclass(frozen=True, slots=True)
class RevisionView:
    """Table `revision`: a numbered RouterConfig."""

    number: int
    config: str  # JSON
    author: str
    at: float


@dataclass(frozen=True, slots=True)
class DraftView:
    """Table `draft`: a RouterConfig being prepared, and the revision it began from."""

    base: int
    config: str  # JSON
    author: str
    at: float


def sources(connection: sqlite3.Connection) -> list[SourceView]:
    """Sources in force, oldest first."""
    rows = connection.execute(
        "SELECT id, name, url, trust, as_built, allow_ifd, interval_seconds, credential,"
        " only_builders, reach, schedule, webhook, files"
        " FROM source WHERE removed_at IS NULL ORDER BY created_at, id"
    ).fetchall()
    return [
        SourceView(
            *(ident, name, url, trust, bool(as_built), bool(ifd), int(every), credential),
            only_builders=bool(elsewhere),
            reach=tuple(json.loads(reach)),
            schedule=schedule,
            webhook=webhook,
            files=files,
        )
        for ident, name, url, trust, as_built, ifd, every, credential, *more in rows
        for elsewhere, reach, schedule, webhook, files in (more,)
    ]


def machines(connection: sqlite3.Connection) -> list[MachineView]:
    """Machines in force with their next boot; without an intent row a machine is on hold."""
    macs: dict[str, list[tuple[str | None, str]]] = {}
    for machine, network, mac in connection.execute(
        "SELECT machine, network, mac FROM machine_mac ORDER BY mac"
    ).fetchall():
        macs.setdefault(machine, []).append((network, mac))
    rows = connection.execute(
        "SELECT machine.id, machine.name, intent.kind, intent.id, intent.host, intent.menu,"
        " intent.specialisation, machine.machine_id, machine.keeps_identity,"
        " waits_seconds, once_id, once, once_host, once_specialisation"
        " FROM machine LEFT JOIN intent ON intent.machine = machine.id"
        " WHERE machine.removed_at IS NULL ORDER BY machine.name"
    ).fetchall()
    return [
        MachineView(
            ident,
            name,
            tuple(macs.get(ident, ())),
            kind or "hold",
            intent or "",
            *(host, menu, special),
            Once(*once) if once[0] else None,
            waits or 0,
            machine_id=systemd_id,
            keeps_identity=bool(keeps),
        )
        for ident, name, kind, intent, host, menu, special, systemd_id, keeps, waits, *once in rows
    ]


def kept_by_hold(connection: sqlite3.Connection, machine: str) -> str | None:
    """The kind of intent that a hold replaced and a release brings back; None without one."""
    row = connection.execute(
        "SELECT before FROM intent WHERE machine = ? AND kind = 'hold'", (machine,)
    ).fetchone()
    return row[0] if row else None


def menus(connection: sqlite3.Connection) -> list[MenuView]:
    """Menus in force."""
    hosts: dict[str, list[str]] = {}
    for menu, host in connection.execute(
        "SELECT menu, host FROM menu_entry ORDER BY menu, position"
    ).fetchall():
        hosts.setdefault(menu, []).append(host)
    rows = connection.execute(
        "SELECT id, name, default_host, timeout_seconds, rollbacks FROM menu"
        " WHERE removed_at IS NULL ORDER BY name"
    ).fetchall()
    return [
        MenuView(ident, name, tuple(hosts.get(ident, ())), default, int(timeout), int(rollbacks))
        for ident, name, default, timeout, rollbacks in rows
    ]


def unknowns(connection: sqlite3.Connection) -> list[UnknownView]:
    """Defaults for unknown machines, per network ("*" for the rest)."""
    rows = connection.execute("SELECT network, kind, menu FROM network_default").fetchall()
    return [UnknownView(*row) for row in rows]


def devices(connection: sqlite3.Connection) -> list[DeviceView]:
    """Devices that the owner named, blocked or let in, by MAC."""
    rows = connection.execute("SELECT mac, name, block, let_in FROM device ORDER BY mac").fetchall()
    return [DeviceView(mac, name, block, bool(let)) for mac, name, block, let in rows]


def let_in(connection: sqlite3.Connection) -> frozenset[str]:
    """The MACs of devices that the owner let in."""
    rows = connection.execute("SELECT mac FROM device WHERE let_in").fetchall()
    return frozenset(str(mac) for (mac,) in rows)


def channels(connection: sqlite3.Connection) -> list[Channel]:
    """Where the owner is told, by name."""
    rows = connection.execute(
        "SELECT id, kind, name, settings, topics FROM channel ORDER BY name, id"
    ).fetchall()
    return [
        Channel(ident, kind, name, json.loads(settings), tuple(json.loads(topics)))
        for ident, kind, name, settings, topics in rows
    ]


def public_names(connection: sqlite3.Connection) -> list[PublicName]:
    """The names on the internet that follow this router."""
    rows = connection.execute(
        "SELECT id, name, service, settings, set_at FROM public_name ORDER BY name, id"
    ).fetchall()
    return [
        PublicName(ident, name, service, json.loads(settings), float(at))
        for ident, name, service, settings, at in rows
    ]


def builders(connection: sqlite3.Connection) -> list[Builder]:
    """The computers that build for this router."""
    names = [one.name for one in fields(Builder)]
    rows = connection.execute(f"SELECT {', '.join(names)} FROM builder ORDER BY name, id")
    return [_builder(dict(zip(names, row, strict=True))) for row in rows.fetchall()]


def _builder(row: Mapping[str, Any]) -> Builder:
    lists = {name: tuple(row[name].split()) for name in ("systems", "features")}
    flags = {name: bool(row[name]) for name in ("enabled", "shares", "evaluates")}
    return Builder(**{**row, **lists, **flags})


def caches(connection: sqlite3.Connection) -> list[Cache]:
    """The binary caches, in the order in which they are asked."""
    rows = connection.execute(
        "SELECT id, url, keys, user, credential, enabled FROM cache ORDER BY place, set_at, id"
    ).fetchall()
    return [
        Cache(ident, url, tuple(keys.split()), user, credential, bool(enabled))
        for ident, url, keys, user, credential, enabled in rows
    ]


def keep(connection: sqlite3.Connection) -> int:
    """How many generations of each host stay."""
    row = connection.execute("SELECT keep FROM retention").fetchone()
    return int(row[0]) if row else USUAL


def allowed_directories(connection: sqlite3.Connection) -> list[str]:
    """Directories below which git+file: and path: sources may lie."""
    rows = connection.execute("SELECT path FROM allowed_directory ORDER BY path").fetchall()
    return [str(path) for (path,) in rows]


def inbox_key(network: str, mac: str) -> str:
    """How a waiting machine is called where one word must do."""
    return f"{network}|{mac}"


def forgotten(connection: sqlite3.Connection, since: float) -> dict[str, float]:
    """Machines that the owner sent out of the inbox after `since`: `inbox_key` to when."""
    rows = connection.execute(
        "SELECT subject, max(at) FROM act WHERE at >= ? AND verb = ? GROUP BY subject",
        (since, FORGET_HELD),
    )
    return {str(subject): float(at) for subject, at in rows}


def newest_revision(connection: sqlite3.Connection) -> RevisionView | None:
    """The revision that `net` should have in force."""
    row = connection.execute(
        "SELECT number, config, author, at FROM revision ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return RevisionView(*row) if row else None


def revision(connection: sqlite3.Connection, number: int) -> RevisionView | None:
    """One revision."""
    row = connection.execute(
        "SELECT number, config, author, at FROM revision WHERE number = ?", (number,)
    ).fetchone()
    return RevisionView(*row) if row else None


def revision_heads(connection: sqlite3.Connection) -> list[tuple[int, str, float]]:
    """(number, author, Unix seconds) of every revision, newest first."""
    return connection.execute(
        "SELECT number, author, at FROM revision ORDER BY number DESC"
    ).fetchall()


def draft(connection: sqlite3.Connection, account: str) -> DraftView | None:
    """The change that is being prepared."""
    row = connection.execute(
        "SELECT base, config, author, at FROM draft WHERE account = ?", (account,)
    ).fetchone()
    return DraftView(*row) if row else None


@dataclass(frozen=True, slots=True)
class Wish:
    """Table `wish`: something another role is asked to do.  `seq` is the cursor."""

    seq: int
    id: str
    role: str
    kind: str
    body: dict[str, Any]
    at: float


_WISH = "seq, id, role, kind, body, at"


def wishes(connection: sqlite3.Connection, role: str, after: int) -> list[Wish]:
    """Wishes for `role` after the cursor, oldest first."""
    rows = connection.execute(
        f"SELECT {_WISH} FROM wish WHERE role = ? AND seq > ? ORDER BY seq", (role, after)
    ).fetchall()
    return [_wish(row) for row in rows]


def newest_wish(connection: sqlite3.Connection, role: str, kind: str) -> Wish | None:
    """The newest wish of a kind."""
    row = connection.execute(
        f"SELECT {_WISH} FROM wish WHERE role = ? AND kind = ? ORDER BY seq DESC LIMIT 1",
        (role, kind),
    ).fetchone()
    return _wish(row) if row else None


def wish(connection: sqlite3.Connection, ident: str) -> Wish | None:
    """One wish."""
    row = connection.execute(f"SELECT {_WISH} FROM wish WHERE id = ?", (ident,)).fetchone()
    return _wish(row) if row else None


@dataclass(frozen=True, slots=True)
class Author:
    """Who asked for something: a name for people, and who it is."""

    name: str
    kind: str  # "user", "token", "box", "nobody"
    id: str


def author(connection: sqlite3.Connection, wish: str) -> Author | None:
    """Whose act asked for a change, by the wish's id; None when it is not known any more."""
    row = connection.execute(
        "SELECT act.actor, act.actor_kind, act.actor_id FROM wish JOIN act"
        " ON act.at = wish.at AND act.actor = wish.author AND act.account = wish.account"
        " AND act.subject = json_extract(wish.body, '$.revision')"
        " WHERE wish.id = ? ORDER BY act.id DESC LIMIT 1",
        (wish,),
    ).fetchone()
    return Author(*row) if row else None


def is_asked(connection: sqlite3.Connection, kind: str, change: str) -> bool:
    """Was `kind` asked of net for this change?"""
    row = connection.execute(
        "SELECT 1 FROM wish WHERE role = 'net' AND kind = ? AND json_extract(body, '$.change') = ?",
        (kind, change),
    ).fetchone()
    return row is not None


def last_wish(connection: sqlite3.Connection) -> int:
    """The place of the newest wish of all, 0 when there is none."""
    (seq,) = connection.execute("SELECT coalesce(max(seq), 0) FROM wish").fetchone()
    return int(seq)


def _wish(row: tuple[Any, ...]) -> Wish:
    return Wish(*(*row[:4], json.loads(row[4]), row[5]))
