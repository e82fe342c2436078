"""Blocking of names: paused for a while, and gone on with.  Effective at once."""

from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.refusals import problem
from appliance.errors import Refused
from appliance.events import ConfigActed

LONGEST_MINUTES = 1_440
SUBJECT = "blocking"


def pause_blocking(desk: Desk, actor: Actor, minutes: int) -> Done:
    """Answer blocked names for `minutes` from now; a pause before it ends."""
    with act(desk, actor, "pause_blocking") as doing:
        if not 1 <= minutes <= LONGEST_MINUTES:
            what = f"A pause takes 1 to {LONGEST_MINUTES} minutes."
            raise Refused(problem(what, "minutes"))
        until = desk.now() + 60.0 * minutes
        doing.wish(desk.new_id(), "dns", "pause", until=str(until))
        many = "one minute" if minutes == 1 else f"{minutes} minutes"
        return doing.tell(SUBJECT, f"Nothing is blocked for {many}.", ConfigActed)


def resume_blocking(desk: Desk, actor: Actor) -> Done:
    """End a pause now."""
    with act(desk, actor, "resume_blocking") as doing:
        doing.wish(desk.new_id(), "dns", "pause", until=str(desk.now()))
        return doing.tell(SUBJECT, "Names are blocked again.", ConfigActed)
