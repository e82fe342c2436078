"""The role over real files: what the roles wrote, what the owner chose, a server that listens."""

import asyncio
import json
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.actions.desk import Actor
from appliance.actions.notices import remove_channel, save_channel, try_channel
from appliance.actions.open import open_desk
from appliance.errors import Refused
from appliance.events import BuildQueued, Event, PublicNameUnpublished, WanDown, WanUp
from appliance.model.notices import TOPICS, WEBHOOK
from appliance.store import journal, notices, ways
from appliance.store.answers import answer
from appliance.store.open import now, writer
from appliance.store.people import SCOPES
from appliance.store.reads import Reads
from appliance.store.recall.open import recall_path
from services.notices.serve import serve
from tests.services.notices.peers import Site, web_server

OWNER = Actor("lena", SCOPES["admin"], "session", "10.77.0.2")
DOWN, UP = WanDown("eth0", "no cable."), WanUp("eth0", "192.0.2.2", "192.0.2.1")


@dataclass
class Place:
    """A state directory with a wan role that writes, and the notice role when it runs."""

    state: Path
    wan: sqlite3.Connection

    def happen(self, *events: Event) -> None:
        with journal.transaction(self.wan):
            for event in events:
                journal.append(self.wan, event, now())

    def run(self, *steps: Callable[[], object], until: Callable[[], bool], seconds: float) -> bool:
        """Let the role serve; do each step a moment apart, in a thread, then wait for `until`."""

        async def whole() -> bool:
            path = recall_path(self.state, "notice")
            path.unlink(missing_ok=True)
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ear:
                ear.bind(str(path))
                role = asyncio.create_task(serve(self.state, ear))
                try:
                    for step in steps:
                        await asyncio.sleep(1.3)
                        await asyncio.to_thread(step)
                    for _ in range(int(seconds * 10)):
                        if until():
                            return True
                        await asyncio.sleep(0.1)
                    return until()
                finally:
                    role.cancel()
                    with suppress(asyncio.CancelledError):
                        await role

        return asyncio.run(whole())

    def channel(self, url: str, secret: str = "", ident: str = "") -> str:
        with closing(open_desk(self.state)) as desk:
            told = save_channel(
                desk, OWNER, ident, WEBHOOK, "hook", {"url": url}, tuple(TOPICS), secret
            )
            return told.subject


@pytest.fixture
def place(tmp_path: Path) -> Place:
    for folder in ("run", "secrets/notice", "secrets/web"):
        (tmp_path / folder).mkdir(parents=True)
    return Place(tmp_path, writer(tmp_path / "wan.db", ways.MIGRATIONS))


def told(site: Site) -> list[str]:
    return [one["what"] for asked in site.asked for one in json.loads(asked.body)["notices"]]


def test_what_happens_is_told(place: Place) -> None:
    with web_server() as site:
        place.channel(site.url)
        assert place.run(lambda: place.happen(DOWN), until=lambda: bool(told(site)), seconds=60)
    assert told(site) == ["There is no internet: no cable."]


def test_what_happened_before_the_first_start_is_not(place: Place) -> None:
    with web_server() as site:
        place.channel(site.url)
        place.happen(DOWN)
        place.run(lambda: place.happen(UP), until=lambda: bool(told(site)), seconds=60)
    assert [what.split(":")[0] for what in told(site)] == ["The internet is there"]


def test_a_flock_is_one_message(place: Place) -> None:
    with web_server() as site:
        place.channel(site.url)
        place.run(
            lambda: place.happen(*[DOWN, UP] * 100), until=lambda: bool(site.asked), seconds=12
        )
    assert len(site.asked) == 1


def test_what_the_role_itself_finds_is_told(place: Place) -> None:
    def happen() -> None:
        with (
            closing(writer(place.state / "notice.db", notices.MIGRATIONS)) as own,
            journal.transaction(own),
        ):
            journal.append(own, PublicNameUnpublished("home.example.org", "No."), now())

    with web_server() as site:
        place.channel(site.url)
        assert place.run(happen, until=lambda: bool(told(site)), seconds=60)
    assert told(site) == ["home.example.org does not follow this router: No."]


def test_what_nobody_chose_is_not_told(place: Place) -> None:
    with web_server() as site:
        place.channel(site.url)
        place.run(
            lambda: place.happen(BuildQueued("b", "h", "ember")),
            until=lambda: bool(site.asked),
            seconds=7,
        )
    assert site.asked == []


