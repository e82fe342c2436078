"""Changes of the configuration, and taking back the last act of any kind."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from appliance.actions.desk import Actor, Desk, Done, act, permit
from appliance.actions.refusals import Clash, Unknown, problem
from appliance.errors import Refused
from appliance.events import BuildActed, ConfigActed, Event, MachineActed, SourceActed
from appliance.model import check, compare, migrate, read
from appliance.model.config import RouterConfig
from appliance.store import inventory, revisions
from appliance.store.inventory import ActRow, ChangedSince
from appliance.store.tables import Act

BELLS: Mapping[str, type[Event]] = {
    "source": SourceActed,
    "allowed_directory": SourceActed,
    "wish": BuildActed,
}
"""Table of an undone act → the event that rings; machines for the rest."""


@dataclass(frozen=True, slots=True)
class Review:
    """What a configuration would change; the owner reads it before it is proposed."""

    base: int  # the revision it is compared with, 0 for none
    differences: tuple[str, ...]


def present_config(desk: Desk) -> RouterConfig | None:
    """The newest revision, read; None before the first.  Raises Refused for a newer layout."""
    row = desk.reads.revision()
    return read.config(migrate.upgraded(json.loads(row.config))) if row else None


def review(desk: Desk, actor: Actor, config: RouterConfig | Mapping[str, Any]) -> Review:
    """Check a configuration and say what it changes.  Raises Refused with every problem."""
    permit(desk, actor, "read", "review")
    row = desk.reads.revision()
    wanted = _checked(config)
    return Review(row.number if row else 0, compare.differences(present_config(desk), wanted))


def propose_revision(
    desk: Desk,
    actor: Actor,
    config: RouterConfig | Mapping[str, Any],
    *,
    base: int | None = None,
) -> Done:
    """Store a checked configuration as the next revision, which `net` then applies.

    `base` is the number the author started from: Clash when another came since.  The subject of
    the answer is the new number.
    """
    with act(desk, actor, "propose_revision", scope="admin") as doing:
        wanted = _checked(config)
        newest = revisions.newest(doing.session)
        number_before = int(newest.number or 0) if newest else 0
        if base is not None and base != number_before:
            raise Clash(
                problem(
                    f"Revision {number_before} came since you began at {base}. Look at it, then "
                    "change it again."
                )
            )
        number = revisions.add(
            doing.session,
            read.to_json(wanted),
            account=actor.account,
            author=actor.name,
            at=desk.now(),
        )
        revisions.drop_draft(doing.session, actor.account)
        what = f"Revision {number} is on its way to the network."
        if number == number_before:
            what = f"Nothing differs from revision {number}."
        return doing.tell(str(number), what, ConfigActed)


def save_draft(desk: Desk, actor: Actor, config: Mapping[str, Any], *, base: int) -> Done:
    """Keep an unfinished configuration; fields are checked, their harmony is not yet."""
    with act(desk, actor, "save_draft", scope="admin") as doing:
        wanted = read.config(config)
        revisions.keep_draft(
            doing.session,
            read.to_json(wanted),
            base=base,
            account=actor.account,
            author=actor.name,
            at=desk.now(),
        )
        return doing.tell("draft", "The draft is kept.", ConfigActed)


def undo(desk: Desk, actor: Actor, act_id: str | None = None) -> Done:
    """Take back an act, or the actor's last one.  Undoing an undo does the act again.

    Both need the scope that the act itself needed.
    """
    try:
        with act(desk, actor, "undo") as doing:
            undone = _undone(doing.session, actor, act_id)
            permit(desk, actor, undone.scope, "undo")
            doing.take_back(undone, {"intent": desk.new_id()})
            tables = {change["table"] for change in json.loads(undone.changes)}
            event = next((BELLS[name] for name in sorted(tables) if name in BELLS), MachineActed)
            return doing.tell(undone.subject, _taken_back(undone.what), event)
    except (ChangedSince, IntegrityError):
        raise Clash(
            problem("Something else changed it since, so it cannot be taken back as it was.")
        ) from None


def recent(desk: Desk, actor: Actor, limit: int = 20) -> list[ActRow]:
    """The newest acts first."""
    permit(desk, actor, "read", "recent")
    return inventory.acts(desk.inventory, actor.account, limit)


def told(desk: Desk, act_id: str) -> ActRow | None:
    """One act, for the toast after it."""
    return inventory.act(desk.inventory, act_id) if act_id else None


def _taken_back(what: str) -> str:
    """The sentence of an undo; undoing an undo does the act again.

    >>> _taken_back("ember is removed."), _taken_back("Taken back: ember is removed.")
    ('Taken back: ember is removed.', 'Done again: ember is removed.')
    """
    for said, other in (("Taken back: ", "Done again: "), ("Done again: ", "Taken back: ")):
        if what.startswith(said):
            return other + what.removeprefix(said)
    return f"Taken back: {what}"


def _undone(session: Session, actor: Actor, act_id: str | None) -> Act:
    found = (
        session.get(Act, act_id)
        if act_id
        else inventory.last_undoable(session, actor.account, actor.kind, actor.id, actor.name)
    )
    if found is None or found.account != actor.account:
        raise Unknown(problem("There is nothing to take back."))
    if found.undone_at is not None:
        raise Refused(problem("This was taken back before."))
    if found.changes == "[]":
        raise Refused(problem("This cannot be taken back: it asked for something that was done."))
    return found


def _checked(config: RouterConfig | Mapping[str, Any]) -> RouterConfig:
    wanted = config if isinstance(config, RouterConfig) else read.config(migrate.upgraded(config))
    if found := check.problems(wanted):
        raise Refused(*found)
    return wanted
