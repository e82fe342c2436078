"""What a machine boots once, said: how far that came, and what can be done about it."""

from typing import NamedTuple

from appliance.once import gives
from appliance.store.inventory_view import MachineView
from webui import phrases


class OnceDeed(NamedTuple):
    """A button; `deed` is a word of the URL below the machine's page."""

    deed: str
    label: str


class OnceView(NamedTuple):
    """The lines of the machine's page, `said` "" when there is nothing to boot once."""

    said: str
    tone: str
    deeds: tuple[OnceDeed, ...]


NOTHING = OnceView("", "", ())
AGAIN = {"install": OnceDeed("again", "Install again"), "rescue": OnceDeed("again", "Once more")}
DROP = OnceDeed("drop", "Do without it")
THEN = {
    "install": "boots its own disk from now on",
    "rescue": "goes on as before",
}


def pending(machine: MachineView) -> bool:
    """Does it come before whatever the machine boots otherwise?"""
    if machine.once is None or machine.intent in ("hold", "deny"):
        return False
    return machine.had is None or gives(machine.had.state)


def once(machine: MachineView, now: float) -> OnceView:
    """How far it came."""
    asked, had = machine.once, machine.had
    if asked is None:
        return NOTHING
    name, again = asked.host.rpartition("/")[2], AGAIN[asked.kind]
    if had is None or gives(had.state):
        what = f"It boots {name} once, and never a second time. After that it {THEN[asked.kind]}."
        return OnceView(what.replace(" from now on", ""), "note", (DROP,))
    when = phrases.ago(now - had.at)
    if had.state == "started":
        what = f"All of {name} was sent to it {when}. It has not said yet that it runs."
        return OnceView(what, "note", (DROP,))
    if had.state == "unsure":
        what = (
            f"It was sent {name} to install, and came back {when} without having been heard of. "
            "So that nothing is wiped twice, it is not sent again by itself. See what is on its "
            "disk, then choose."
        )
        return OnceView(what, "warn", (OnceDeed("drop", "Boot its disk"), again))
    what = f"It had {name} {when}, once, and {THEN[asked.kind]}."
    return OnceView(what, "ok", (again,))
