"""What is wrong now, of all that roles have told: each until it ended, or until it is old.

An event says that something began; what ends it is another event about the same, or silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf

from appliance import events
from appliance.events import Event
from appliance.model.slices import Slices
from appliance.store.journal import Entry
from appliance.store.reads import Reads
from webui import phrases
from webui.pages import happened
from webui.pages.happened import Names

_QUARTER, _HOUR, _DAY = 900.0, 3600.0, 86_400.0
FIELDS = ("network", "server", "link", "service")
"""Two events of one kind are about different things when these differ."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When what an event says is over: after a later one of `until`, or after `seconds`."""

    answer: str  # in a heading
    press: str
    until: tuple[type[Event], ...] = ()
    seconds: float = inf
    kind: str = "bad"
    clear: str = ""  # what the owner can do, said below


RULES: Mapping[type[Event], Rule] = {
    events.ForeignServer: Rule(
        "Another DHCP server answers.",
        "Decide",
        until=(events.ForeignServerGone,),
        clear="Switch it off where it runs, or let this router answer beside it.",
    ),
    events.ForeignBootServer: Rule(
        "Another server answers machines that boot.",
        "Look at it",
        seconds=_DAY,
        kind="warn",
        clear="Clear that on it, or machines follow it.",
    ),
    events.PoolEmpty: Rule(
        "A pool is used up.", "See the pool", seconds=_QUARTER, clear="Make the pool larger."
    ),
    events.LeaseDeclined: Rule("An address is taken.", "Look at it", seconds=_HOUR, kind="warn"),
    events.BootLooping: Rule(
        "A machine boots in a circle.", "See its boots", seconds=_QUARTER, kind="warn"
    ),
    events.LinkMissing: Rule("A port is missing.", "Look at it", until=(events.LinkReturned,)),
    events.RevisionRefused: Rule(
        "A change was not applied.", "Look at it", until=(events.RevisionApplied,)
    ),
    events.RevisionUndone: Rule(
        "A change was undone.", "Look at it", until=(events.RevisionApplied,)
    ),
    events.NetworkUnreachable: Rule(
        "The network could not be put right.",
        "Look at it",
        until=(events.RevisionApplied, events.DriftRepaired),
        seconds=_DAY,
    ),
    events.WishRefused: Rule(
        "Something could not be done.", "See the builds", seconds=_HOUR, kind="warn"
    ),
    events.ServiceFailed: Rule(
        "A part of the router stopped.", "See what happened", seconds=_QUARTER, kind="warn"
    ),
}
_PAGES: Mapping[type[Event], str] = {
    events.WishRefused: "/builds",
    events.ServiceFailed: "/changes/happened",
}
"""Where to look when the event names no place of its own."""

KINDS = frozenset(kind.__name__ for began, rule in RULES.items() for kind in (began, *rule.until))


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong now."""

    event: Event
    kind: str  # "bad", "warn"
    answer: str
    what: str
    under: str
    href: str
    press: str


def heard(reads: Reads, now: float) -> list[Entry]:
    """What roles have told that still is so, the newest first."""
    return standing(reads.latest(KINDS, FIELDS), now)


def present(
    entries: Sequence[Entry], slices: Slices | None, called: Names, now: float
) -> list[Trouble]:
    """Those of them that the owner has not decided, the worst first, then the newest."""
    found = [_trouble(one, called, now) for one in entries if not decided(one.event, slices)]
    return sorted(found, key=lambda one: one.kind != "bad")


def standing(entries: Sequence[Entry], now: float) -> list[Entry]:
    """Those that no later one ended and that are not old; `entries` come newest first."""
    found = []
    for place, entry in enumerate(entries):
        rule = RULES.get(type(entry.event))
        if rule is None or now - entry.at > rule.seconds:
            continue
        later = entries[:place]
        if not any(_ends(one.event, entry.event, rule) for one in later):
            found.append(entry)
    return found


def decided(event: Event, slices: Slices | None) -> bool:
    """Whether the owner has already said what to do about it."""
    return (
        isinstance(event, events.ForeignServer)
        and slices is not None
        and any(one.name == event.network and one.answer_beside_others for one in slices.dhcp)
    )


def _ends(later: Event, began: Event, rule: Rule) -> bool:
    if not isinstance(later, rule.until):
        return False
    now, then = asdict(later), asdict(began)
    return all(now[name] == then[name] for name in FIELDS if name in now and name in then)


def _trouble(entry: Entry, called: Names, now: float) -> Trouble:
    event = entry.event
    rule = RULES[type(event)]
    where, _ = happened.place(event, called)
    heard = phrases.sentence(phrases.ago(now - entry.at))
    card = f"Its MAC is {event.mac}." if isinstance(event, events.ForeignServer) else ""
    return Trouble(
        event=event,
        kind=rule.kind,
        answer=rule.answer,
        what=happened.sentence(event, called),
        under=" ".join(part for part in (heard, card, rule.clear) if part),
        href=_PAGES.get(type(event)) or where or "/networks",
        press=rule.press,
    )
