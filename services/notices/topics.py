"""Which events are worth a notice, and under which topic."""

from collections.abc import Callable, Collection, Mapping

from appliance import events
from appliance.events import Event, say

Told = Callable[[Event], bool]


def _always(event: Event) -> bool:
    del event
    return True


def _is_back(event: Event) -> bool:
    return isinstance(event, events.PublicNamePublished) and event.again


def _fell_short(event: Event) -> bool:
    return isinstance(event, events.BootEnded) and event.state == "short"


def _failed(event: Event) -> bool:
    return isinstance(event, events.BuildEnded) and event.state == "failed"


TOPIC_OF: Mapping[type[Event], tuple[str, Told]] = {
    events.DeviceMet: ("device", _always),
    events.WanUp: ("internet", _always),
    events.WanDown: ("internet", _always),
    events.RevisionUndone: ("change", _always),
    events.RevisionRefused: ("change", _always),
    events.BootEnded: ("boot", _fell_short),
    events.GenerationBad: ("boot", _always),
    events.GenerationBadHere: ("boot", _always),
    events.IdentityAsked: ("boot", _always),
    events.IdentityDiffers: ("boot", _always),
    events.BuildEnded: ("build", _failed),
    events.BuilderLost: ("build", _always),
    events.BuilderBack: ("build", _always),
    events.CacheLost: ("build", _always),
    events.CacheBack: ("build", _always),
    events.StoreFull: ("disk", _always),
    events.SourceHeldBack: ("build", _always),
    events.SourceWentTooFar: ("build", _always),
    events.ServiceFailed: ("role", _always),
    events.PoolEmpty: ("network", _always),
    events.PoolFlooded: ("network", _always),
    events.ForeignServer: ("network", _always),
    events.ForeignServerGone: ("network", _always),
    events.EarLost: ("network", _always),
    events.FlowsNearlyFull: ("network", _always),
    events.FlowsCalm: ("network", _always),
    events.ExposureFound: ("exposed", _always),
    events.ExposureGone: ("exposed", _always),
    events.PublicNameUnpublished: ("name", _always),
    events.PublicNamePublished: ("name", _is_back),
}
"""Kind of event → its topic, and whether this one is told."""


def topic(event: Event, silent: Collection[str] = ()) -> str | None:
    """The topic of an event, None when nobody is told; of new devices on `silent` networks nobody
    is.

    >>> topic(events.WanDown("eth0", "No cable.")), topic(events.WanOff())
    ('internet', None)
    """
    found = TOPIC_OF.get(type(event))
    if found is None or not found[1](event):
        return None
    if isinstance(event, events.DeviceMet) and event.network in silent:
        return None
    return found[0]


def what(event: Event) -> str:
    """The sentence."""
    return " ".join(say(event).split())
