"""boot.db as the recorder writes it, and as it is found again after a restart."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.events import BootAnswered, BootAsked, BootEnded, BootUnanswered
from appliance.store import boots, journal
from appliance.store.journal import Entry
from appliance.store.open import now, reader
from services.netboot.attempt import Attempt, Chosen, Step
from services.netboot.driver import Recorder
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
    {part.sha256: part.name for part in IMAGE.parts},
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
    assert (row.state, row.firmware, row.facts["arch"]) == ("asking", "pxe-x64", 7)
    steps = boots.steps(recorder.connection, row.id)
    assert [(step.kind, step.name) for step in steps] == [("dhcp", "DISCOVER"), ("dhcp", "OFFER")]
    assert steps[1].detail["file"] == "x64/snponly.efi"


def test_a_machine_without_any_loader_has_its_diagnosis(recorder: Recorder) -> None:
    why = "No loader for architecture 5 is installed."
    recorder.dhcp(Entry(1, now(), asked()))
    recorder.dhcp(Entry(2, now(), BootUnanswered("lan", MAC, why)))
    recorder.flush()
    assert boots.boots(recorder.connection)[0].diagnosis == "unknown-arch"


def test_facts_and_their_events_are_one_transaction(recorder: Recorder, tmp_path: Path) -> None:
    recorder.scripted("lan", MAC, RUN, {})
    with closing(reader(tmp_path / "boot.db")) as other:
        assert (boots.boots(other), journal.last(other)) == ([], 0)
        recorder.flush()
        assert len(boots.boots(other)) == 1
        kinds = [type(entry.event).__name__ for entry in journal.read(other, 0)]
        assert kinds == ["BootBegan", "BootStepped"]


def test_a_boot_that_came_up_counts_for_its_image(recorder: Recorder) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    row, secret = recorder.token_for(attempt, "10.77.0.100")
    recorder.keep_token(row)
    sends_all(recorder, attempt)
    status, _ = recorder.phone_home(attempt.id, secret, {"toplevel": IMAGE.toplevel})
    assert status == 200
    told = recorder.connection.execute("SELECT image, ups, shorts FROM heard").fetchall()
    assert told == [(IMAGE.id, 1, 0)]


def test_a_boot_that_came_up_as_something_else_does_not_count(recorder: Recorder) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    row, secret = recorder.token_for(attempt, "10.77.0.100")
    recorder.keep_token(row)
    recorder.phone_home(attempt.id, secret, {"toplevel": "/nix/store/other"})
    assert recorder.connection.execute("SELECT * FROM heard").fetchall() == []


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


def test_a_phone_home_is_heard_after_a_restart(tmp_path: Path) -> None:
    before = Recorder(tmp_path / "boot.db")
    attempt = before.scripted("lan", MAC, RUN, {})
    row, secret = before.token_for(attempt, "10.77.0.100")
    before.keep_token(row)
    before.connection.close()
    after = Recorder(tmp_path / "boot.db")
    with closing(after.connection):
        assert after.phone_home(attempt.id, secret, {"toplevel": IMAGE.toplevel})[0] == 200
        assert boots.boots(after.connection)[0].state == "up"


def test_a_secret_of_another_boot_is_not_heard(recorder: Recorder) -> None:
    first = recorder.scripted("lan", MAC, RUN, {})
    second = recorder.scripted("lan", "52:54:00:00:77:02", RUN, {})
    row, secret = recorder.token_for(first, "10.77.0.100")
    recorder.keep_token(row)
    assert recorder.phone_home(second.id, secret, {})[0] == 404


def test_held_machines_show_different_codes(recorder: Recorder) -> None:
    macs = [f"52:54:00:00:77:{number:02x}" for number in range(30)]
    codes = {recorder.held_code("lan", mac, {}) for mac in macs}
    assert len(codes) == 30
    assert all(len(code) == 4 and code.isdigit() for code in codes)


def test_a_held_machine_that_was_assigned_waits_no_more(recorder: Recorder) -> None:
    recorder.held_code("lan", MAC, {})
    recorder.released("lan", MAC)
    assert boots.held(recorder.connection, 0.0) == []


def test_complaints_about_unknown_tokens_are_one_a_second(recorder: Recorder) -> None:
    for _ in range(100):
        recorder.unknown_token("lan", "10.77.0.9", "/b/x/y")
    recorder.flush()
    assert journal.last(recorder.connection) == 1


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
