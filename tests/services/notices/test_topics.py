import pytest

from appliance import events
from appliance.events import Event
from appliance.model.notices import TOPICS
from services.notices.topics import TOPIC_OF, topic, what

MET = events.DeviceMet("lan", "52:54:00:00:00:07", "printer")


def ended(state: str) -> Event:
    return events.BootEnded("b", "52:54:00:00:00:07", state)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (MET, "device"),
        (events.WanDown("eth0", "no cable."), "internet"),
        (events.WanUp("eth0", "192.0.2.2", "192.0.2.1"), "internet"),
        (events.RevisionUndone(7, "nobody kept it."), "change"),
        (ended("short"), "boot"),
        (ended("up"), None),
        (events.GenerationBad("s/h", "h", 2, "i", "m", "b", 2, "1 is served."), "boot"),
        (events.GenerationGood("s/h", "h", 2, "i", "m"), None),
        (events.BuildEnded("b", "h", "ember", "failed"), "build"),
        (events.BuildEnded("b", "h", "ember", "built"), None),
        (events.ServiceFailed("devices", "why.", 4), "role"),
        (events.PoolFlooded("lan", 200), "network"),
        (events.PublicNameUnpublished("home.example.org", "why."), "name"),
        (events.PublicNamePublished("home.example.org", "192.0.2.2", again=True), "name"),
        (events.PublicNamePublished("home.example.org", "192.0.2.2"), None),
        (events.FlowsNearlyFull(80, 100, "", "todo."), "network"),
        (events.FlowsCalm(59, 100), "network"),
        (events.ExposureFound("heard tcp 22", "what.", "todo."), "exposed"),
        (events.ExposureGone("heard tcp 22", "what."), "exposed"),
        (events.BuildQueued("b", "h", "ember"), None),
    ],
)
def test_what_is_told_under_which_topic(event: Event, expected: str | None) -> None:
    assert topic(event) == expected


def test_of_new_devices_on_a_silent_network_nobody_is_told() -> None:
    assert topic(MET, {"lan"}) is None
    assert topic(MET, {"lab"}) == "device"


def test_every_topic_of_an_event_can_be_chosen() -> None:
    assert {word for word, _ in TOPIC_OF.values()} <= TOPICS.keys()


def test_a_sentence_is_one_line() -> None:
    assert "\n" not in what(events.WanDown("eth0", "one\n\ntwo"))
