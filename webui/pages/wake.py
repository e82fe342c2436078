"""What came of waking a machine, said."""

from typing import NamedTuple

from appliance.actions.wake import Woken
from appliance.model.wake import CAUSES
from webui import phrases


class WakeView(NamedTuple):
    """The lines of the machine's page; `said` is "" when nobody woke it."""

    said: str
    tone: str
    causes: tuple[str, ...]


SAID = {
    "waiting": "It was sent the packet that wakes it {when}, on {where}, and has not come yet.",
    "asked": "It was woken {when}, and came to ask what to boot.",
    "here": "It was woken {when}, and came. It did not ask the router what to boot.",
    "silent": "It was sent the packet that wakes it {when}, on {where}, and did not come. What it "
    "may be:",
    "unsent": "It could not be woken {when}. {why}",
}
TONES = {"silent": "warn", "unsent": "bad"}
OLD_SECONDS = 24 * 3600.0


def woken(found: Woken | None, now: float) -> WakeView:
    """The last try, for a day."""
    if found is None or now - found.row.at > OLD_SECONDS:
        return WakeView("", "", ())
    where, when = " and ".join(found.row.networks), phrases.ago(now - found.row.at)
    said = SAID[found.came].format(when=when, where=where, why=found.row.why)
    causes = CAUSES if found.came == "silent" else ()
    return WakeView(said, TONES.get(found.came, "note"), causes)
