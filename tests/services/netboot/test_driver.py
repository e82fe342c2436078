"""boot.db as the recorder writes it, and as it is found again after a restart."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from appliance.events import (
    BootAnswered,
    BootAsked,
    BootEnded,
    BootUnanswered,
    Event,
    ForeignBootServer,
    ForeignBootServerGone,
    ForeignServer,
    Unanswered,
)
from appliance.store import boots, journal
from appliance.store.journal import Entry
from appliance.store.open import now, reader
from services.netboot.attempt import FIRST_KEPT, LAST_KEPT, Attempt, Chosen, Step
from services.netboot.attempts import ASKING_SECONDS
from services.netboot.driver import RESUME_SECONDS, Recorder
from tests.services.netboot.made import MAC, image

IMAGE = image()
RUN = Chosen(
    "run",
    "m1",
    "run",
    "i1",
    "s1/ember",
    "ember",
    IMAGE.id,
    3,
    IMAGE.toplevel,
    True,
    {part.sha256: part.size for part in IMAGE.parts},
)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "boot.db")
    yield made
    made.close()


def asked(stage: str = "discover", firmware: str = "pxe-x64") -> BootAsked:
    return BootAsked("lan", MAC, firmware, stage, 1, arch=7, uuid="u", bus_id="1af4:1000")


def sends_all(recorder: Recorder, attempt: Attempt) -> None:
    for part in IMAGE.parts:
        step = recorder.part_began(attempt, part.name, part.size)
        step.bytes, step.status = part.size, "ok"
        recorder.part_ended(attempt, step, part)


def test_dhcps_events_become_the_first_steps_of_a_boot(recorder: Recorder) -> None:
    at = now()
    answered = BootAnswered("lan", MAC, "offer", 1, "10.77.0.100", "x64/snponly.efi")
    recorder.dhcp(Entry(1, at, asked()))
    recorder.dhcp(Entry(2, at + 0.1, answered))
    recorder.flush()
    (row,) = boots.boots(recorder.connection)
    assert (row.state, row.firmware, row.facts["arch_code"]) == ("asking", "pxe-x64", 7)
    steps = boots.steps(recorder.connection, row.id)
    assert [(step.kind, step.name) for step in steps] == [("dhcp", "DISCOVER"), ("dhcp", "OFFER")]
    assert steps[1].detail["file"] == "x64/snponly.efi"


def test_a_machine_without_any_loader_has_its_diagnosis(recorder: Recorder) -> None:
    recorder.dhcp(Entry(1, now(), asked()))
    none = BootUnanswered("lan", MAC, "no loader is installed", reason=Unanswered.LOADER_MISSING)
    recorder.dhcp(Entry(2, now(), none))
    recorder.flush()
    assert boots.boots(recorder.connection)[0].diagnosis == "loader-missing"


def test_a_ladder_that_ended_is_not_an_unknown_architecture(recorder: Recorder) -> None:
    why = "every loader was handed out and none came up"
    recorder.dhcp(Entry(1, now(), asked()))
    recorder.dhcp(
        Entry(2, now(), BootUnanswered("lan", MAC, why, reason=Unanswered.LADDER_EXHAUSTED))
    )
    recorder.flush()
    assert boots.boots(recorder.connection)[0].diagnosis == "ladder-exhausted"


def test_another_boot_server_is_remembered_over_a_restart(tmp_path: Path) -> None:
    before = Recorder(tmp_path / "boot.db")
    before.dhcp(Entry(1, now(), ForeignBootServer("lan", "10.77.0.9", "a boot file")))
    before.close()
    after = Recorder(tmp_path / "boot.db")
    with closing(after.connection):
        after.dhcp(Entry(2, now(), asked()))
        attempt = after.attempts.current("lan", MAC)
        assert attempt is not None
        assert attempt.facts["foreign"] == {"10.77.0.9": "proxy"}
        after.dhcp(Entry(3, now(), ForeignBootServerGone("lan", "10.77.0.9")))
        assert json.loads(after.own("foreign") or "") == {"lan": {}}


@pytest.mark.parametrize(
    ("event", "diagnosis"),
    [
        (ForeignBootServer("lan", "10.77.0.9", "a boot file, option 60"), "foreign-proxy"),
        (ForeignServer("lan", "10.77.0.9", what="option 60"), "binl-opt60-without-43"),
        (ForeignServer("lan", "10.77.0.9", what="option 60, option 43"), "foreign-proxy"),
        (ForeignServer("lan", "10.77.0.9"), "offer-ignored"),
    ],
)
def test_a_foreign_server_is_blamed_for_what_it_sends(
    recorder: Recorder, event: Event, diagnosis: str
) -> None:
    at = now() - ASKING_SECONDS - 1
    recorder.dhcp(Entry(1, at, asked()))
    recorder.dhcp(Entry(2, at, BootAnswered("lan", MAC, "offer", 1, "10.77.0.100", "x64/x.efi")))
    recorder.dhcp(Entry(3, at, event))
    recorder.woken()
    recorder.flush()
    (row,) = boots.boots(recorder.connection)
    assert (row.state, row.diagnosis) == ("short", diagnosis)


def test_facts_and_their_events_are_one_transaction(recorder: Recorder, tmp_path: Path) -> None:
    recorder.scripted("lan", MAC, RUN, {})
    with closing(reader(tmp_path / "boot.db")) as other:
        assert (boots.boots(other), journal.last(other)) == ([], 0)
        recorder.flush()
        assert len(boots.boots(other)) == 1
        kinds = [type(entry.event).__name__ for entry in journal.read(other, 0)]
        assert kinds == ["BootBegan", "BootStepped"]


def test_a_boot_that_fell_short_counts_against_its_image(recorder: Recorder) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    sends_all(recorder, attempt)
    recorder.dhcp(Entry(1, now() + 1, asked()))
    recorder.flush()
    told = recorder.connection.execute("SELECT image, ups, shorts FROM heard").fetchall()
    assert told == [(IMAGE.id, 0, 1)]
    ended = [
        entry.event
        for entry in journal.read(recorder.connection, 0)
        if isinstance(entry.event, BootEnded)
    ]
    assert [(one.state, one.diagnosis) for one in ended] == [("short", "kernel-no-sign-of-life")]


def test_a_download_in_progress_is_resumed_after_a_restart(tmp_path: Path) -> None:
    before = Recorder(tmp_path / "boot.db")
    attempt = before.scripted("lan", MAC, RUN, {})
    before.part_began(attempt, "initrd", 6)
    before.flush()
    before.connection.close()
    after = Recorder(tmp_path / "boot.db")
    with closing(after.connection):
        again = after.attempts.current("lan", MAC)
        assert again is not None
        assert (again.id, again.state) == (attempt.id, "loading")
        assert again.steps[-1].status == "aborted"
        sends_all(after, again)
        assert again.state == "starting"


def test_what_the_role_keeps_for_itself_is_there_after_a_restart(tmp_path: Path) -> None:
    before = Recorder(tmp_path / "boot.db")
    before.keep_own("leases.cursor", "17")
    before.close()
    after = Recorder(tmp_path / "boot.db")
    assert after.own("leases.cursor") == "17"
    after.close()


def test_a_loader_before_the_script_belongs_to_the_same_boot(recorder: Recorder) -> None:
    at = now()
    recorder.fetched("lan", MAC, Step(0, "loader", "bios/undionly.kpxe", at, at, 9, 9))
    recorder.scripted("lan", MAC, RUN, {})
    recorder.flush()
    assert len(boots.boots(recorder.connection)) == 1


def test_a_boot_of_many_steps_keeps_its_beginning_and_its_end_on_disk(recorder: Recorder) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    for number in range(300):
        recorder.reported(attempt, f"try {number}", "0x1")
        recorder.flush()
    steps = boots.steps(recorder.connection, attempt.id)
    assert len(steps) == FIRST_KEPT + LAST_KEPT
    assert (steps[0].name, steps[-1].name) == ("ember", "try 299")


def test_a_boot_too_old_to_go_on_after_a_restart_has_broken_off(tmp_path: Path) -> None:
    before = Recorder(tmp_path / "boot.db")
    attempt = before.attempts.scripted("lan", MAC, now() - 2 * RESUME_SECONDS, "b1", Chosen("menu"))
    before.touched(attempt)
    before.close()
    after = Recorder(tmp_path / "boot.db")
    with closing(after.connection):
        after.flush()
        (row,) = boots.boots(after.connection)
        assert (row.state, row.ended_at) == ("left", attempt.last_at)
        assert after.attempts.current("lan", MAC) is None


def test_a_boot_is_begun_once_however_often_it_is_touched(recorder: Recorder) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    recorder.flush()
    recorder.dhcp(Entry(1, now() + 1, asked()))
    recorder.flush()
    recorder.touched(attempt)  # a download of it still runs
    recorder.flush()
    kinds = [type(entry.event).__name__ for entry in journal.read(recorder.connection, 0)]
    assert (kinds.count("BootBegan"), kinds.count("BootEnded")) == (2, 1)


def full(connection: sqlite3.Connection) -> int:
    """Let the file grow no more; the limit it had."""
    (limit,) = connection.execute("PRAGMA max_page_count").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    connection.execute("CREATE TABLE filling (bytes BLOB)")
    for _ in range(free):
        with suppress(sqlite3.OperationalError):
            connection.execute("INSERT INTO filling VALUES (zeroblob(3900))")
    return int(limit)


def test_what_a_full_disk_refused_is_stored_when_there_is_room(recorder: Recorder) -> None:
    limit = full(recorder.connection)
    attempt = recorder.scripted("lan", MAC, RUN, {"serial": "x" * 9000})
    with pytest.raises(sqlite3.OperationalError, match="full"):
        recorder.flush()
    assert not recorder.connection.in_transaction
    recorder.connection.execute(f"PRAGMA max_page_count = {limit}")
    recorder.flush()
    assert boots.boots(recorder.connection)[0].id == attempt.id


def test_a_full_disk_does_not_end_the_rest_of_the_work(recorder: Recorder) -> None:
    limit = full(recorder.connection)
    recorder.scripted("lan", MAC, RUN, {"serial": "x" * 9000})
    for _ in range(3):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            recorder.flush()
        recorder.woken()
    recorder.connection.execute(f"PRAGMA max_page_count = {limit}")
    recorder.flush()
    kinds = [type(entry.event).__name__ for entry in journal.read(recorder.connection, 0)]
    assert kinds == ["BootBegan", "BootStepped"]
