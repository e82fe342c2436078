import pytest

from appliance.store.builds import BuildRow, SourceStateRow
from services.netboot.newest import Stand, instead, waits

SINCE, MOST = 100.0, 600.0


def source(state: str, checked_at: float | None) -> SourceStateRow:
    return SourceStateRow("s1", state, "", checked_at, None, 1)


def build(state: str, ended_at: float | None = None, done: int = 0, expected: int = 0) -> BuildRow:
    return BuildRow(
        "b", "s1/ember", "s1", "ember", 1, state, "asked", 110.0, 111.0, ended_at, "", done,
        expected, "", "", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stand", "table_at", "said"),
    [
        (Stand(source("ready", 90.0), None), 95.0, "looks whether there is something newer"),
        (Stand(source("fetching", 101.0), None), 95.0, "looks whether there is something newer"),
        (Stand(source("ready", 105.0), build("queued")), 110.0, "ember waits to be built."),
        (Stand(source("ready", 105.0), build("running")), 110.0, "ember is being built."),
        (Stand(source("looking", 105.0), build("running", None, 3, 12)), 110.0, "3 of 12 (25 %)"),
        (Stand(source("ready", 105.0), build("done", 140.0)), 139.0, "is being published"),
        (Stand(source("ready", 105.0), None), 104.0, "is being published"),
    ],
    ids=["asked", "fetching", "queued", "counting", "building", "built", "looked at"],
)
def test_a_machine_waits_and_is_told_for_what(stand: Stand, table_at: float, said: str) -> None:
    assert said in waits(stand, SINCE, 150.0, MOST, table_at)


@pytest.mark.parametrize(
    ("stand", "now", "table_at"),
    [
        (Stand(source("ready", 105.0), None), 150.0, 106.0),
        (Stand(source("ready", 105.0), build("done", 140.0)), 150.0, 140.0),
        (Stand(source("ready", 105.0), build("failed", 140.0)), 150.0, 141.0),
        (Stand(source("unreadable", 105.0), None), 150.0, 106.0),
        (Stand(source("ready", 105.0), build("running")), SINCE + MOST, 110.0),
        (Stand(None, None), 150.0, 90.0),
        (Stand(source("ready", 90.0), None), 50.0, 95.0),
    ],
    ids=[
        "nothing new",
        "built",
        "failed",
        "unreadable",
        "too long",
        "no builder",
        "clock set back",
    ],
)
def test_a_machine_goes_on(stand: Stand, now: float, table_at: float) -> None:
    assert waits(stand, SINCE, now, MOST, table_at) == ""


def test_it_is_said_when_it_goes_on_whatever_comes() -> None:
    assert instead(100.0, 110.0, 600.0, 7).endswith("or in 10 minutes with generation 7.")
    assert instead(100.0, 690.0, 600.0, 7).endswith("or in 1 minute with generation 7.")
