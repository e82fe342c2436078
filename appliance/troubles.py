"""What is wrong right now, in sentences: of processes, networks, sources, builds and machines.

What dhcp finds on a network is a row of its own.  Of the others an event says that something
began; another about the same thing says that it is over, or it is old.  `RULES` has the events
that are told so, and when each is over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf

from appliance import events
from appliance.diagnosis import named
from appliance.events import Event, say
from appliance.model.slices import Slices
from appliance.store.boots import BootRow
from appliance.store.builds import BuildRow, SourceStateRow
from appliance.store.inventory_view import MachineView, SourceView
from appliance.store.journal import Entry
from appliance.store.leases import Trouble

_QUARTER, _HOUR, _DAY = 900.0, 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Rule:
    """When what an event says is over: after a later one of `until`, or after `seconds`.

    `about` names the fields that tell two things apart, of which the same can be said.
    """

    about: tuple[str, ...] = ()
    until: tuple[type[Event], ...] = ()
    seconds: float = inf


RULES: Mapping[type[Event], Rule] = {
    events.GenerationBad: Rule(
        ("host",), (events.GenerationGood, events.GenerationChosen), 7 * _DAY
    ),
    events.GenerationBadHere: Rule(("host", "mac"), seconds=_DAY),
    events.IdentityAsked: Rule(("machine",), (events.IdentityDecided,), _QUARTER),
    events.IdentityDiffers: Rule(("machine",), (events.IdentityDecided,), 7 * _DAY),
    events.BootLooping: Rule(("network", "mac"), seconds=_QUARTER),
    events.LinkMissing: Rule(("network", "link"), (events.LinkReturned, events.LinkUnclear)),
    events.LinkUnclear: Rule(("network", "link"), (events.LinkReturned, events.LinkMissing)),
    events.RevisionRefused: Rule((), (events.RevisionTried, events.RevisionApplied)),
    events.RevisionUndone: Rule((), (events.RevisionTried, events.RevisionApplied), _QUARTER),
    events.NetworkUnreachable: Rule((), (events.RevisionApplied, events.DriftRepaired), _DAY),
    events.ServiceFailed: Rule(("service",), seconds=_QUARTER),
    events.WishRefused: Rule(("wish",), seconds=_HOUR),
    events.WanDown: Rule((), (events.WanUp, events.WanOff)),
    events.PublicNameUnpublished: Rule(
        ("name",), (events.PublicNamePublished, events.PublicNameForgotten)
    ),
    events.ClockDoubted: Rule((), (events.ClockTrusted,)),
    events.BuilderLost: Rule(("builder",), (events.BuilderBack, events.BuilderLeft)),
    events.CacheLost: Rule(("cache",), (events.CacheBack, events.CacheLeft)),
    events.StoreTight: Rule((), (events.StoreRoomy, events.StoreFull)),
    events.StoreFull: Rule((), (events.StoreRoomy, events.StoreTight)),
    events.FlowsNearlyFull: Rule((), (events.FlowsCalm,)),
    events.ExposureFound: Rule(("finding",), (events.ExposureGone,)),
    events.OutsideRefused: Rule((), (events.OutsideSilent, events.OutsideHeard), _QUARTER),
}
KINDS = frozenset(kind.__name__ for began, rule in RULES.items() for kind in (began, *rule.until))
ABOUT = tuple(sorted({name for rule in RULES.values() for name in rule.about}))


def standing(entries: Iterable[Entry], now: float) -> list[Entry]:
    """The events that still are so, each thing once, the newest by the clock first.

    `entries` come newest first by their place in a file, for the clock may have been set since.
    """
    later: list[Event] = []
    found = []
    for entry in entries:
        rule = RULES.get(type(entry.event))
        if rule is not None and abs(now - entry.at) <= rule.seconds:
            over = (type(entry.event), *rule.until)
            if not any(isinstance(one, over) and _same(one, entry.event, rule) for one in later):
                found.append(entry)
        later.append(entry.event)
    return sorted(found, key=lambda entry: -entry.at)


def undecided(troubles: Iterable[Trouble], slices: Slices | None) -> Iterator[Trouble]:
    """What dhcp finds wrong on its networks, but for what the owner has decided."""
    beside = {one.name for one in slices.dhcp if one.answer_beside_others} if slices else set()
    for trouble in troubles:
        decided = trouble.network in beside and isinstance(trouble.event, events.ForeignServer)
        if not decided:
            yield trouble


def of_networks(troubles: Iterable[Trouble], slices: Slices | None) -> Iterator[str]:
    """The same in sentences."""
    return (say(one.event) for one in undecided(troubles, slices))


def of_events(entries: Iterable[Entry], now: float) -> Iterator[str]:
    """What roles have told that still is so."""
    return (say(entry.event) for entry in standing(entries, now))


def of_sources(
    sources: Iterable[SourceView], states: Mapping[str, SourceStateRow]
) -> Iterator[str]:
    """Sources that could not be read."""
    for source in sources:
        state = states.get(source.id)
        if state is not None and state.state == "unreadable":
            yield f"{source.name} could not be read. {state.what}".strip()


def of_builds(builds: Iterable[BuildRow]) -> Iterator[str]:
    """Hosts whose last build failed; `builds` come newest first."""
    seen = set()
    for build in builds:
        if build.host not in seen and build.state == "failed":
            yield f"{build.name} could not be built. {build.what}".strip()
        seen.add(build.host)


def of_machines(machines: Sequence[MachineView], boots: Iterable[BootRow]) -> Iterator[str]:
    """Machines whose last boot fell short; `boots` come newest first."""
    called = {mac: machine.name for machine in machines for _, mac in machine.macs}
    seen = set()
    for boot in boots:
        if boot.mac not in seen and boot.state == "short" and boot.mac in called:
            why = named(boot.diagnosis) if boot.diagnosis else ""
            yield f"The last boot of {called[boot.mac]} fell short. {why}".strip()
        seen.add(boot.mac)


def _same(one: Event, other: Event, rule: Rule) -> bool:
    now, then = asdict(one), asdict(other)
    return all(now.get(name) == then.get(name) for name in rule.about)
