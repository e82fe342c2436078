"""The inventory rows of nixie.db: acts that change them, and how an act is taken back.

Every act is one transaction: the rows, the act with its rows before and after, the wishes, and
the event that rings the browsers.  Undo puts back the rows before, if they still are as the act
left them, and is an act itself, so that it can be undone.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Engine, delete, func, tuple_
from sqlmodel import Session, col, select

from appliance.events import Event, to_json
from appliance.store import journal, wishes
from appliance.store.tables import (
    Act,
    CacheRow,
    EventEntry,
    InventoryRow,
    Machine,
    MachineMac,
    Menu,
    Source,
    Wish,
)

Row = TypeVar("Row", bound=InventoryRow)

FRESH_EACH_TIME = frozenset({"set_at"})
"""Columns that say when, not what; undo does not compare them."""


class ChangedSince(Exception):
    """A row is no longer as the act left it."""


@dataclass(frozen=True, slots=True)
class Heading:
    """Whose act it is; `ident` is its id, `at` Unix seconds, `scope` what it needs."""

    ident: str
    at: float
    account: str
    actor: str
    actor_kind: str
    actor_id: str
    address: str
    verb: str
    scope: str


@dataclass(frozen=True, slots=True)
class Told:
    """What an act came to: the row it was about, the sentence, the wish it made, if any."""

    act: str
    subject: str
    what: str
    undoable: bool
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act as pages show it."""

    id: str
    at: float
    actor: str
    actor_kind: str
    verb: str
    scope: str
    subject: str
    what: str
    undoable: bool
    undone_at: float | None


