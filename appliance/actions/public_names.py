"""Names on the internet that follow this router: made, changed, removed, published now.

A name is inventory: effective at once, undoable.  Its secret is handed to the role `notice` by its
socket, lies in a file of that role alone, and is never shown again.
"""

import json
from collections.abc import Mapping
from typing import Any

from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act
from appliance.actions.kept_secrets import check_secret, hand_over
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Problem, Refused
from appliance.events import PublicNameActed
from appliance.model.public_names import checked, secret_problem
from appliance.store.inventory import Acting
from appliance.store.tables import PublicNameRow

SCOPE = "admin"
MOST = 50
"""Names: each is looked at once a second."""


def save_name(
    desk: Desk,
    actor: Actor,
    ident: str,
    name: str,
    service: str,
    settings: Mapping[str, str],
    secret: str = "",
) -> Done:
    """Add a name, or change the one with that id; an empty secret leaves it as it is."""
    with act(desk, actor, "save_public_name", scope=SCOPE) as doing:
        name, told = checked(name, service, settings)
        row = _row(doing, ident) if ident else None
        _check_secret(service, secret, needed=_needs_secret(row, service, told["server"]))
        _check_others(desk, ident, name)
        values: dict[str, Any] = {
            "name": name,
            "service": service,
            "settings": json.dumps(told, sort_keys=True),
            "set_at": desk.now(),
        }
        ident = ident or desk.new_id()
        if secret:
            hand_over(desk, ident, secret)
        if row is None:
            doing.insert(PublicNameRow(id=ident, account=actor.account, origin=ORIGIN, **values))
        else:
            doing.change(row, **values)
        return doing.tell(ident, f"{name} follows this router.", PublicNameActed)


def remove_name(desk: Desk, actor: Actor, ident: str) -> Done:
    """Let a name be; the service keeps what it has, `notice` the secret, for an undo.

    Raises Unknown.
    """
    with act(desk, actor, "remove_public_name", scope=SCOPE) as doing:
        row = _row(doing, ident)
        name = row.name
        doing.delete(row)
        what = f"{name} does not follow this router any more. It leads where it led last."
        return doing.tell(ident, what, PublicNameActed)


def publish_now(desk: Desk, actor: Actor, ident: str) -> Done:
    """Have it published now; what the server says is the answer to the wish.  Raises Unknown."""
    with act(desk, actor, "publish_public_name", scope=SCOPE) as doing:
        row = _row(doing, ident)
        doing.wish(desk.new_id(), "notice", "publish", name=ident)
        return doing.tell(ident, f"{row.name} is published now.", PublicNameActed)


def _row(doing: Acting, ident: str) -> PublicNameRow:
    row = doing.session.get(PublicNameRow, ident)
    if row is None:
        raise Unknown(problem("This name is not there any more.", "name"))
    return row


def _needs_secret(row: PublicNameRow | None, service: str, server: str) -> bool:
    """A new name does; and another server gets none that was meant for the one before."""
    return row is None or (service, server) != (row.service, json.loads(row.settings)["server"])


def _check_secret(service: str, secret: str, *, needed: bool) -> None:
    """Raises Refused for one that cannot be right, or is missing where it is needed."""
    check_secret(secret)
    what = secret_problem(service, secret)
    if needed and not secret:
        what = "Type the secret that this server knows: without it no name is published."
    if what:
        raise Refused(Problem(("secret",), what))


def _check_others(desk: Desk, ident: str, name: str) -> None:
    """Raises Refused when another entry has the name, or there are too many."""
    others = [one for one in desk.reads.public_names() if one.id != ident]
    if name in (one.name for one in others):
        raise Refused(Problem(("name",), f"{name} follows this router already. Change that one."))
    if len(others) >= MOST:
        raise Refused(Problem(("name",), f"There are {MOST} names already. Remove one first."))
