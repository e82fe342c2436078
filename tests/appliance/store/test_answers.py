import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.actions import images, sources
from appliance.actions.desk import Desk
from appliance.events import BuildQueued, SourceChecked, WishRefused
from appliance.store import builds, journal
from appliance.store.answers import Answer, answer
from appliance.store.open import writer
from tests.appliance.actions.conftest import OWNER, Clock, Judge, clock, desk, judge

__all__ = ("clock", "desk", "judge")


@pytest.fixture
def build(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(writer(tmp_path / "build.db", builds.MIGRATIONS)) as connection:
        yield connection


def asked(desk: Desk) -> str:
    sources.add_source(desk, OWNER, "github:owner/hosts")
    return str(sources.refresh_source(desk, OWNER, "hosts").wish)


def found(desk: Desk, wish: str) -> tuple[str, str]:
    told = answer(desk.reads, wish)
    assert isinstance(told, Answer)
    return told.state, told.what


def test_a_wish_waits_until_its_role_answers(desk: Desk) -> None:
    assert found(desk, asked(desk)) == ("waiting", "The role build has not answered yet.")


def test_an_event_that_names_the_wish_is_its_answer(
    desk: Desk, build: sqlite3.Connection, clock: Clock
) -> None:
    wish = asked(desk)
    journal.append(build, SourceChecked("s", "Another one.", "other"), clock.now)
    journal.append(build, SourceChecked("s", "Nothing changed.", wish), clock.now + 2)
    assert found(desk, wish) == ("done", "Nothing changed.")


def test_a_refusal_comes_with_its_sentence(
    desk: Desk, build: sqlite3.Connection, clock: Clock, judge: Judge
) -> None:
    sources.add_source(desk, OWNER, "github:owner/hosts")
    judge(desk.reads.sources()[0].id, "ember")
    wish = str(images.build_host(desk, OWNER, "ember").wish)
    journal.append(build, WishRefused(wish, "ember waits in the queue already."), clock.now)
    assert found(desk, wish) == ("refused", "ember waits in the queue already.")


def test_a_queued_build_answers_the_wish(
    desk: Desk, build: sqlite3.Connection, clock: Clock
) -> None:
    wish = asked(desk)
    journal.append(build, BuildQueued("b1", "s/ember", "ember", wish), clock.now)
    assert found(desk, wish) == ("done", "ember waits to be built.")


def test_a_cancelled_build_answers_by_its_end(desk: Desk, build: sqlite3.Connection) -> None:
    build.execute(
        "INSERT INTO build (id, host, source, name, revision, state, why, queued_at)"
        " VALUES ('b1', 's/ember', 's', 'ember', 1, 'running', 'asked', 1)"
    )
    wish = str(images.cancel_build(desk, OWNER, "b1").wish)
    assert found(desk, wish)[0] == "waiting"
    build.execute("UPDATE build SET state = 'cancelled', what = 'Cancelled by hand.'")
    assert found(desk, wish) == ("done", "The build of ember ended: cancelled. Cancelled by hand.")


def test_a_wish_that_nobody_made_has_no_answer(desk: Desk) -> None:
    assert answer(desk.reads, "none") is None