class Acting:
    """One act inside its transaction; remembers every row it touched."""

    def __init__(self, session: Session, heading: Heading) -> None:
        self.session = session
        self.heading = heading
        self.told = Told(heading.ident, "", "", undoable=False)
        self._changes: list[dict[str, Any]] = []
        self._undoes: str | None = None
        self._scope = heading.scope

    def insert(self, row: InventoryRow) -> None:
        """Add a row."""
        self.session.add(row)
        self.session.flush()
        self._remember(row, None, row.model_dump())

    def delete(self, row: InventoryRow) -> None:
        """Take a row away."""
        before = row.model_dump()
        self.session.delete(row)
        self.session.flush()
        self._remember(row, before, None)

    def change(self, row: InventoryRow, **values: Any) -> bool:
        """Set columns; False when they were like that already."""
        before = row.model_dump()
        for name, value in values.items():
            setattr(row, name, value)
        after = row.model_dump()
        if before == after:
            return False
        self.session.add(row)
        self.session.flush()
        self._remember(row, before, after)
        return True

    def wish(self, ident: str, role: str, kind: str, **fields: str) -> None:
        """Ask another role for something."""
        self.session.add(
            Wish(
                id=ident,
                account=self.heading.account,
                author=self.heading.actor,
                role=role,
                kind=kind,
                body=wishes.body(role, kind, **fields),
                at=self.heading.at,
            )
        )
        self.told = replace(self.told, wish=ident)

    def tell(self, subject: str, what: str, event: type[Event]) -> Told:
        """Finish the act: name its row, say its sentence, ring its bell."""
        heading = self.heading
        self.told = replace(self.told, subject=subject, what=what, undoable=bool(self._changes))
        self.session.add(
            Act(
                id=heading.ident,
                account=heading.account,
                at=heading.at,
                actor=heading.actor,
                actor_kind=heading.actor_kind,
                actor_id=heading.actor_id,
                address=heading.address,
                verb=heading.verb,
                scope=self._scope,
                subject=subject,
                what=what,
                changes=json.dumps(self._changes, sort_keys=True),
                undoes=self._undoes,
            )
        )
        rung = event(act=heading.ident, what=what)  # type: ignore[call-arg]
        _append(self.session, rung, heading.at)
        return self.told

    def take_back(self, act: Act, fresh: Mapping[str, str]) -> None:
        """Undo `act` row by row, newest first; its scope goes on with it.  Raises ChangedSince.

        `fresh` gives table → id for rows that must not get their old id back (a used intent).
        """
        for change in reversed(json.loads(act.changes)):
            kind = _classes()[change["table"]]
            present = self.session.get(kind, tuple(change["key"]))
            if _facts(present, fresh) != _facts(change["after"], fresh, change["table"]):
                raise ChangedSince(change["table"])
            before = dict(change["before"] or {})
            if before and change["table"] in fresh:
                before["id"] = fresh[change["table"]]
            if present is None:
                self.insert(kind(**before))
            elif before:
                self.change(present, **before)
            else:
                self.delete(present)
        act.undone_at = self.heading.at
        self._undoes, self._scope = act.id, act.scope
        self.session.add(act)

    def _remember(
        self,
        row: InventoryRow,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        table = type(row).__table__  # type: ignore[attr-defined]
        image = after or before or {}
        key = [image[column.name] for column in table.primary_key.columns]
        self._changes.append({"table": table.name, "key": key, "before": before, "after": after})


@contextmanager
def acting(engine: Engine, heading: Heading) -> Iterator[Acting]:
    """One act, one transaction; an exception inside leaves everything as it was."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield Acting(session, heading)


def note(engine: Engine, event: Event, at: float) -> None:
    """An event that belongs to no act."""
    with Session(engine) as session, session.begin():
        _append(session, event, at)


def acts(engine: Engine, account: str, limit: int, before: str | None = None) -> list[ActRow]:
    """The newest acts first; older than the one with the id `before`."""
    wanted = select(Act).where(Act.account == account)
    if before is not None:
        place = select(Act.at, Act.id).where(Act.id == before).scalar_subquery()
        wanted = wanted.where(tuple_(col(Act.at), col(Act.id)) < place)
    newest = wanted.order_by(col(Act.at).desc(), col(Act.id).desc()).limit(limit)
    with _looking(engine) as session:
        return [_shown(act) for act in session.exec(newest)]


def act(engine: Engine, ident: str) -> ActRow | None:
    """One act."""
    with _looking(engine) as session:
        found = session.get(Act, ident)
        return _shown(found) if found else None


def acts_since(engine: Engine, at: float) -> list[Act]:
    """Acts of that moment and later, oldest first."""
    with _looking(engine) as session:
        return list(session.exec(select(Act).where(Act.at >= at).order_by(col(Act.at))))


def last_undoable(session: Session, account: str, kind: str, ident: str, name: str) -> Act | None:
    """The newest act of exactly this actor that changed rows and still stands."""
    return session.exec(
        select(Act)
        .where(Act.account == account, Act.actor_kind == kind)
        .where(Act.actor_id == ident, Act.actor == name)
        .where(col(Act.undone_at).is_(None), col(Act.undoes).is_(None), Act.changes != "[]")
        .order_by(col(Act.at).desc(), col(Act.id).desc())
    ).first()


def source(session: Session, ident: str) -> Source | None:
    """A source in force, by id or name."""
    return session.exec(
        select(Source)
        .where((Source.id == ident) | (Source.name == ident))
        .where(col(Source.removed_at).is_(None))
    ).first()


def source_of_url(session: Session, account: str, url: str) -> Source | None:
    """The source in force with exactly that address."""
    return session.exec(
        select(Source)
        .where(Source.account == account, Source.url == url)
        .where(col(Source.removed_at).is_(None))
    ).first()


def credentials(engine: Engine, since: float) -> set[str]:
    """Names of secrets that a source in force or a cache uses, or an act since then touched."""
    with _looking(engine) as session:
        in_force = session.exec(select(Source).where(col(Source.removed_at).is_(None)))
        used = [name for one in in_force for name in (one.credential, one.webhook)]
        used += session.exec(select(CacheRow.credential)).all()
        young = session.exec(select(Act.changes).where(Act.at >= since, Act.changes != "[]"))
        changes = [change for text in young for change in json.loads(text)]
    images = [change[side] or {} for change in changes for side in ("before", "after")]
    touched = [image.get(column) for image in images for column in ("credential", "webhook")]
    return {name for name in (*used, *touched) if name}


def machine(session: Session, ident: str, network: str | None = None) -> Machine | None:
    """A machine in force by id, name or MAC (one for `network` wins over one for all)."""
    found = session.exec(
        select(Machine)
        .where((Machine.id == ident) | (Machine.name == ident))
        .where(col(Machine.removed_at).is_(None))
    ).first()
    if found is not None:
        return found
    rows = session.exec(select(MachineMac).where(MachineMac.mac == ident)).all()
    for row in sorted(rows, key=lambda row: row.network is None):
        if network is None or row.network in (None, network):
            return session.get(Machine, row.machine)
    return None


def menu(session: Session, ident: str) -> Menu | None:
    """A menu in force, by id or name."""
    return session.exec(
        select(Menu)
        .where((Menu.id == ident) | (Menu.name == ident))
        .where(col(Menu.removed_at).is_(None))
    ).first()


def named(session: Session, kind: type[Row], name: str) -> Row | None:
    """The row in force with that name."""
    columns = kind.__table__.columns  # type: ignore[attr-defined]
    return session.exec(
        select(kind).where(columns["name"] == name, columns["removed_at"].is_(None))
    ).first()


@contextmanager
def _looking(engine: Engine) -> Iterator[Session]:
    with Session(engine.execution_options(begin="DEFERRED"), expire_on_commit=False) as session:
        yield session


def _append(session: Session, event: Event, at: float) -> None:
    """Add an event and prune, as `journal` does."""
    session.add(EventEntry(at=at, kind=type(event).__name__, body=json.dumps(to_json(event))))
    session.flush()
    newest = select(func.max(EventEntry.seq)).scalar_subquery()
    old = delete(EventEntry).where(col(EventEntry.seq) <= newest - journal.KEPT)
    session.execute(old)


def _shown(act: Act) -> ActRow:
    return ActRow(
        id=act.id,
        at=act.at,
        actor=act.actor,
        actor_kind=act.actor_kind,
        verb=act.verb,
        scope=act.scope,
        subject=act.subject,
        what=act.what,
        undoable=act.changes != "[]" and act.undone_at is None,
        undone_at=act.undone_at,
    )


def _classes() -> dict[str, type[InventoryRow]]:
    return {
        kind.__table__.name: kind  # type: ignore[attr-defined]
        for kind in InventoryRow.__subclasses__()
    }


def _facts(
    row: InventoryRow | Mapping[str, Any] | None, fresh: Mapping[str, str], table: str = ""
) -> dict[str, Any] | None:
    """A row's columns without those that only say when, or that are new each time."""
    if row is None:
        return None
    if isinstance(row, InventoryRow):
        table = type(row).__table__.name  # type: ignore[attr-defined]
        row = row.model_dump()
    left = FRESH_EACH_TIME | ({"id"} if table in fresh else set())
    return {name: value for name, value in row.items() if name not in left}
