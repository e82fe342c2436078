from typing import Any

import pytest

from appliance.boot_record import BootRecord
from appliance.causes import CAUSES
from appliance.diagnosis import diagnose
from appliance.first_stage import doubts, not_fetched, reported, too_large
from appliance.store.boots import BootRow, StepRow

LINE = 'boot.initrd.availableKernelModules = [ "igc" ];'


def boot(state: str = "starting", **facts: Any) -> BootRow:
    return BootRow(
        "b", "lan", "52:54:00:00:77:01", None, "pxe-x64", 0.0, None, state,
        None, "ember", None, None, None, None, None, facts,
    )  # fmt: skip


def part(number: int, name: str, status: str = "ok") -> StepRow:
    return StepRow(number, "part", name, number, number + 0.5, 10, 10, status, {})


def report(number: int, what: str, errno: str) -> StepRow:
    return StepRow(number, "report", what, number, number, None, None, "refused", {"errno": errno})


SENT = (part(1, "bzImage"), part(2, "ramdisk"))


def record(*steps: StepRow, now: float = 5.0, state: str = "starting", **facts: Any) -> BootRecord:
    return BootRecord(boot(state, **facts), steps, now)


@pytest.mark.parametrize(
    ("errno", "ident"),
    [
        ("wrong-hash", "store-wrong-hash"),
        ("no-memory", "ram-too-small"),
        ("unreachable", "store-failed"),
        ("", "store-failed"),
    ],
)
def test_a_first_stage_says_why_it_has_no_store(errno: str, ident: str) -> None:
    found = reported(record(*SENT, part(3, "store.squashfs"), report(4, "store", errno)))
    assert found is not None
    assert found[0] == ident
    assert ident in CAUSES


def test_what_it_said_before_it_tried_again_is_old() -> None:
    assert reported(record(report(1, "store", "wrong-hash"), part(2, "bzImage"))) is None


def test_a_store_nobody_asks_for_is_noticed_after_two_minutes() -> None:
    assert not_fetched(record(*SENT, now=60.0, store="aa")) is None
    found = not_fetched(record(*SENT, now=200.0, store="aa", bus_id="8086:15f3"))
    assert found is not None
    assert found[0] == "store-not-fetched"
    assert "Its network card is 8086:15f3." in found[1]


@pytest.mark.parametrize("status", ["running", "aborted", "ok"])
def test_a_store_that_is_fetched_is_not_missing(status: str) -> None:
    steps = (*SENT, part(3, "store.squashfs", status))
    assert not_fetched(record(*steps, now=500.0, store="aa")) is None


def test_an_image_with_its_store_inside_waits_for_none() -> None:
    assert not_fetched(record(*SENT, now=500.0)) is None


@pytest.mark.parametrize(
    ("what", "errno", "large"),
    [
        ("boot", "0x7f048289", True),
        ("initrd", "0x3418208b", True),
        ("initrd", "0x31012083", True),
        ("boot", "0x7f04818f", False),  # refused by Secure Boot
        ("disk", "0x7f048289", False),
        ("kernel", "unknown", False),
    ],
)
def test_a_loader_that_ran_out_of_memory(what: str, errno: str, large: bool) -> None:
    assert (too_large(record(report(1, what, errno))) is not None) is large


def test_a_doubt_explains_the_failure_that_it_foresaw() -> None:
    told = [{"what": "No driver.", "missing": LINE}, {"what": "Large.", "missing": None}]
    found = diagnose(boot(doubts=told), SENT, 500.0)
    assert found is not None
    assert found.id == "kernel-no-sign-of-life"
    assert found.way_out == f"Add this to the host: {LINE}"
    assert found.proof[-2:] == ("No driver.", "Large.")


def test_a_doubt_explains_nothing_that_came_before_the_image() -> None:
    told = [{"what": "No driver.", "missing": LINE}]
    assert doubts("offer-ignored", record(doubts=told)) == ((), "")


def test_a_wrong_hash_is_the_diagnosis_of_the_boot() -> None:
    steps = (*SENT, part(3, "store.squashfs"), report(4, "store", "wrong-hash"))
    found = diagnose(boot(store="aa"), steps, 10.0)
    assert found is not None
    assert found.id == "store-wrong-hash"
