"""Where the owner is told of things: channels, their secrets, and a test.

A channel is inventory: effective at once, undoable.  Its secret is handed to the role `notice` by
its socket, lies in a file of that role alone, and is never shown again.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act, permit
from appliance.actions.kept_secrets import check_secret, hand_over, is_kept
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Problem, Refused
from appliance.events import NoticeActed
from appliance.model.notices import KINDS, TOPICS, checked
from appliance.store.tables import NoticeChannel

NAME_LONGEST = 60
SCOPE = "admin"


def save_channel(
    desk: Desk,
    actor: Actor,
    ident: str,
    kind: str,
    name: str,
    settings: Mapping[str, str],
    topics: Sequence[str],
    secret: str = "",
) -> Done:
    """Add a channel, or change the one with that id; an empty secret leaves it as it is."""
    with act(desk, actor, "save_channel", scope=SCOPE) as doing:
        told, name = checked(kind, settings), " ".join(name.split())
        if not name or len(name) > NAME_LONGEST or not name.isprintable():
            what = f"Give it a name of at most {NAME_LONGEST} visible characters."
            raise Refused(Problem(("name",), what))
        if wrong := [one for one in topics if one not in TOPICS]:
            what = f"Nobody is told of {', '.join(wrong)}; there is {', '.join(TOPICS)}."
            raise Refused(Problem(("topics",), what))
        check_secret(secret)
        values: dict[str, Any] = {
            "kind": kind,
            "name": name,
            "settings": json.dumps(told, sort_keys=True),
            "topics": json.dumps([one for one in TOPICS if one in topics]),
            "set_at": desk.now(),
        }
        row = doing.session.get(NoticeChannel, ident) if ident else None
        if ident and row is None:
            raise Unknown(problem("This channel is not there any more.", "channel"))
        ident = ident or desk.new_id()
        if secret:
            hand_over(desk, ident, secret)
        if row is None:
            doing.insert(NoticeChannel(id=ident, account=actor.account, origin=ORIGIN, **values))
        else:
            doing.change(row, **values)
        return doing.tell(ident, f"{KINDS[kind]} {name} tells you of what you chose.", NoticeActed)


def remove_channel(desk: Desk, actor: Actor, ident: str) -> Done:
    """Tell nobody there any more; its secret stays with `notice` for an undo.  Raises Unknown."""
    with act(desk, actor, "remove_channel", scope=SCOPE) as doing:
        row = doing.session.get(NoticeChannel, ident)
        if row is None:
            raise Unknown(problem("This channel is not there any more.", "channel"))
        name = row.name
        doing.delete(row)
        return doing.tell(ident, f"Nothing is told to {name} any more.", NoticeActed)


def try_channel(desk: Desk, actor: Actor, ident: str) -> Done:
    """Have a test sent now; what its server says is the answer to the wish.  Raises Unknown."""
    with act(desk, actor, "try_channel", scope=SCOPE) as doing:
        row = doing.session.get(NoticeChannel, ident)
        if row is None:
            raise Unknown(problem("This channel is not there any more.", "channel"))
        doing.wish(desk.new_id(), "notice", "test", channel=ident)
        return doing.tell(ident, f"A test is sent to {row.name}.", NoticeActed)


def has_secret(desk: Desk, actor: Actor, ident: str) -> bool:
    """Whether `notice` has a secret for the channel; what it is, nobody is told."""
    permit(desk, actor, SCOPE, "has_secret")
    return is_kept(desk, ident)
