"""What roles tell: their events as sentences, with the place each belongs to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import NamedTuple
from urllib.parse import quote

from appliance import events
from appliance.events import Event, say
from appliance.store.inventory_view import MachineView, SourceView
from appliance.store.journal import Entry
from appliance.store.journals import Told
from webui import phrases

TONES: Mapping[str, tuple[type[Event], ...]] = {
    "bad": (
        events.ForeignServer,
        events.PoolEmpty,
        events.PoolFlooded,
        events.EarLost,
        events.LinkMissing,
        events.LinkUnclear,
        events.RevisionRefused,
        events.RevisionUndone,
        events.NetworkUnreachable,
        events.SourceUnreadable,
        events.GenerationBad,
        events.IdentityDiffers,
        events.ServiceFailed,
        events.WishRefused,
        events.ChangeRefused,
        events.FileGone,
        events.WanDown,
        events.WanRefused,
        events.OutsideHeard,
        events.ExposureFound,
        events.FlowsNearlyFull,
        events.PublicNameUnpublished,
    ),
    "warn": (
        events.GenerationBadHere,
        events.OnceUnsure,
        events.SystemSwitched,
        events.IdentityAsked,
        events.ForeignBootServer,
        events.LeaseDeclined,
        events.LeaseRefused,
        events.BootLooping,
        events.DriftRepaired,
        events.PrefixGone,
        events.ClockDoubted,
        events.TokenUnknown,
        events.FileReplaced,
        events.WanAddressGone,
        events.OutsideRefused,
        events.BuilderLost,
        events.CacheLost,
        events.StoreTight,
        events.StoreFull,
        events.SourceHeldBack,
        events.SourceWentTooFar,
    ),
    "ok": (
        events.ForeignServerGone,
        events.StoreRoomy,
        events.StoreFreed,
        events.GenerationsLetGo,
        events.ForeignBootServerGone,
        events.PoolCalm,
        events.PoolHasRoom,
        events.EarFound,
        events.LinkReturned,
        events.PrefixDelegated,
        events.ClockTrusted,
        events.RevisionApplied,
        events.ImagePublished,
        events.GenerationGood,
        events.WanUp,
        events.OutsideSilent,
        events.ExposureGone,
        events.FlowsCalm,
        events.PublicNamePublished,
        events.BuilderBack,
        events.CacheBack,
    ),
    "note": (
        events.SourceChanged,
        events.BuildEnded,
        events.GenerationChosen,
        events.OnceSpent,
        events.MachineWoken,
        events.IdentityDecided,
        events.RevisionTried,
        events.TrialExtended,
        events.AddressLeft,
        events.DeviceMet,
        events.WanAddressed,
        events.WanOff,
        events.PublicNameForgotten,
        events.BuilderLeft,
        events.CacheLeft,
    ),
}
"""The kinds of events that are told, and how each looks."""

QUIET: tuple[type[Event], ...] = (
    events.BootAsked,
    events.BootAnswered,
    events.BootUnanswered,
    events.BootBegan,
    events.BootStepped,
    events.BootEnded,
    events.MachineHeld,
    events.SourceChecked,
    events.HostJudged,
    events.BuildQueued,
    events.BuildStepped,
    events.SourceActed,
    events.BuildActed,
    events.BuilderActed,
    events.StorageActed,
    events.BuilderTried,
    events.CacheActed,
    events.CacheTried,
    events.MachineActed,
    events.NoticeActed,
    events.NoticeRefused,
    events.NoticeTested,
    events.ConfigActed,
    events.DeviceActed,
    events.RoleEnded,
    events.RoleReady,
    events.RoleUnserved,
    events.WallLower,
    events.PublicNameActed,
    events.PublicNameAsked,
    events.PublicNameRefused,
    events.WebhookHeard,
    events.GenerationPushed,
    events.WanAsked,
    events.WanFound,
)
"""Steps on the way, which pages of their own show, and what people did."""

LOUD = frozenset(kind.__name__ for kinds in TONES.values() for kind in kinds)
OF_NETWORKS = frozenset(
    kind.__name__
    for kinds in TONES.values()
    for kind in kinds
    if "network" in kind.__dataclass_fields__
)
OF_GENERATIONS: frozenset[type[Event]] = frozenset(
    {
        events.GenerationGood,
        events.GenerationBad,
        events.GenerationBadHere,
        events.GenerationChosen,
    }
)
OF_INTERNET = frozenset(kind for kind in LOUD if kind.startswith("Wan"))
_TONE = {kind: tone for tone, kinds in TONES.items() for kind in kinds}
_ENDED = {"built": "ok", "unchanged": "ok", "failed": "bad"}


class Happened(NamedTuple):
    """One event, ready to print; `label` is its shape in a word, `where` leads to its place."""

    kind: str  # "bad", "warn", "ok", "note"
    label: str
    what: str
    where: str
    called: str  # the place's name
    when: str


class Names(NamedTuple):
    """What the owner calls things: machines by MAC, and their ids; sources by id."""

    machines: Mapping[str, str]
    ids: Mapping[str, str]
    sources: Mapping[str, str]


def names(machines: Iterable[MachineView], sources: Iterable[SourceView]) -> Names:
    """From the rows of the inventory."""
    macs = [(mac, one) for one in machines for _, mac in one.macs]
    return Names(
        {mac: one.name for mac, one in macs},
        {mac: one.id for mac, one in macs},
        {source.id: source.name for source in sources},
    )


def told(found: Sequence[Told], called: Names, now: float) -> tuple[Happened, ...]:
    """Events as rows."""
    return tuple(_told(one.entry, called, now) for one in found)


def sentence(event: Event, called: Names) -> str:
    """What happened, with the machine's name in place of its MAC, revisions short."""
    mac = str(asdict(event).get("mac"))
    if mac in called.machines:
        event = replace(event, mac=called.machines[mac])  # type: ignore[call-arg]
    if isinstance(event, events.SourceChanged):
        event = replace(event, revision=event.revision.removeprefix("sha256-")[:7])
    said = say(event).strip()  # it may begin with a name, which keeps its small letter
    return said if said.endswith((".", "?", "…")) else f"{said}."


