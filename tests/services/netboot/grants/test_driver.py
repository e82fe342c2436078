"""Tokens and phone-homes as the role gives them out and takes them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.events import TokenUnknown
from appliance.generations import Tally
from appliance.store import boots, journal
from services.netboot.attempt import Attempt, Chosen
from services.netboot.driver import Recorder
from services.netboot.grants.driver import PATH_LETTERS, Grants
from tests.services.netboot.made import MAC, image

IMAGE = image()
PARTS = {part.sha256: part.size for part in IMAGE.parts}
RUN = Chosen(
    "run", "m1", "run", "i1", "s1/ember", "ember", IMAGE.id, 3, IMAGE.toplevel, True, PARTS
)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "boot.db")
    yield made
    made.close()


@pytest.fixture
def grants(recorder: Recorder) -> Grants:
    return Grants(recorder)


def given(grants: Grants, attempt: Attempt) -> str:
    """The phone-home secret of a boot whose token is stored."""
    row, secret = grants.token_for(attempt, "10.77.0.100")
    grants.keep(row)
    return secret


def test_a_boot_that_came_up_counts_for_its_image(recorder: Recorder, grants: Grants) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    secret = given(grants, attempt)
    status, _ = grants.phone_home(attempt.id, secret, {"toplevel": IMAGE.toplevel})
    assert status == 200
    assert recorder.standings.tallies[IMAGE.id] == {"m1": Tally(ups=1)}


def test_a_boot_that_came_up_as_something_else_does_not_count(
    recorder: Recorder, grants: Grants
) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    secret = given(grants, attempt)
    grants.phone_home(attempt.id, secret, {"toplevel": "/nix/store/other"})
    assert recorder.standings.tallies == {}


def test_a_boot_without_its_units_counts_against_its_image(
    recorder: Recorder, grants: Grants
) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    secret = given(grants, attempt)
    said = {"toplevel": IMAGE.toplevel, "health": "mill.service=failed"}
    grants.phone_home(attempt.id, secret, said)
    assert recorder.standings.tallies[IMAGE.id] == {"m1": Tally(failures=1, boot=attempt.id)}


def test_units_of_something_else_do_not_count_against_what_was_served(
    recorder: Recorder, grants: Grants
) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    secret = given(grants, attempt)
    said = {"toplevel": "/nix/store/other", "health": "mill.service=failed"}
    grants.phone_home(attempt.id, secret, said)
    assert recorder.standings.tallies == {}


def test_a_phone_home_is_heard_after_a_restart(tmp_path: Path) -> None:
    before = Recorder(tmp_path / "boot.db")
    attempt = before.scripted("lan", MAC, RUN, {})
    secret = given(Grants(before), attempt)
    before.connection.close()
    after = Recorder(tmp_path / "boot.db")
    with closing(after.connection):
        assert Grants(after).phone_home(attempt.id, secret, {"toplevel": IMAGE.toplevel})[0] == 200
        assert boots.boots(after.connection)[0].state == "up"


def test_a_secret_of_another_boot_is_not_heard(recorder: Recorder, grants: Grants) -> None:
    first = recorder.scripted("lan", MAC, RUN, {})
    second = recorder.scripted("lan", "52:54:00:00:77:02", RUN, {})
    secret = given(grants, first)
    assert grants.phone_home(second.id, secret, {})[0] == 404


def complaints(recorder: Recorder) -> list[TokenUnknown]:
    recorder.flush()
    entries = journal.read(recorder.connection, 0)
    return [entry.event for entry in entries if isinstance(entry.event, TokenUnknown)]


def test_complaints_about_unknown_tokens_are_one_a_second(
    recorder: Recorder, grants: Grants
) -> None:
    for _ in range(100):
        grants.complain("lan", "10.77.0.9", "/b/x/y")
    assert len(complaints(recorder)) == 1


def test_g79_what_a_stranger_asked_for_is_short_in_the_record(
    recorder: Recorder, grants: Grants
) -> None:
    grants.complain("lan", "10.77.0.9", "/b/\n<script>" + "x" * 10_000)
    (event,) = complaints(recorder)
    assert event.path.startswith("/b/?<script>xxx")
    assert len(event.path) == PATH_LETTERS


def test_a_token_is_stored_with_everything_before_it(recorder: Recorder, grants: Grants) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    given(grants, attempt)
    assert [row.id for row in boots.boots(recorder.connection)] == [attempt.id]


def test_a_secret_is_good_for_its_own_boot_until_it_expires(
    grants: Grants, recorder: Recorder
) -> None:
    attempt = recorder.scripted("lan", MAC, RUN, {})
    secret = given(grants, attempt)
    assert grants.fits(attempt.id, secret)
    assert not grants.fits("another", secret)
    assert not grants.fits(attempt.id, f"{secret[:-1]}.")
    recorder.connection.execute("UPDATE token SET expires_at = 1")
    assert not grants.fits(attempt.id, secret)
