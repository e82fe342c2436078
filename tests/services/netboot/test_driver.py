"""boot.db as the recorder writes it, and as it is found again after a restart."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
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
    GenerationBad,
    GenerationBadHere,
    GenerationGood,
    Unanswered,
)
from appliance.generations import FAILURES, Tally
from appliance.store import boot_history, boots, journal
from appliance.store.journal import Entry
from appliance.store.open import now, reader, writer
from services.netboot.attempt import FIRST_KEPT, LAST_KEPT, Attempt, Chosen, Step
from services.netboot.attempts import ASKING_SECONDS, LOADING_SECONDS, STARTING_SECONDS
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


def boots_in_vain(recorder: Recorder, chosen: Chosen = RUN, mac: str = MAC) -> None:
    """Everything is sent, and the firmware comes back."""
    attempt = recorder.scripted("lan", mac, chosen, {})
    sends_all(recorder, attempt)
    recorder.dhcp(Entry(1, now() + 1, replace(asked(), mac=mac)))
    recorder.flush()


def comes_up(recorder: Recorder, toplevel: str = IMAGE.toplevel, chosen: Chosen = RUN) -> None:
    attempt = recorder.scripted("lan", MAC, chosen, {})
    sends_all(recorder, attempt)
    recorder.attempts.phoned_home(attempt, now(), {"toplevel": toplevel}, IMAGE.toplevel)
    recorder.touched(attempt)
    recorder.flush()


def told(recorder: Recorder, kind: type[Event]) -> list[Event]:
    entries = journal.read(recorder.connection, 0)
    return [entry.event for entry in entries if isinstance(entry.event, kind)]


def test_a_boot_that_fell_short_counts_against_its_image(recorder: Recorder) -> None:
    boots_in_vain(recorder)
    (tally,) = recorder.standings.tallies[IMAGE.id].values()
    (ended,) = told(recorder, BootEnded)
    assert isinstance(ended, BootEnded)
    assert tally == Tally(failures=1, boot=ended.boot)
    assert (ended.state, ended.diagnosis) == ("short", "kernel-no-sign-of-life")


def test_failing_again_makes_a_generation_bad_with_its_boot(recorder: Recorder) -> None:
    for _ in range(FAILURES + 1):
        boots_in_vain(recorder)
    assert recorder.standings.state(IMAGE.id, "trial") == "bad"
    (bad,) = told(recorder, GenerationBad)
    assert isinstance(bad, GenerationBad)
    assert (bad.number, bad.mac, bad.failures) == (3, MAC, FAILURES)
    row = boots.boot(recorder.connection, bad.boot)
    assert row is not None
    assert (row.image, row.state) == (IMAGE.id, "short")


def test_the_boot_that_made_a_generation_bad_outlives_the_history(recorder: Recorder) -> None:
    for _ in range(FAILURES):
        boots_in_vain(recorder)
    (bad,) = told(recorder, GenerationBad)
    assert isinstance(bad, GenerationBad)
    for number in range(boot_history.BOOTS_KEPT + 1):
        later = Attempt(f"b{number}", "lan", MAC, "", now() + 10 + number, state="left")
        boots.save_boot(recorder.connection, later.row(), None)
    boot_history.prune(recorder.connection, now())
    assert boots.boot(recorder.connection, bad.boot) is not None


def test_what_is_served_instead_is_told_with_it(tmp_path: Path) -> None:
    made = Recorder(tmp_path / "boot.db", instead=lambda host, who, _: f"{host} on {who}.")
    with closing(made):
        for _ in range(FAILURES):
            boots_in_vain(made)
        (bad,) = told(made, GenerationBad)
    assert isinstance(bad, GenerationBad)
    assert bad.instead == "s1/ember on m1."


def test_a_generation_that_others_run_is_bad_on_one_machine_only(recorder: Recorder) -> None:
    comes_up(recorder)
    for _ in range(FAILURES):
        boots_in_vain(recorder, replace(RUN, machine="m2"), "52:54:00:00:77:02")
    assert told(recorder, GenerationBad) == []
    (here,) = told(recorder, GenerationBadHere)
    assert isinstance(here, GenerationBadHere)
    assert here.mac == "52:54:00:00:77:02"
    assert recorder.standings.failed_on(IMAGE.id, "m2")
    assert recorder.standings.state(IMAGE.id, "trial") == "good"


def test_phoning_home_makes_a_generation_good_once(recorder: Recorder) -> None:
    comes_up(recorder)
    comes_up(recorder)
    assert len(told(recorder, GenerationGood)) == 1
    assert recorder.standings.state(IMAGE.id, "trial") == "good"


def test_who_runs_something_else_proves_nothing(recorder: Recorder) -> None:
    comes_up(recorder, toplevel="/nix/store/of-somebody-else")
    assert recorder.standings.state(IMAGE.id, "trial") == "trial"


def test_a_machine_that_says_what_failed_is_no_failure(recorder: Recorder) -> None:
    """iPXE refused the kernel: something was heard."""
    attempt = recorder.scripted("lan", MAC, RUN, {})
    sends_all(recorder, attempt)
    recorder.reported(attempt, "boot", "2e008081")
    recorder.dhcp(Entry(1, now() + 1, asked()))
    recorder.flush()
    assert recorder.standings.tallies == {}


def test_a_machine_that_is_switched_off_in_a_download_is_no_failure(recorder: Recorder) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    recorder.part_began(attempt, "initrd", 6)
    recorder.dhcp(Entry(1, now() + 1, asked()))
    recorder.flush()
    assert recorder.standings.tallies == {}


def test_a_download_may_take_as_long_as_it_goes_on(recorder: Recorder) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    step = recorder.part_began(attempt, "initrd", 6)
    for count, state in ((1, "loading"), (2, "loading"), (2, "short")):
        step.began_at = attempt.last_at = now() - LOADING_SECONDS - 1
        recorder.part_reached(attempt, step, count)
        recorder.woken()
        assert (count, attempt.state) == (count, state)


def test_silence_without_return_is_no_failure(recorder: Recorder) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    sends_all(recorder, attempt)
    attempt.last_at = now() - STARTING_SECONDS - 1
    recorder.woken()
    recorder.flush()
    assert (attempt.state, dict(recorder.standings.tallies)) == ("left", {})


def test_an_unwatched_host_is_never_counted(recorder: Recorder) -> None:
    for _ in range(FAILURES):
        boots_in_vain(recorder, replace(RUN, watched=False))
    assert recorder.standings.tallies == {}


def test_what_was_counted_holds_after_a_restart(tmp_path: Path) -> None:
    before = Recorder(tmp_path / "boot.db")
    for _ in range(FAILURES):
        boots_in_vain(before)
    before.close()
    with closing(Recorder(tmp_path / "boot.db")) as after:
        assert after.standings.state(IMAGE.id, "trial") == "bad"


def test_what_came_up_before_machines_were_told_apart_is_good(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "boot.db", boots.MIGRATIONS[:2])) as old:
        old.execute("INSERT INTO heard VALUES ('seen', 2, 1, 5.0), ('never', 0, 3, NULL)")
    with closing(Recorder(tmp_path / "boot.db")) as after:
        assert after.standings.tallies == {"seen": {"": Tally(ups=2)}}


def test_what_the_disk_refused_is_not_counted_twice(recorder: Recorder) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    sends_all(recorder, attempt)
    recorder.dhcp(Entry(1, now() + 1, asked()))
    with suppress(KeyError), recorder.committing():
        raise KeyError("as a full disk would")
    assert recorder.standings.tallies == {}
    recorder.flush()
    (tally,) = recorder.standings.tallies[IMAGE.id].values()
    assert tally.failures == 1


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
