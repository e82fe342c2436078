"""What a machine really runs, said."""

from typing import NamedTuple

from appliance.actions.running import Truth
from webui import phrases


class RunningView(NamedTuple):
    """A line of the machine's page; `said` is "" when nothing was heard."""

    said: str
    tone: str
    path: str  # the store path that nobody served, "" when it runs what it was given
    host: str  # id
    pin: int  # the generation that it runs and would not get again, 0 for none
    push: str  # the command that makes it what is served, "" for none


SAID = {
    "in sync": "In sync: it runs generation {has} of {name}, which is what it would get now.",
    "behind": "Behind by {behind}: it runs generation {has} of {name}, and would get {gets}. "
    "Its next boot brings that, unless you pin what it runs.",
    "ahead": "It runs generation {has} of {name}, and its host went back to {gets}. "
    "Its next boot brings that, unless you pin what it runs.",
    "drifted": "Drifted by hand: {when} it was switched to a system that generation {has} of "
    "{name} is not. That holds until its next boot, which brings generation {gets}. To keep it, "
    "push the flake it was built from, with what is not committed: it becomes the next generation.",
}


NOTHING = RunningView("", "", "", "", 0, "")


def running(found: Truth | None, now: float, push: str) -> RunningView:
    """In sync, behind, or drifted, and what to do; `push` is the command that pushes its host."""
    if found is None:
        return NOTHING
    row = found.row
    said = SAID[found.stand].format(
        has=row.generation,
        name=row.host.rpartition("/")[2],
        gets=found.gets or "nothing",
        behind=found.behind,
        when=phrases.ago(now - row.at),
    )
    if found.stand == "drifted":
        return RunningView(said, "warn", row.toplevel, row.host, 0, push)
    pin = row.generation if found.stand in ("behind", "ahead") else 0
    return RunningView(said, "note", "", row.host, pin, "")
