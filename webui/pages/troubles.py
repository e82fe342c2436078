"""What is wrong now, ready to press: the sentence, what to do about it, where that is done.

What still is so is `appliance.troubles`' to say; `WAYS` is what the owner can do about each.
"""

from collections.abc import Mapping
from typing import NamedTuple

from appliance import events, troubles
from appliance.events import Event
from appliance.store.reads import Reads
from webui import phrases
from webui.pages import happened
from webui.pages.happened import Names


class Way(NamedTuple):
    """How one kind of trouble is shown; `clear` is what the owner can do, said below it."""

    answer: str  # in a heading
    press: str
    kind: str = "bad"
    clear: str = ""
    page: str = ""  # "": the page of what it is about


WAYS: Mapping[type[Event], Way] = {
    events.ForeignServer: Way(
        "Another DHCP server answers.",
        "Decide",
        clear="Switch it off where it runs, or let this router answer beside it.",
    ),
    events.ForeignBootServer: Way(
        "Another server answers machines that boot.",
        "Look at it",
        "warn",
        clear="Clear that on it, or machines follow it.",
    ),
    events.PoolEmpty: Way("A pool is used up.", "See the pool", clear="Make the pool larger."),
    events.PoolFlooded: Way(
        "Too many unknown devices ask for addresses.",
        "See the pool",
        clear="Who had an address goes on, new devices wait. Something there invents MACs: pull "
        "one cable after the other until this is over.",
    ),
    events.EarLost: Way("Other DHCP servers cannot be heard.", "Look at it"),
    events.GenerationBad: Way("A generation is bad.", "See its generations", "warn"),
    events.GenerationBadHere: Way("A machine cannot start a generation.", "See why", "warn"),
    events.IdentityAsked: Way("A machine asks who it is.", "Compare its code", "warn"),
    events.IdentityDiffers: Way(
        "A machine is not who it was.",
        "Look at it",
        clear="Approve it only if you changed its disk or its board.",
    ),
    events.BootLooping: Way("A machine boots in a circle.", "See its boots", "warn"),
    events.LinkMissing: Way("A port is missing.", "Look at it"),
    events.LinkUnclear: Way("A port is two at once.", "Look at it"),
    events.RevisionRefused: Way("A change was not applied.", "Look at it"),
    events.RevisionUndone: Way("A change was undone.", "Look at it"),
    events.NetworkUnreachable: Way("The network could not be put right.", "Look at it"),
    events.WanDown: Way("There is no internet.", "See why", page="/internet"),
    events.PublicNameUnpublished: Way(
        "A name does not follow this router.", "See why", "warn", page="/internet/names"
    ),
    events.ClockDoubted: Way(
        "The clock is not trusted.", "See the time", "warn", page="/networks/time"
    ),
    events.BuilderLost: Way("A builder does not answer.", "See why", "warn", page="/builders"),
    events.CacheLost: Way("A cache gives nothing.", "See why", "warn", page="/caches"),
    events.StoreTight: Way("The disk gets full.", "See what can go", "warn", page="/storage"),
    events.StoreFull: Way("Builds wait for room.", "See what can go", page="/storage"),
    events.FlowsNearlyFull: Way(
        "The router has nearly no room for connections.", "See the devices", page="/devices"
    ),
    events.ExposureFound: Way(
        "Something waits on the internet’s side.", "See what", page="/firewall/outside"
    ),
    events.OutsideRefused: Way(
        "Nobody could look from outside.", "See why", "warn", page="/firewall/outside"
    ),
    events.ServiceFailed: Way(
        "A part of the router stopped.", "See what happened", "warn", page="/changes/happened"
    ),
    events.WishRefused: Way(
        "Something could not be done.", "See the builds", "warn", page="/builds"
    ),
}


class Trouble(NamedTuple):
    """One thing that is wrong now."""

    event: Event
    kind: str  # "bad", "warn"
    answer: str
    what: str
    under: str
    href: str
    press: str


def present(reads: Reads, called: Names, now: float) -> list[Trouble]:
    """What is wrong now and not decided, the worst first, then the newest."""
    networks = troubles.undecided(reads.network_troubles(), reads.slices())
    entries = troubles.standing(reads.latest(troubles.KINDS, troubles.ABOUT), now)
    found = [(one.since, one.event) for one in networks]
    found += [(one.at, one.event) for one in entries]
    shown = [
        _shown(since, event, called, now)
        for since, event in sorted(found, key=lambda one: -one[0])
        if type(event) in WAYS
    ]
    return sorted(shown, key=lambda one: one.kind != "bad")


def _shown(since: float, event: Event, called: Names, now: float) -> Trouble:
    way = WAYS[type(event)]
    where, _ = happened.place(event, called)
    began = phrases.sentence(phrases.ago(now - since))
    return Trouble(
        event=event,
        kind=way.kind,
        answer=way.answer,
        what=happened.sentence(event, called),
        under=" ".join(part for part in (began, way.clear) if part),
        href=way.page or where or "/networks",
        press=way.press,
    )
