from typing import Any

import pytest

from appliance.store.boots import BootRow, StepRow
from webui import lanes


def boot(state: str, ended: float | None) -> BootRow:
    return BootRow(
        "b", "lan", "52:54:00:00:00:01", None, "pxe-x64", 100.0, ended, state, "s/ember", "ember",
        "i", 1, "run", None, None, {},
    )  # fmt: skip


def step(number: int, kind: str, at: float, until: float | None, **more: Any) -> StepRow:
    return StepRow(
        number, kind, kind, 100 + at, None if until is None else 100 + until, more.get("sent"),
        more.get("total"), more.get("status", "ok"), {},
    )  # fmt: skip


LOADED = (
    step(1, "dhcp", 0, 0),
    step(2, "dhcp", 3.8, 3.8),
    step(3, "loader", 3.9, 4.2),
    step(4, "dhcp", 4.5, 4.6),
    step(5, "script", 4.7, 4.8),
    step(6, "part", 4.8, 5.0),
    step(7, "part", 5.0, 10.0),
)


def keyed(found: tuple[lanes.Lane, ...]) -> dict[str, lanes.Lane]:
    return {lane.key: lane for lane in found}


def test_dhcp_before_and_after_the_loader_are_two_spans() -> None:
    found = keyed(lanes.lanes(boot("up", 130.0), LOADED, 200.0))
    assert [round(span.end - span.start, 1) for span in found["dhcp"].spans] == [3.8, 0.1]


def test_parts_that_follow_each_other_are_one_span() -> None:
    found = keyed(lanes.lanes(boot("up", 130.0), LOADED, 200.0))
    assert len(found["part"].spans) == 1
    assert found["part"].took == pytest.approx(5.2)


def test_the_kernel_runs_from_the_last_byte_to_the_call_home() -> None:
    steps = (*LOADED, step(8, "up", 30, 30))
    found = keyed(lanes.lanes(boot("up", 130.0), steps, 200.0))
    assert found["kernel"].spans == (lanes.Span(10.0, 30.0),)


def test_a_kernel_that_fell_short_is_silent_to_the_end_of_the_boot() -> None:
    found = keyed(lanes.lanes(boot("short", 230.0), LOADED, 900.0))
    assert found["kernel"].state == "silent"
    assert found["kernel"].spans[-1].end == 130.0


def test_a_download_that_broke_off_is_the_lane_that_fell() -> None:
    steps = (*LOADED[:5], step(6, "part", 4.8, 6.0, status="aborted", sent=5, total=9))
    found = keyed(lanes.lanes(boot("short", 160.0), steps, 900.0))
    assert found["part"].state == "fell"
    assert found["kernel"].spans == ()


def test_a_running_step_lasts_until_now() -> None:
    steps = (*LOADED[:5], step(6, "part", 4.8, None, status="running", sent=5, total=9))
    found = keyed(lanes.lanes(boot("loading", None), steps, 107.0))
    assert found["part"].state == "live"
    assert found["part"].spans[-1].end == pytest.approx(7.0)


def test_an_unwatched_boot_never_reaches_the_kernel_lane() -> None:
    found = keyed(lanes.lanes(boot("served", 110.0), LOADED, 200.0))
    assert found["kernel"].state == "unreached"


def test_a_boot_without_any_step_still_has_its_lanes() -> None:
    found = lanes.lanes(boot("asking", None), (), 101.0)
    assert [lane.key for lane in found] == ["dhcp", "kernel", "up"]


def test_usual_is_the_median_of_good_boots() -> None:
    good = [
        lanes.lanes(boot("up", 100 + at), (*LOADED, step(8, "up", at, at)), 500.0)
        for at in (20, 30, 90)
    ]
    assert lanes.usual(good)["kernel"] == pytest.approx(20.0)


def test_one_good_boot_is_no_habit() -> None:
    assert lanes.usual([lanes.lanes(boot("up", 130.0), LOADED, 200.0)]) == {}


def test_a_strip_is_as_long_as_its_boot() -> None:
    steps = (*LOADED, step(8, "up", 30, 30))
    found = lanes.lanes(boot("up", 130.0), steps, 200.0)
    told = dict(zip((lane.key for lane in found), lanes.phases(found), strict=True))
    assert sum(told.values()) == pytest.approx(30.0)
    assert told["dhcp"] == pytest.approx(3.9 + 0.2)  # with what it kept silent before the next
    assert told["up"] == 0.0


def test_nothing_heard_is_no_strip() -> None:
    assert sum(lanes.phases(lanes.lanes(boot("asking", None), (), 200.0))) == 0.0
