"""Builders: other computers that build for this router, added, tried, trusted, switched off.

A builder is inventory: effective at once, undoable.  The router's key for it is made by the role
`build`, which alone has it; what its host key must be is the owner's word.
"""

from typing import Any

from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Problem, Refused
from appliance.events import BuilderActed
from appliance.model.builders import Said, checked, checked_key, fingerprint
from appliance.store.inventory import Acting
from appliance.store.tables import BuilderRow

SCOPE = "admin"
MOST = 20
DEEDS = ("try", "on", "off")


def save_builder(desk: Desk, actor: Actor, ident: str, said: Said) -> Done:
    """Add a builder, or change the one with that id; then it is tried.

    At another address it is another computer until its host key was compared again.
    """
    with act(desk, actor, "save_builder", scope=SCOPE) as doing:
        told = checked(said)
        row = _row(doing, ident) if ident else None
        _check_others(desk, ident, told.name)
        values: dict[str, Any] = {
            "name": told.name,
            "host": told.host,
            "port": told.port,
            "user": told.user,
            "systems": " ".join(told.systems),
            "features": " ".join(told.features),
            "shares": told.shares,
            "evaluates": told.evaluates,
            "jobs": told.jobs,
            "speed": told.speed,
            "set_at": desk.now(),
        }
        if row is None:
            ident = desk.new_id()
            more: dict[str, Any] = {"host_key": "", "enabled": True, "origin": ORIGIN}
            doing.insert(BuilderRow(id=ident, account=actor.account, **values, **more))
        else:
            moved = (row.host, row.port) != (told.host, told.port)
            doing.change(row, **values, **({"host_key": ""} if moved else {}))
        doing.wish(desk.new_id(), "build", "try", builder=ident)
        return doing.tell(ident, f"{told.name} is saved, and tried now.", BuilderActed)


def trust_host_key(desk: Desk, actor: Actor, ident: str, host_key: str) -> Done:
    """Take the host key that the builder showed for its own; the owner compared it there.

    Raises Refused when it shows another one by now.
    """
    with act(desk, actor, "trust_host_key", scope=SCOPE) as doing:
        row, key = _row(doing, ident), checked_key(host_key)
        state = desk.reads.builder_states().get(ident)
        if state is None or state.shown_key != key:
            what = f"{row.name} shows another host key by now. Try it again, then compare that one."
            raise Refused(Problem(("host_key",), what))
        doing.change(row, host_key=key)
        doing.wish(desk.new_id(), "build", "try", builder=ident)
        what = f"{row.name} is known by {fingerprint(key)}, and tried now."
        return doing.tell(ident, what, BuilderActed)


def act_on_builder(desk: Desk, actor: Actor, ident: str, deed: str) -> Done:
    """One of DEEDS.  Raises Unknown for other words."""
    if deed in ("on", "off"):
        return enable_builder(desk, actor, ident, on=deed == "on")
    if deed == "try":
        return try_builder(desk, actor, ident)
    raise Unknown(problem(f"With a builder, nobody can {deed!r}: it is one of {', '.join(DEEDS)}."))


def try_builder(desk: Desk, actor: Actor, ident: str) -> Done:
    """Have it tried step by step; what came of it is the answer to the wish.  Raises Unknown."""
    with act(desk, actor, "try_builder", scope=SCOPE) as doing:
        row = _row(doing, ident)
        doing.wish(desk.new_id(), "build", "try", builder=ident)
        return doing.tell(ident, f"{row.name} is tried now.", BuilderActed)


def enable_builder(desk: Desk, actor: Actor, ident: str, *, on: bool) -> Done:
    """Let it build, or leave it out; what it builds now goes on.  Raises Unknown."""
    with act(desk, actor, "enable_builder", scope=SCOPE) as doing:
        row = _row(doing, ident)
        doing.change(row, enabled=on)
        if on:
            doing.wish(desk.new_id(), "build", "try", builder=ident)
        what = f"{row.name} is asked to build." if on else f"{row.name} is not asked any more."
        return doing.tell(ident, what, BuilderActed)


def remove_builder(desk: Desk, actor: Actor, ident: str) -> Done:
    """Let it be.  The router's key for it stays a week, for an undo.  Raises Unknown."""
    with act(desk, actor, "remove_builder", scope=SCOPE) as doing:
        row = _row(doing, ident)
        name = row.name
        doing.delete(row)
        what = f"{name} is removed. Take the router's line out of its authorized_keys, too."
        return doing.tell(ident, what, BuilderActed)


def _row(doing: Acting, ident: str) -> BuilderRow:
    row = doing.session.get(BuilderRow, ident)
    if row is None:
        raise Unknown(problem("This builder is not there any more.", "builder"))
    return row


def _check_others(desk: Desk, ident: str, name: str) -> None:
    """Raises Refused when another has the name, or there are too many."""
    others = [one for one in desk.reads.builders() if one.id != ident]
    if name in (one.name for one in others):
        raise Refused(Problem(("name",), f"Another builder is named {name}."))
    if not ident and len(others) >= MOST:
        raise Refused(Problem(("name",), f"There are {MOST} builders already. Remove one first."))
