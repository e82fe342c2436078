"""The rows of nixie.db and access.db as SQLModel classes; imported by web only.

`inventory_view.py` fixes what other roles read of nixie.db.  Every inventory row has an `account`
(one for now) and an `origin` ("local" for now), so that a fleet adds rows, not columns.

Times are Unix seconds, UTC.  `NIXIE_LAYOUTS` and `ACCESS_LAYOUTS` list every layout there ever
was, oldest first; the last is what the classes below describe.
"""

from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, MetaData, UniqueConstraint, func, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

NIXIE_LAYOUTS = tuple(f"{number:04}" for number in range(1, 17))
ACCESS_LAYOUTS = ("0001", "0002")


class InventoryRow(SQLModel, registry=registry()):
    """A row of nixie.db."""


class PeopleRow(SQLModel, registry=registry()):
    """A row of access.db."""


def _numbered() -> Column[int]:
    """A primary key that never gives a number twice."""
    return Column(Integer, primary_key=True, autoincrement=True)


def _later(before: str) -> Any:
    """A column of a later layout: what it is in rows from before, so that no row is copied."""
    return Field(sa_column_kwargs={"server_default": before})


def _one_name(table: str) -> Index:
    """Names are given once among the rows in force."""
    return Index(
        f"{table}_name_once",
        "account",
        "name",
        unique=True,
        sqlite_where=text("removed_at IS NULL"),
    )


# ── nixie.db: inventory ───────────────────────────────────────────────────────────────────────────


class Source(InventoryRow, table=True):
    """A flake's address the owner added."""

    __table_args__ = (_one_name("source"),)

    id: str = Field(primary_key=True)
    account: str
    origin: str
    name: str
    url: str
    trust: str
    as_built: bool
    allow_ifd: bool
    interval_seconds: int
    only_builders: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    reach: str = Field(default="[]", sa_column_kwargs={"server_default": "[]"})  # JSON
    credential: str | None = None
    schedule: str = Field(default="", sa_column_kwargs={"server_default": ""})
    webhook: str | None = None
    created_at: float
    removed_at: float | None = None
    files: str = _later("")  # model/files.to_text; "" for a flake


class Machine(InventoryRow, table=True):
    """A computer with one or more MACs."""

    __table_args__ = (_one_name("machine"),)

    id: str = Field(primary_key=True)
    account: str
    origin: str
    name: str
    waits_seconds: int | None = None  # at most, for its host's newest image
    machine_id: str = Field(default="", sa_column_kwargs={"server_default": ""})
    keeps_identity: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    created_at: float
    removed_at: float | None = None


class MachineMac(InventoryRow, table=True):
    """A MAC of a machine, on one network or (NULL) on all.  Removed with its machine."""

    __tablename__: ClassVar[str] = "machine_mac"
    __table_args__ = (Index("machine_mac_once", text("coalesce(network, '')"), "mac", unique=True),)

    id: str = Field(primary_key=True)
    account: str
    origin: str
    machine: str = Field(foreign_key="machine.id", index=True)
    network: str | None = None
    mac: str


class Intent(InventoryRow, table=True):
    """What a machine's next boot does; a new `id` with every change."""

    machine: str = Field(primary_key=True, foreign_key="machine.id")
    id: str = Field(unique=True)
    account: str
    origin: str
    kind: str
    host: str | None = None
    menu: str | None = None
    specialisation: str | None = None
    before: str | None = None  # the kind that a hold replaced
    once: str | None = None  # comes before all of that: a kind of model/table.Once
    once_id: str | None = None  # new with every asking, and only then
    once_host: str | None = None
    once_specialisation: str | None = None
    set_at: float


class Menu(InventoryRow, table=True):
    """A named list of hosts."""

    __table_args__ = (_one_name("menu"),)

    id: str = Field(primary_key=True)
    account: str
    origin: str
    name: str
    default_host: str | None = None
    timeout_seconds: int
    rollbacks: int
    created_at: float
    removed_at: float | None = None


class MenuEntry(InventoryRow, table=True):
    """One host of a menu."""

    __tablename__: ClassVar[str] = "menu_entry"

    menu: str = Field(primary_key=True, foreign_key="menu.id")
    position: int = Field(primary_key=True)
    account: str
    origin: str
    host: str


class NetworkDefault(InventoryRow, table=True):
    """What unknown machines get on one network, or on the rest ("*")."""

    __tablename__: ClassVar[str] = "network_default"

    network: str = Field(primary_key=True)
    account: str
    origin: str
    kind: str
    menu: str | None = None


class Device(InventoryRow, table=True):
    """What the owner said of a MAC on the LANs: its name, and when its packets are dropped."""

    mac: str = Field(primary_key=True)
    account: str
    origin: str
    name: str
    block: str
    set_at: float
    let_in: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})


class NoticeChannel(InventoryRow, table=True):
    """A place where the owner is told of things; its secret is with the role `notice`."""

    __tablename__: ClassVar[str] = "channel"
    id: str = Field(primary_key=True)
    account: str
    origin: str
    kind: str  # model/notices.KINDS
    name: str
    settings: str  # JSON: text by the names of model/notices.FIELDS
    topics: str  # JSON: words of model/notices.TOPICS
    set_at: float


class PublicNameRow(InventoryRow, table=True):
    """A name on the internet that follows this router; its secret is with the role `notice`."""

    __tablename__: ClassVar[str] = "public_name"

    id: str = Field(primary_key=True)
    account: str
    origin: str
    name: str
    service: str  # model/public_names.SERVICES
    settings: str  # JSON: text by the names of model/public_names.FIELDS
    set_at: float


