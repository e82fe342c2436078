"""What became of a wish: the role it was for answers with an event that names it.

Five are exceptions: the end of a cancelled build stands in the build's own row; until when
blocking of names pauses, and questions are put down, and what a name was looked up to be, in what
dns says of itself; whether packets are traced in what net remembers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from appliance.events import say
from appliance.store.inventory_view import Wish
from appliance.store.reads import Reads

UNDER_WAY = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Answer:
    """How a wish stands: "waiting", "done" or "refused", and the sentence that came with it."""

    wish: Wish
    state: str
    what: str
    at: float | None = None  # Unix seconds, of the answer


def answer(reads: Reads, ident: str) -> Answer | None:
    """How the wish with that id stands; None when there is none."""
    wish = reads.wish(ident)
    if wish is None:
        return None
    told = reads.answers(wish.role, ident, wish.at)
    if told:
        newest = told[-1]
        refused = type(newest.event).__name__.endswith("Refused")
        return Answer(wish, "refused" if refused else "done", say(newest.event), newest.at)
    if wish.kind in ELSEWHERE:
        return ELSEWHERE[wish.kind](reads, wish)
    return _waiting(wish)


def _cancelled(reads: Reads, wish: Wish) -> Answer:
    build = reads.build(str(wish.body["build"]))
    if build is None or build.state in UNDER_WAY:
        return _waiting(wish)
    what = f"The build of {build.name} ended: {build.state}. {build.what}".strip()
    return Answer(wish, "done", what, build.ended_at)


def _paused(reads: Reads, wish: Wish) -> Answer:
    standing = reads.names_standing()
    if standing is None or standing.paused_until != float(wish.body["until"]):
        return _waiting(wish)
    return Answer(wish, "done", "The role dns blocks names as it was asked.", standing.at)


def _noted(reads: Reads, wish: Wish) -> Answer:
    standing = reads.names_standing()
    if standing is None or standing.noted_until != float(wish.body["until"]):
        return _waiting(wish)
    return Answer(wish, "done", "The role dns puts questions down as it was asked.", standing.at)


def _looked_up(reads: Reads, wish: Wish) -> Answer:
    found = reads.looked_up(wish.id)
    return Answer(wish, "done", *found) if found else _waiting(wish)


def _traced(reads: Reads, wish: Wish) -> Answer:
    found = reads.trace()
    if found is None or found.wish != wish.id:
        return _waiting(wish)
    if found.problem:
        return Answer(wish, "refused", found.problem)
    return Answer(wish, "done", "The role net tells what becomes of its packets.")


def _waiting(wish: Wish) -> Answer:
    return Answer(wish, "waiting", f"The role {wish.role} has not answered yet.")


ELSEWHERE: Mapping[str, Callable[[Reads, Wish], Answer]] = {
    "cancel": _cancelled,
    "pause": _paused,
    "look": _looked_up,
    "note": _noted,
    "trace": _traced,
}
"""Kind of a wish that no event answers → where its answer is."""
