"""Things to boot once, by the recorder and its file."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.events import OnceSpent, OnceUnsure
from appliance.model.table import Once
from appliance.store import journal
from appliance.store import once as kept
from services.netboot.attempt import Attempt, Chosen
from services.netboot.driver import Recorder
from tests.services.netboot.made import MAC, image

IMAGE = image()
ASKED = Once("o1", "install", "s1/ember")
RUN = Chosen(
    "run",
    "m1",
    "install",
    "i1",
    "s1/ember",
    "ember",
    IMAGE.id,
    3,
    IMAGE.toplevel,
    True,
    {part.sha256: part.size for part in IMAGE.parts},
    once=ASKED,
)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "boot.db")
    yield made
    made.close()


def given(recorder: Recorder, chosen: Chosen = RUN) -> Attempt:
    return recorder.scripted("lan", MAC, chosen, {})


def sent(recorder: Recorder, attempt: Attempt) -> None:
    for part in IMAGE.parts:
        step = recorder.part_began(attempt, part.name, part.size)
        step.bytes, step.status = part.size, "ok"
        recorder.part_ended(attempt, step, part)


def asks(recorder: Recorder, at: float = 9.0) -> str:
    recorder.onces.asks(ASKED, "m1", MAC, at)
    return recorder.onces.state("o1")


def told(recorder: Recorder) -> list[str]:
    recorder.flush()
    found = [one.event for one in journal.read(recorder.connection, 0)]
    return [type(one).__name__ for one in found if isinstance(one, OnceSpent | OnceUnsure)]


def test_a_machine_that_comes_back_unheard_makes_an_installation_unsure(recorder: Recorder) -> None:
    sent(recorder, given(recorder))
    assert recorder.onces.state("o1") == "started"
    assert asks(recorder) == "unsure"
    assert told(recorder) == ["OnceUnsure"]


def test_a_phone_home_ends_it_once(recorder: Recorder) -> None:
    attempt = given(recorder)
    sent(recorder, attempt)
    recorder.phoned_home(attempt, 5.0, {"toplevel": IMAGE.toplevel})
    assert asks(recorder) == "spent"
    assert told(recorder) == ["OnceSpent"]


def test_a_power_cut_in_a_download_leaves_it_to_be_given(recorder: Recorder) -> None:
    attempt = given(recorder)
    step = recorder.part_began(attempt, "bzImage", 4)
    step.status = "aborted"
    recorder.part_ended(attempt, step, IMAGE.parts[0])
    assert asks(recorder) == "given"


def test_what_ipxe_could_not_start_is_given_again(recorder: Recorder) -> None:
    attempt = given(recorder)
    sent(recorder, attempt)
    recorder.reported(attempt, "boot", "0x2e008081")
    assert asks(recorder) == "given"


def test_what_cannot_phone_home_is_over_when_it_was_sent(recorder: Recorder) -> None:
    sent(recorder, given(recorder, replace(RUN, watched=False)))
    assert asks(recorder) == "spent"


def test_another_script_in_the_same_boot_is_not_counted_for_it(recorder: Recorder) -> None:
    given(recorder)
    other = given(recorder, replace(RUN, once=None))
    sent(recorder, other)
    assert recorder.onces.state("o1") == "given"


@pytest.mark.parametrize(
    ("parts", "state"), [(0, "given"), (1, "given"), (2, "started")], ids=["none", "first", "last"]
)
def test_a_router_that_stops_while_the_last_part_goes_out_does_not_send_it_again(
    tmp_path: Path, parts: int, state: str
) -> None:
    before = Recorder(tmp_path / "boot.db")
    attempt = given(before)
    before.flush()
    for part in IMAGE.parts[:parts]:
        step = before.part_began(attempt, part.name, part.size)
        if part is not IMAGE.parts[parts - 1]:
            step.bytes, step.status = part.size, "ok"
            before.part_ended(attempt, step, part)
    before.connection.close()  # the power is cut: nothing is flushed any more
    after = Recorder(tmp_path / "boot.db")
    assert after.onces.state("o1") == state
    after.close()


def test_how_far_it_came_is_there_after_a_restart(tmp_path: Path) -> None:
    before = Recorder(tmp_path / "boot.db")
    sent(before, given(before))
    before.close()
    after = Recorder(tmp_path / "boot.db")
    assert asks(after) == "unsure"
    after.close()


def test_what_the_disk_refused_is_stored_later(recorder: Recorder) -> None:
    sent(recorder, given(recorder))
    recorder.connection.execute("PRAGMA query_only=1")
    asks(recorder)
    with pytest.raises(Exception, match="readonly"):
        recorder.flush()
    recorder.connection.execute("PRAGMA query_only=0")
    recorder.flush()
    assert kept.every(recorder.connection)["o1"].state == "unsure"
