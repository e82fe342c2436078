"""What a machine really runs, said."""

from typing import NamedTuple

from appliance.actions.running import Truth
from webui import phrases


class RunningView(NamedTuple):
    """A line of the machine's page; `said` is "" when nothing was heard."""

    said: str
    tone: str
    path: str  # the store path that nobody served, "" when it runs what it was given


SAID = {
    "in sync": "In sync: it runs generation {has} of {name}, which is what it would get now.",
    "behind": "Behind by {behind}: it runs generation {has} of {name}, and would get {gets}. "
    "Its next boot brings that.",
    "ahead": "It runs generation {has} of {name}, and its host went back to {gets}. "
    "Its next boot brings that.",
    "drifted": "Drifted by hand: {when} it was switched to a system that generation {has} of "
    "{name} is not. That holds until its next boot, which brings generation {gets}. To keep it, "
    "put the change into the flake and build the host.",
}


def running(found: Truth | None, now: float) -> RunningView:
    """In sync, behind, or drifted, and what to do."""
    if found is None:
        return RunningView("", "", "")
    row = found.row
    said = SAID[found.stand].format(
        has=row.generation,
        name=row.host.rpartition("/")[2],
        gets=found.gets or "nothing",
        behind=found.behind,
        when=phrases.ago(now - row.at),
    )
    if found.stand == "drifted":
        return RunningView(said, "warn", row.toplevel)
    return RunningView(said, "note", "")
