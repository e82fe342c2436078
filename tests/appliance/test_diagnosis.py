"""One log per diagnosis: what was seen, and the name it gets."""

from typing import Any

import pytest

from appliance.diagnosis import HEADINGS, Diagnosis, diagnose, named
from appliance.store.boots import BootRow, StepRow

NOW = 1000.0


def boot(state: str, ended_at: float | None = None, **facts: Any) -> BootRow:
    return BootRow(
        "b1", "lan", "52:54:00:00:77:01", None, "pxe-x64", 0.0, ended_at, state,
        None, None, None, None, None, None, None, facts,
    )  # fmt: skip


def step(
    kind: str,
    name: str = "x",
    at: float = 1.0,
    status: str = "ok",
    size: int | None = None,
    **detail: Any,
) -> StepRow:
    return StepRow(0, kind, name, at, at, size, size, status, detail)


ACK = step("dhcp", "ACK", 1.0, file="x64/snponly.efi")
LOADER = step("loader", "x64/snponly.efi", 4.0)
SENT = [step("script", "ember", 5.0), step("part", "bzImage", 6.0), step("part", "initrd", 7.0)]

LOGS: dict[str, tuple[BootRow, list[StepRow], float]] = {
    "unknown-arch": (
        boot("asking", arch=5),
        [step("dhcp", "NOTHING", status="refused", why="No loader for architecture 5.")],
        NOW,
    ),
    "not-assigned": (boot("held", code="4821"), [step("script", "hold")], NOW),
    "artifact-pruned": (
        boot("loading"),
        [SENT[0], step("part", "initrd", status="missing")],
        NOW,
    ),
    "build-waiting": (
        boot("loading"),
        [step("script", "page", reason="waiting", sentence="ember is being built.")],
        NOW,
    ),
    "tftp-not-found": (
        boot("loading"),
        [ACK, step("loader", "ipxe.efi", status="missing")],
        NOW,
    ),
    "tftp-stalled": (
        boot("short"),
        [ACK, step("loader", "x", status="aborted", resends=6)],
        NOW,
    ),
    "ipxe-loop": (
        boot("loading"),
        [ACK, *(step("loader", "bios/undionly.kpxe", float(at)) for at in (4, 9, 14))],
        20.0,
    ),
    "download-aborted": (
        boot("loading"),
        [*SENT[:2], step("part", "initrd", 7.0, "aborted", 5)],
        NOW,
    ),
    "script-failed": (
        boot("loading"),
        [SENT[0], step("report", "kernel", status="refused", errno="0x2d0c613b")],
        NOW,
    ),
    "autoexec-missing": (boot("short"), [ACK, LOADER, step("dhcp", "DISCOVER", 9.0)], NOW),
    "loader-refused": (boot("short", 6.0), [ACK, LOADER], 6.0),
    "kernel-no-sign-of-life": (boot("starting"), SENT, 7.0 + 121),
    "e18-no-tftp": (boot("asking"), [ACK], 17.0),
    "unanswered": (
        boot("asking"),
        [step("dhcp", "NOTHING", status="refused", why="The pool of lan is used up.")],
        NOW,
    ),
}


def found(name: str) -> Diagnosis:
    told = diagnose(*LOGS[name])
    assert told is not None
    return told


@pytest.mark.parametrize("name", LOGS)
def test_a_log_gets_its_name(name: str) -> None:
    assert found(name).id == name


def test_every_diagnosis_has_a_log_here() -> None:
    assert set(LOGS) == set(HEADINGS)


@pytest.mark.parametrize("name", LOGS)
def test_a_diagnosis_is_sentences_without_blame_or_codes(name: str) -> None:
    told = found(name)
    for text in (told.heading, told.way_out, *told.proof):
        assert text.endswith(".")
        assert not {"!", "invalid", "failed to", "sorry", "please"} & set(text.lower().split())
    assert named(name) == told.heading


@pytest.mark.parametrize("state", ["up", "served", "local"])
def test_a_boot_that_went_well_has_none(state: str) -> None:
    assert diagnose(boot(state), [ACK, LOADER, *SENT], NOW) is None


def test_a_kernel_is_given_its_time() -> None:
    assert diagnose(boot("starting"), SENT, 7.0 + 60) is None


def test_a_firmware_is_given_time_to_fetch() -> None:
    assert diagnose(boot("asking"), [ACK], 1.0 + 5) is None


def test_a_question_for_the_size_is_not_a_load() -> None:
    probe = step("loader", "x64/snponly.efi", 4.0, probe=True)
    told = diagnose(boot("loading"), [ACK, probe, probe, probe], 20.0)
    assert told is None or told.id != "ipxe-loop"


def test_a_missing_name_before_the_right_one_is_no_failure() -> None:
    missed = step("loader", "revocations.efi", 3.0, "missing")
    assert diagnose(boot("loading"), [ACK, missed, LOADER], 5.0) is None


def test_a_download_that_came_again_whole_is_no_failure() -> None:
    broken = step("part", "initrd", 6.5, "aborted", 5)
    assert diagnose(boot("starting"), [*SENT[:2], broken, SENT[2]], 10.0) is None


def test_an_unknown_id_is_shown_as_it_is() -> None:
    assert named("from-a-later-version") == "from-a-later-version"
