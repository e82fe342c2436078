"""What the owner asks of the network: wishes, read once into what the trial is told.

A change is named by the wish to apply it.  Keep, Undo and Extend name theirs, so that nobody keeps
what they have not seen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from appliance.store.inventory_view import RevisionView, Wish
from appliance.store.trials import TrialRow
from appliance.trial import Extend, Keep, Phase, Undo

LOOK, TRACE = "outside", "trace"
BESIDE = frozenset({LOOK, TRACE})
"""The kinds of wishes that are none for the keeper: `services/outside` looks from outside,
`services/trace` has packets told of."""
CUT_OFF = "The router restarted before it came to this, so it was not done. Ask for it again."
"""What becomes of a wish that a restart found unanswered: nobody waits for it any more, and a
change that began by itself after a power cut would have nobody to keep it."""


@dataclass(frozen=True, slots=True)
class Apply:
    """Put a revision on trial; `revision` is None when nixie.db does not have it."""

    revision: RevisionView | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Asked:
    """One wish: its place, its id, and the change that it is about.

    `what` is None when this version does not know such a wish.
    """

    seq: int
    wish: str
    change: str
    what: Apply | Keep | Undo | Extend | None


@dataclass(frozen=True, slots=True)
class Inventory:
    """What nixie.db says right now; `machines` are names by MAC, `last_wish` the newest place."""

    newest: RevisionView | None
    machines: Mapping[str, str]
    asked: tuple[Asked, ...] = ()
    last_wish: int = 0
    let_in: frozenset[str] = frozenset()  # new devices that the owner let in


def asked(wish: Wish, revision: Callable[[int], RevisionView | None]) -> Asked:
    """Read a wish; `revision` looks one up."""
    change = str(wish.body.get("change", wish.id))
    try:
        return Asked(wish.seq, wish.id, change, _what(wish, change, revision))
    except (KeyError, ValueError):
        return Asked(wish.seq, wish.id, change, None)


def kept_before(wishes: Sequence[Asked], row: TrialRow) -> Asked | None:
    """The wish to keep a trial that a restart cut off; None when none was made, or undone first.

    Whoever made it saw it confirmed: over the new network, while the trial waited for that.
    """
    if row.state != Phase.PENDING.value:
        return None
    about = (one for one in wishes if one.change == row.nonce)
    first = next((one for one in about if isinstance(one.what, Keep | Undo)), None)
    return first if first and isinstance(first.what, Keep) else None


def _what(
    wish: Wish, change: str, revision: Callable[[int], RevisionView | None]
) -> Apply | Keep | Undo | Extend | None:
    match wish.kind:
        case "apply":
            return Apply(revision(int(wish.body["revision"])), float(wish.body["seconds"]))
        case "keep":
            return Keep(change)
        case "undo":
            return Undo(f"{wish.body['by']} took it back.")
        case "extend":
            return Extend(float(wish.body["seconds"]))
    return None
