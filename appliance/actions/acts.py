"""What was done, and taking it back."""

import json
from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from appliance.actions.desk import Actor, Desk, Done, act, permit
from appliance.actions.refusals import Clash, Unknown, problem
from appliance.errors import Refused
from appliance.events import BuildActed, ConfigActed, DeviceActed, Event, MachineActed, SourceActed
from appliance.store import inventory
from appliance.store.inventory import ActRow, ChangedSince
from appliance.store.tables import Act

BELLS: Mapping[str, type[Event]] = {
    "source": SourceActed,
    "allowed_directory": SourceActed,
    "draft": ConfigActed,
    "wish": BuildActed,
    "device": DeviceActed,
}
"""Table of an undone act → the event that rings; machines for the rest."""
NETWORK_ACTS = frozenset({"propose_revision", "apply_draft", "revert_revision"})
"""Acts that the network undoes, while they are on trial."""


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
            problem(
                "Something else changed it since, so it cannot be taken back as it was. Change it "
                "by hand."
            )
        ) from None


def recent(desk: Desk, actor: Actor, limit: int = 20, before: str | None = None) -> list[ActRow]:
    """The newest acts first; older than the one with the id `before`.  Raises Unknown."""
    permit(desk, actor, "read", "recent")
    if before is not None and inventory.act(desk.inventory, before) is None:
        raise Unknown(problem("There is no such act. GET /acts lists them.", "before"))
    return inventory.acts(desk.inventory, actor.account, limit, before)


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
        raise Unknown(
            problem("There is nothing to take back. What you did last cannot be, or was before.")
        )
    if found.undone_at is not None:
        raise Refused(problem("This was taken back before. Take that back to do it again."))
    if found.verb in NETWORK_ACTS:
        what = "A revision cannot be taken back here: undo it while it is on trial, or revert to"
        raise Refused(problem(f"{what} an older one."))
    if found.changes == "[]":
        raise Refused(
            problem(
                "This cannot be taken back: it asked for something that was done. Ask for the "
                "opposite."
            )
        )
    return found