def test_what_could_not_be_sent_is_sent_after_a_restart(place: Place) -> None:
    with web_server() as site:
        site.status = 503
        place.channel(site.url)
        refused = place.run(
            lambda: place.happen(DOWN),
            until=lambda: bool(Reads(place.state).outcomes()),
            seconds=60,
        )
        assert refused
        (outcome,) = Reads(place.state).outcomes().values()
        assert (outcome.sent, "503" in outcome.said) == (False, True)
        site.status, site.asked = 200, []
        assert place.run(until=lambda: bool(told(site)), seconds=60)
    assert told(site) == ["There is no internet: no cable."]


def test_what_happens_while_the_role_is_down_is_told(place: Place) -> None:
    with web_server() as site:
        place.channel(site.url)
        place.run(until=lambda: False, seconds=1.5)
        place.happen(DOWN)
        assert place.run(until=lambda: bool(told(site)), seconds=60)


def test_what_was_taken_is_not_sent_again(place: Place) -> None:
    with web_server() as site:
        place.channel(site.url)
        place.run(
            lambda: place.happen(DOWN),
            until=lambda: Reads(place.state).notices_waiting() == {} and bool(site.asked),
            seconds=60,
        )
        place.run(until=lambda: len(site.asked) > 1, seconds=7)
    assert len(site.asked) == 1


def sends(place: Place, ident: str) -> str:
    """Ask for a test; returns the wish."""
    with closing(open_desk(place.state)) as desk:
        return str(try_channel(desk, OWNER, ident).wish)


def test_a_test_says_what_the_server_said(place: Place) -> None:
    wishes: list[str] = []
    with web_server() as site:
        ident = place.channel(site.url)

        def answered() -> bool:
            found = answer(Reads(place.state), wishes[0]) if wishes else None
            return found is not None and found.state == "done"

        assert place.run(lambda: wishes.append(sends(place, ident)), until=answered, seconds=60)
    found = answer(Reads(place.state), wishes[0])
    assert found
    assert found.what == "127.0.0.1 took it: 200 OK as you like"


def test_a_test_that_is_refused_says_so(place: Place) -> None:
    wishes: list[str] = []
    with web_server() as site:
        site.status = 401
        ident = place.channel(site.url)

        def answered() -> bool:
            found = answer(Reads(place.state), wishes[0]) if wishes else None
            return found is not None and found.state == "refused"

        assert place.run(lambda: wishes.append(sends(place, ident)), until=answered, seconds=60)


def test_a_secret_is_in_a_file_of_the_role_alone(place: Place) -> None:
    found: list[str] = []
    canary = "canary-in-the-coal-mine"
    with web_server() as site:
        place.run(
            lambda: found.append(place.channel(site.url, canary)),
            until=lambda: bool(found),
            seconds=5,
        )
    (ident,) = found
    path = place.state / "secrets/notice" / ident
    assert (path.read_text(), path.stat().st_mode & 0o777) == (canary, 0o600)
    others = [one for one in place.state.rglob("*") if one.is_file() and one != path]
    assert [one.name for one in others if canary.encode() in one.read_bytes()] == []


def test_a_secret_that_nobody_takes_refuses_the_change(place: Place) -> None:
    with pytest.raises(Refused, match="does not answer"):
        place.channel("http://127.0.0.1:1/", "secret")
    assert Reads(place.state).channels() == []


def test_for_a_channel_that_is_gone_nothing_waits(place: Place) -> None:
    with web_server() as site:
        site.status = 503
        ident = place.channel(site.url)
        place.run(
            lambda: place.happen(DOWN),
            until=lambda: bool(Reads(place.state).outcomes()),
            seconds=60,
        )
        with closing(open_desk(place.state)) as desk:
            remove_channel(desk, OWNER, ident)
        assert place.run(until=lambda: Reads(place.state).notices_waiting() == {}, seconds=60)


def test_too_many_cost_the_oldest(place: Place) -> None:
    own = writer(place.state / "notice.db", notices.MIGRATIONS)
    with journal.transaction(own):
        many = [notices.Notice("internet", str(number), 0.0) for number in range(700)]
        notices.queue(own, "c", many)
    waiting = notices.queued(own, "c")
    own.close()
    assert (len(waiting), waiting[-1].notice.what) == (notices.MOST_QUEUED, "699")
