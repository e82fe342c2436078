"""The disk that images lie on: how many generations stay, and garbage that goes at once."""

from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act
from appliance.actions.refusals import problem
from appliance.errors import Refused
from appliance.events import StorageActed
from appliance.model.storage import MOST, Choice
from appliance.quantities import size
from appliance.store.tables import Retention


def keep_generations(desk: Desk, actor: Actor, keep: int) -> Done:
    """Keep so many generations of each host; older ones that nothing needs go at once.

    The number can be set back; what went comes back only by building it again.  Raises Refused.
    """
    if not 1 <= keep <= MOST:
        raise Refused(problem(f"Keep 1 to {MOST} generations of each host.", "keep"))
    with act(desk, actor, "keep_generations") as doing:
        row = doing.session.get(Retention, actor.account)
        if row is None:
            doing.insert(
                Retention(account=actor.account, origin=ORIGIN, keep=keep, set_at=desk.now())
            )
        else:
            doing.change(row, keep=keep, set_at=desk.now())
        going = choice(desk, keep)
        if going is not None and going.bytes:
            doing.wish(desk.new_id(), "build", "clear", bytes=str(going.bytes))
        return doing.tell("retention", said(keep, going), StorageActed)


def clear_garbage(desk: Desk, actor: Actor) -> Done:
    """Have everything removed from the store that nothing keeps; builds fetch or make it again."""
    with act(desk, actor, "clear_garbage") as doing:
        doing.wish(desk.new_id(), "build", "clear", bytes="0")
        return doing.tell("store", "What nothing needs is removed from the store.", StorageActed)


def choice(desk: Desk, keep: int) -> Choice | None:
    """What keeping so many would let go, None when that is not known."""
    return next((one for one in desk.reads.storage().choices if one.keep == keep), None)


def said(keep: int, going: Choice | None) -> str:
    """The act in a sentence.

    >>> said(3, Choice(3, 2, 5 << 30, "2 of ember"))
    '3 generations of each host are kept: 2 of ember go, which frees about 5 GiB.'
    >>> said(1, None)
    '1 generation of each host is kept.'
    """
    nouns, verb = ("generation", "is") if keep == 1 else ("generations", "are")
    kept = f"{keep} {nouns} of each host {verb}"
    if going is None or not going.generations:
        return f"{kept} kept."
    go = "goes" if going.generations == 1 else "go"
    return f"{kept} kept: {going.what} {go}, which frees about {' '.join(size(going.bytes))}."
