"""Whether a host is built by itself, because something new could come of it."""

from appliance.model.pushed import REVISION
from appliance.model.trust import treatment
from appliance.store import build_facts
from appliance.store.builds import generations
from appliance.store.inventory_view import SourceView
from services.nix.desk import Desk
from services.nix.works.driver import unchanged

TRIED = frozenset({"running", "failed", "cancelled"})
"""How a build stands that is not queued once more by itself."""


def is_wanting(desk: Desk, source: SourceView, host: str) -> bool:
    """A new image could come of a build, and none was tried from this very recipe.

    A stranger's host waits for its owner's word the first time.  What was pushed stays the newest
    until the source has something new.
    """
    look = build_facts.look(desk.database, host)
    if look is None or look.recipe is None:
        return False
    state, recipe = build_facts.last_try(desk.database, host)
    if not state and not treatment(source.trust).unasked:
        return False
    newest = next((one.rev for one in generations(desk.database, host)), "")
    if recipe == look.recipe and (state in TRIED or newest == REVISION):
        return False
    return not unchanged(desk, host, look.recipe)