class BuilderRow(InventoryRow, table=True):
    """Another computer that builds for this router; the router's key for it is with `build`."""

    __tablename__: ClassVar[str] = "builder"

    id: str = Field(primary_key=True)
    account: str
    origin: str
    name: str
    host: str
    user: str
    systems: str  # words of model/builders.SYSTEMS, with spaces between
    features: str = Field(default="", sa_column_kwargs={"server_default": ""})  # likewise
    shares: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    evaluates: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    host_key: str  # kind and key, "" until the owner compared it
    port: int
    jobs: int
    speed: int
    enabled: bool
    set_at: float


class CacheRow(InventoryRow, table=True):
    """A binary cache that is asked before anything is built; `place` 1 is asked first."""

    __tablename__: ClassVar[str] = "cache"

    id: str = Field(primary_key=True)
    account: str
    origin: str
    url: str
    keys: str  # public keys, with spaces between
    user: str
    credential: str | None = None  # the file with its password, below STATE/secrets/web/caches
    place: int
    enabled: bool
    set_at: float


class Retention(InventoryRow, table=True):
    """How many generations of each host stay; without a row, model/storage.USUAL."""

    account: str = Field(primary_key=True)
    origin: str
    keep: int
    set_at: float


class AllowedDirectory(InventoryRow, table=True):
    """A directory below which git+file: and path: sources may lie."""

    __tablename__: ClassVar[str] = "allowed_directory"

    path: str = Field(primary_key=True)
    account: str
    origin: str


# ── nixie.db: configuration, acts, wishes, events ─────────────────────────────────────────────────


class Draft(InventoryRow, table=True):
    """The change being prepared, one per account; `base` is the revision it started from."""

    account: str = Field(primary_key=True)
    base: int
    author: str
    at: float
    config: str


class Revision(InventoryRow, table=True):
    """A numbered RouterConfig; `hash` is SHA-256 of `config`, whose keys are sorted."""

    __table_args__ = ({"sqlite_autoincrement": True},)

    number: int | None = Field(default=None, sa_column=_numbered())
    layout: int = Field(sa_column=Column("schema", Integer, nullable=False))
    account: str
    origin: str
    author: str
    at: float
    hash: str
    config: str


class Act(InventoryRow, table=True):
    """One act of the owner, with the rows before and after it, so that it can be undone.

    `scope` is what the act needed; whoever takes it back, or does it again, needs it as well.
    """

    id: str = Field(primary_key=True)
    account: str
    at: float = Field(index=True)
    actor: str  # a name for people; who it was is `actor_kind` and `actor_id`
    actor_kind: str = _later("")  # "user", "token", "box", "nobody"; "" before layout 2
    actor_id: str = _later("")  # id of the user or the token
    address: str
    verb: str
    scope: str = _later("admin")
    subject: str
    what: str
    changes: str
    undone_at: float | None = None
    undoes: str | None = None  # the act that this one took back


class Wish(InventoryRow, table=True):
    """Something another role is asked to do."""

    __table_args__ = ({"sqlite_autoincrement": True},)

    seq: int | None = Field(default=None, sa_column=_numbered())
    id: str = Field(unique=True)
    account: str
    author: str
    role: str = Field(index=True)
    kind: str
    body: str
    at: float


class EventEntry(InventoryRow, table=True):
    """journal.EVENTS, as every role's file has it."""

    __tablename__: ClassVar[str] = "event"
    __table_args__ = ({"sqlite_autoincrement": True},)

    seq: int | None = Field(default=None, sa_column=_numbered())
    at: float
    kind: str
    body: str


# ── access.db ─────────────────────────────────────────────────────────────────────────────────────


class User(PeopleRow, table=True):
    """Somebody with a password; names differ by more than case."""

    __table_args__ = (Index("user_name", func.lower(text("name")), unique=True),)

    id: str = Field(primary_key=True)
    account: str
    name: str
    role: str = Field(foreign_key="role.name")
    password: str  # argon2id, in its own text form
    created_at: float
    changed_at: float


class Role(PeopleRow, table=True):
    """What a user may do: scopes, separated by spaces."""

    name: str = Field(primary_key=True)
    scopes: str


class Session(PeopleRow, table=True):
    """A browser that signed in; `id` is SHA-256 (hex) of the cookie."""

    id: str = Field(primary_key=True)
    user: str = Field(foreign_key="user.id", index=True, ondelete="CASCADE")
    created_at: float
    seen_at: float
    address: str


class Token(PeopleRow, table=True):
    """A key for programs; `hash` is SHA-256 (hex) of the secret, which is shown once."""

    __table_args__ = (UniqueConstraint("hash"),)

    id: str = Field(primary_key=True)
    account: str
    name: str
    scope: str
    hash: str
    made_by: str
    created_at: float
    ends_at: float | None = None
    used_at: float | None = None
    revoked_at: float | None = None


class Audit(PeopleRow, table=True):
    """Who did what from where, and how it ended."""

    __table_args__ = ({"sqlite_autoincrement": True},)

    seq: int | None = Field(default=None, sa_column=_numbered())
    act: str | None = Field(default=None, index=True)
    at: float
    account: str
    actor: str
    actor_kind: str = _later("")  # as in `Act`
    actor_id: str = _later("")
    address: str
    verb: str
    subject: str
    what: str
    outcome: str  # "done" or "refused"


class Claim(PeopleRow, table=True):
    """The one-time claim of this router; `code` is SHA-256 (hex) of the code."""

    id: int = Field(primary_key=True)
    code: str
    made_at: float
    claimed_at: float | None = None
    claimed_by: str | None = None


NIXIE: MetaData = InventoryRow.metadata
ACCESS: MetaData = PeopleRow.metadata
