"""The loop over real files: what the roles wrote, what the owner chose, a service that listens."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from appliance.actions.desk import Actor
from appliance.actions.open import open_desk
from appliance.actions.public_names import publish_now, remove_name, save_name
from appliance.events import (
    Event,
    PublicNameForgotten,
    PublicNamePublished,
    PublicNameUnpublished,
)
from appliance.model.config import RouterConfig
from appliance.model.public_names import OWN_SERVER
from appliance.model.slices import TimeSlice
from appliance.model.way import Stand, Way
from appliance.plan.slices import cut
from appliance.store import notices, public_names, trials, ways
from appliance.store.answers import answer
from appliance.store.open import now, writer
from appliance.store.people import SCOPES
from appliance.store.public_names import Outcome, Record
from appliance.store.reads import Reads
from appliance.store.secrets.open import Secrets
from services.public_names.schedule import LATER_SECONDS, UNTRUSTED
from services.public_names.serve import HELD, serve
from tests.services.notices.peers import certificate
from tests.services.public_names.peers import PASSWORD, USER, Dyndns, dyndns_server
from tests.webui.memory import remembering

OWNER = Actor("lena", SCOPES["admin"], "session", "10.77.0.2")
NAME = "home.example.org"
HERE = Way(Stand.ONLINE, "eth0", address="203.0.113.5/24", gateway="203.0.113.1")


@dataclass
class Place:
    """A state directory with a way out, names, and the loop when it runs."""

    state: Path
    ident: str = ""

    def stands(self, way: Way) -> None:
        with closing(writer(self.state / "wan.db", ways.MIGRATIONS)) as wan:
            ways.write_way(wan, way)

    def clock(self, *, trusted: bool) -> None:
        slices = replace(cut(RouterConfig(()), 1, {}), time=TimeSlice(trusted=trusted))
        with closing(writer(self.state / "net.db", trials.MIGRATIONS)) as net:
            trials.publish(net, slices, now())

    def save(self, service: Dyndns, secret: str = PASSWORD, **settings: str) -> None:
        """Say what the owner says; the secret lies where the role `notice` put it before."""
        secrets = Secrets(self.state / "secrets/notice")
        if self.ident:
            secrets.write(self.ident, secret.encode())
        server = f"127.0.0.1:{service.port}"
        told = {"server": server, "user": USER, "publishes": "ipv4", **settings}
        with (
            closing(open_desk(self.state)) as desk,
            remembering(self.state, "notice", [True]),
        ):
            done = save_name(desk, OWNER, self.ident, NAME, OWN_SERVER, told, secret)
        self.ident = done.subject
        secrets.write(self.ident, secret.encode())

    def remove(self) -> None:
        with closing(open_desk(self.state)) as desk:
            remove_name(desk, OWNER, self.ident)

    def press(self) -> str:
        """*Update now*; returns the wish."""
        with closing(open_desk(self.state)) as desk:
            return str(publish_now(desk, OWNER, self.ident).wish)

    @property
    def record(self) -> Record:
        return Reads(self.state).public_records().get(self.ident, Record())

    def told(self, kind: type[Event]) -> list[Event]:
        entries = Reads(self.state).events("notice")
        return [one.event for one in entries if isinstance(one.event, kind)]

    def run(self, *steps: Callable[[], object], until: Callable[[], bool], seconds: float) -> bool:
        """Let the loop serve; do each step a moment apart, in a thread, then wait for `until`."""

        async def whole() -> bool:
            role = asyncio.create_task(serve(self.state))
            try:
                for step in steps:
                    await asyncio.sleep(1.6)
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

    def becomes(self, outcome: Outcome) -> Callable[[], bool]:
        return lambda: self.record.outcome is outcome


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    state = tmp_path / "state"
    for folder in ("run", "secrets/notice", "secrets/web"):
        (state / folder).mkdir(parents=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate(tmp_path)))
    made = Place(state)
    made.clock(trusted=True)
    made.stands(HERE)
    return made


@pytest.fixture
def service(place: Place) -> Iterator[Dyndns]:
    with dyndns_server(place.state.parent / "peer.pem") as made:
        yield made


def addresses(service: Dyndns) -> list[str]:
    return [one.told["myip"] for one in service.asked]


def test_a_name_is_published(place: Place, service: Dyndns) -> None:
    place.save(service)
    assert place.run(until=place.becomes(Outcome.PUBLISHED), seconds=60)
    (asked,) = service.asked
    assert (asked.path, asked.told) == (
        "/nic/update",
        {"hostname": NAME, "myip": "203.0.113.5"},
    )
    assert place.record.v4 == "203.0.113.5"
    assert place.told(PublicNamePublished) == [PublicNamePublished(NAME, "203.0.113.5")]


def test_what_was_published_is_not_said_again_after_a_restart(
    place: Place, service: Dyndns
) -> None:
    place.save(service)
    place.run(until=place.becomes(Outcome.PUBLISHED), seconds=60)
    place.run(until=lambda: False, seconds=3)
    assert addresses(service) == ["203.0.113.5"]


def test_another_address_is_followed(place: Place, service: Dyndns) -> None:
    place.save(service)
    place.run(until=place.becomes(Outcome.PUBLISHED), seconds=60)
    with closing(writer(place.state / "notice.db", notices.MIGRATIONS)) as own:
        public_names.write(own, place.ident, replace(place.record, tried_at=now() - 60))
    place.stands(replace(HERE, address="203.0.113.9/24"))
    assert place.run(until=lambda: place.record.v4 == "203.0.113.9", seconds=60)
    assert addresses(service) == ["203.0.113.5", "203.0.113.9"]


def test_after_a_refusal_nobody_is_asked_before_the_owner_did_something(
    place: Place, service: Dyndns
) -> None:
    place.save(service, "wrong")
    assert place.run(until=place.becomes(Outcome.STOPPED), seconds=60)
    place.stands(replace(HERE, address="203.0.113.9/24"))
    place.run(until=lambda: len(service.asked) > 1, seconds=4)
    assert len(service.asked) == 1
    (told,) = place.told(PublicNameUnpublished)
    assert "does not accept user" in str(told)
    assert place.run(
        lambda: place.save(service), until=place.becomes(Outcome.PUBLISHED), seconds=60
    )
    (good,) = place.told(PublicNamePublished)
    assert good == PublicNamePublished(NAME, "203.0.113.9", again=True)


@pytest.mark.parametrize("code", ["911", "dnserr"])
def test_a_server_in_trouble_is_left_alone(place: Place, service: Dyndns, code: str) -> None:
    service.says = code
    wishes: list[str] = []
    place.save(service)
    assert place.run(until=place.becomes(Outcome.FAILED), seconds=60)
    assert place.record.next_at - place.record.tried_at >= LATER_SECONDS

    def refused() -> bool:
        found = answer(Reads(place.state), wishes[0]) if wishes else None
        return found is not None and (found.state, found.what) == ("refused", HELD)

    assert place.run(lambda: wishes.append(place.press()), until=refused, seconds=60)
    assert len(service.asked) == 1


def test_a_server_that_is_away_is_tried_again(place: Place, service: Dyndns) -> None:
    service.status, service.says = 503, "busy"
    place.save(service)
    assert place.run(until=place.becomes(Outcome.FAILED), seconds=60)
    assert place.told(PublicNameUnpublished) == []
    service.status, service.says = 200, "nochg {ip}"
    with closing(writer(place.state / "notice.db", notices.MIGRATIONS)) as own:
        due = replace(place.record, tried_at=now() - 60, next_at=now() - 1)
        public_names.write(own, place.ident, due)
    assert place.run(until=place.becomes(Outcome.PUBLISHED), seconds=60)


def test_update_now_says_what_the_server_said(place: Place, service: Dyndns) -> None:
    wishes: list[str] = []
    place.save(service)
    place.run(until=place.becomes(Outcome.PUBLISHED), seconds=60)

    def answered() -> bool:
        found = answer(Reads(place.state), wishes[0]) if wishes else None
        return found is not None and found.state == "done"

    assert place.run(lambda: wishes.append(place.press()), until=answered, seconds=60)
    found = answer(Reads(place.state), wishes[0])
    assert found
    assert found.what == f"127.0.0.1:{service.port} published it."
    assert len(service.asked) == 2


def test_update_now_goes_on_after_a_refusal(place: Place, service: Dyndns) -> None:
    service.says = "nohost"
    place.save(service)
    place.run(until=place.becomes(Outcome.STOPPED), seconds=60)
    service.says = "good"
    assert place.run(place.press, until=place.becomes(Outcome.PUBLISHED), seconds=60)


def test_a_private_address_is_told_instead_of_published(place: Place, service: Dyndns) -> None:
    place.stands(replace(HERE, address="100.64.7.7/24"))
    place.save(service)
    assert place.run(until=lambda: place.record.hidden, seconds=60)
    assert service.asked == []
    (told,) = place.told(PublicNameUnpublished)
    assert "the internet cannot reach: 100.64.7.7 is shared" in str(told)
    place.stands(HERE)
    assert place.run(until=place.becomes(Outcome.PUBLISHED), seconds=60)
    assert place.told(PublicNamePublished) == [PublicNamePublished(NAME, "203.0.113.5", again=True)]


def test_as_it_is_seen_the_service_says_the_address(place: Place, service: Dyndns) -> None:
    service.says = "good 198.51.100.7"
    place.stands(replace(HERE, address="192.168.1.7/24"))
    place.save(service, publishes="seen")
    assert place.run(until=place.becomes(Outcome.PUBLISHED), seconds=60)
    (asked,) = service.asked
    assert asked.told == {"hostname": NAME}
    assert place.record.addresses == ("198.51.100.7",)


def test_while_the_clock_is_wrong_nobody_is_asked(place: Place, service: Dyndns) -> None:
    place.clock(trusted=False)
    place.save(service)
    assert place.run(until=lambda: place.record.waits == UNTRUSTED, seconds=60)
    assert service.asked == []
    place.clock(trusted=True)
    assert place.run(until=place.becomes(Outcome.PUBLISHED), seconds=60)


def test_without_the_internet_nobody_is_asked(place: Place, service: Dyndns) -> None:
    place.stands(Way(Stand.NO_CABLE, "eth0", why="there is no cable in eth0."))
    place.save(service)
    assert place.run(until=lambda: "no cable" in place.record.waits, seconds=60)
    assert service.asked == []


def test_a_name_that_is_removed_is_forgotten(place: Place, service: Dyndns) -> None:
    service.says = "nohost"
    place.save(service)
    place.run(until=place.becomes(Outcome.STOPPED), seconds=60)
    assert place.run(
        place.remove, until=lambda: Reads(place.state).public_records() == {}, seconds=60
    )
    assert place.told(PublicNameForgotten) == [PublicNameForgotten(NAME)]


def test_a_lost_secret_is_said(place: Place, service: Dyndns) -> None:
    place.save(service)
    Secrets(place.state / "secrets/notice").remove(place.ident)
    assert place.run(until=place.becomes(Outcome.STOPPED), seconds=60)
    assert service.asked == []
    assert "Type it once more" in place.record.said


UNFORESEEN = (
    f"{NAME} could not be published: this router made a mistake (UnicodeDecodeError). It is tried "
    "again, later and later. Save the name once more; if that does not help, report it with "
    "logs/notice.log."
)


@pytest.fixture
def unreadable(place: Place, service: Dyndns) -> Place:
    """A name whose secret is no text: nobody foresaw that."""
    place.save(service)
    Secrets(place.state / "secrets/notice").write(place.ident, b"\xff\xfe")
    return place


def test_what_nobody_foresaw_is_a_failure_with_its_pause(unreadable: Place) -> None:
    failed = unreadable.becomes(Outcome.FAILED)
    assert unreadable.run(until=failed, seconds=30)
    assert unreadable.record.said == UNFORESEEN
    assert unreadable.record.next_at - unreadable.record.tried_at >= 60
    first = unreadable.record
    unreadable.run(until=lambda: unreadable.record != first, seconds=4)
    assert unreadable.record == first


def test_what_nobody_foresaw_is_told_once_it_goes_on(unreadable: Place) -> None:
    assert unreadable.run(until=unreadable.becomes(Outcome.FAILED), seconds=30)
    with closing(writer(unreadable.state / "notice.db", notices.MIGRATIONS)) as own:
        due = replace(unreadable.record, tried_at=now() - 60, next_at=now() - 1, failures=9)
        public_names.write(own, unreadable.ident, due)
    assert unreadable.run(until=lambda: unreadable.record.failures == 10, seconds=30)
    assert unreadable.told(PublicNameUnpublished) == [PublicNameUnpublished(NAME, UNFORESEEN)]
    assert unreadable.record.next_at - unreadable.record.tried_at >= 1_500


def test_update_now_says_what_nobody_foresaw(unreadable: Place) -> None:
    wishes: list[str] = []

    def refused() -> bool:
        found = answer(Reads(unreadable.state), wishes[0]) if wishes else None
        return found is not None and (found.state, found.what) == ("refused", UNFORESEEN)

    assert unreadable.run(lambda: wishes.append(unreadable.press()), until=refused, seconds=30)


def test_the_secret_is_in_no_database(place: Place, service: Dyndns) -> None:
    place.save(service)
    place.run(until=place.becomes(Outcome.PUBLISHED), seconds=60)
    kept = place.state / "secrets/notice" / place.ident
    others = [one for one in place.state.rglob("*") if one.is_file() and one != kept]
    assert [one.name for one in others if PASSWORD.encode() in one.read_bytes()] == []
