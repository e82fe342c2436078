"""Pushing: a host that was built on its owner's own computer becomes a generation on trial.

Who pushes decides what machines run, so it takes an owner.  The role build judges what came.
"""

from collections.abc import Sequence

from appliance.actions.desk import Actor, Desk, Done, act, permit, savable
from appliance.actions.hosts import host_named
from appliance.actions.refusals import problem
from appliance.errors import Refused
from appliance.events import BuildActed
from appliance.model.pushed import Piece, Pushed, problem_of, to_json
from appliance.store.pushed.open import Full, Pieces

SCOPE = "admin"


def missing(desk: Desk, actor: Actor, pushed: Pushed) -> Sequence[tuple[Piece, int]]:
    """The files that have to be sent, with how many of their bytes are here.  Raises Refused."""
    permit(desk, actor, SCOPE, "push_host")
    if wrong := problem_of(pushed):
        raise Refused(problem(wrong, "pieces"))
    pieces = Pieces(desk.reads.state)
    found = {one.sha256: (one, pieces.has(one)) for one in pushed.pieces}
    return [(one, has) for one, has in found.values() if has < one.size]


def push_host(desk: Desk, actor: Actor, pushed: Pushed) -> Done:
    """Have a host made of what was sent; the answer is an event with the wish's id."""
    with act(desk, actor, "push_host", scope=SCOPE) as doing:
        found = host_named(desk, doing.session, pushed.host)
        ident = desk.new_id()
        Pieces(desk.reads.state).leave(ident, {**to_json(pushed), "host": found.id})
        doing.wish(desk.new_id(), "build", "push", host=found.id, push=ident)
        return doing.tell(found.id, f"{found.name} was pushed.", BuildActed)


def add_piece(desk: Desk, actor: Actor, piece: Piece, at: int, content: bytes) -> int:
    """Take the next bytes of a file; returns how many are here then.  Raises Refused."""
    permit(desk, actor, SCOPE, "push_host")
    savable(desk)
    if wrong := problem_of(Pushed("", {}, (piece,))):
        raise Refused(problem(wrong, "sha256"))
    try:
        return Pieces(desk.reads.state).add(piece, at, content)
    except (Full, OSError):
        what = "The router's disk has no room for this. Make the host smaller, or make room there."
        raise Refused(problem(what, "size")) from None