def place(event: Event, called: Names) -> tuple[str, str]:
    """Address and name of what the event is about, ("", "") when it has no page."""
    facts = {name: str(value) for name, value in asdict(event).items() if value}
    if "build" in facts:
        return f"/builds/{facts['build']}", "its build"
    if type(event) in OF_GENERATIONS:
        host = facts["host"]
        return f"/hosts/{host}", f"the generations of {host.rpartition('/')[2]}"
    source = facts.get("source") or facts.get("host", "").rpartition("/")[0]
    if source in called.sources:
        return f"/sources/{source}", called.sources[source]
    if isinstance(event, events.DeviceMet):
        return f"/devices/{event.mac.replace(':', '-')}", "the device"
    if facts.get("machine") in called.ids.values():
        return f"/machines/{facts['machine']}", facts.get("name", "the machine")
    if facts.get("mac") in called.ids:
        return f"/machines/{called.ids[facts['mac']]}", called.machines[facts["mac"]]
    if "network" in facts:
        return f"/networks#net-{quote(facts['network'])}", facts["network"]
    return _PLACES.get(event.bell, ("", ""))


def _told(entry: Entry, called: Names, now: float) -> Happened:
    event = entry.event
    tone = _TONE.get(type(event), "note")
    if isinstance(event, events.BuildEnded):
        tone = _ENDED.get(event.state, "note")
    where, name = place(event, called)
    return Happened(
        kind=tone,
        label=_LABELS[tone],
        what=sentence(event, called),
        where=where,
        called=name,
        when=phrases.ago(now - entry.at),
    )


_PLACES = {
    "changes": ("/networks", "the networks"),
    "wan": ("/internet", "the internet"),
    "builders": ("/builders", "the builders"),
    "caches": ("/caches", "the caches"),
}
_LABELS = {"bad": "Trouble", "warn": "Warning", "ok": "Good", "note": "Note"}
