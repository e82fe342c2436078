"""Names on the internet: updates that a real name server takes or refuses, and the router whose
address changes."""

import json
import os
import signal
import sqlite3
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from appliance.errors import Unreachable
from appliance.events import PublicNamePublished, PublicNameUnpublished
from appliance.model.public_names import ALGORITHMS, DNS_SERVER, checked
from appliance.model.way import Stand
from appliance.roles import ROLES
from appliance.store import public_names
from appliance.store.journal import read
from appliance.store.open import reader
from appliance.store.public_names import Outcome, Record
from services.public_names.sending.driver import exchange, identity
from services.public_names.tsig import Key, signed
from services.public_names.update import update, verdict
from services.public_names.verdict import Then, Verdict
from tests.live.name_server import SECRETS, NameServer, name_server, prepared, serving
from tests.live.net_room import USER
from tests.live.standing import standing
from tests.live.waiting import until
from tests.live.wan_room import BY_DHCP, Provided, program, provided

__all__ = ["program", "provided"]

pytestmark = pytest.mark.live

HOME = "home.example.org"
V4, V6 = "203.0.113.5", "2001:db8::5"


@pytest.fixture(scope="module")
def named() -> Iterator[NameServer]:
    with name_server() as made:
        yield made


def told(
    server: NameServer,
    *addresses: str,
    key: str = "router",
    algorithm: str = "",
    secret: str = "",
    zone: str = "example.org",
    name: str = HOME,
    late: float = 0.0,
) -> Verdict:
    """Send an update; the clock that signs it is `late` seconds."""
    known = SECRETS.get(key, SECRETS["router"])
    made = Key(key, algorithm or known[0], b64decode(secret or known[1]))
    now = time.time() - late
    message, mac = signed(update(identity(), zone, name, 60, addresses), made, now)
    answer = exchange(server.address, server.port, message)
    return verdict("the server", answer, message, made, mac, now)


def test_an_address_takes_the_place_of_the_one_before(named: NameServer) -> None:
    for address in (V4, "203.0.113.77"):
        assert told(named, address).then is Then.PUBLISHED
        assert named.holds(HOME, "A") == [address]


def test_both_families_go_together(named: NameServer) -> None:
    assert told(named, V4, V6).then is Then.PUBLISHED
    assert (named.holds(HOME, "A"), named.holds(HOME, "AAAA")) == ([V4], [V6])


def test_a_family_that_is_not_told_stays(named: NameServer) -> None:
    told(named, V4, V6)
    told(named, "203.0.113.78")
    assert named.holds(HOME, "AAAA") == [V6]


def test_other_records_of_the_name_stay(named: NameServer) -> None:
    told(named, V4)
    assert named.holds(HOME, "TXT") == ['"stays"']


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_is_understood(named: NameServer, algorithm: str) -> None:
    (key,) = (name for name, (known, _) in SECRETS.items() if known == algorithm)
    assert told(named, V4, key=key).then is Then.PUBLISHED


def test_a_wrong_secret_is_said(named: NameServer) -> None:
    found = told(named, V4, secret="d3Jvbmc=")
    assert (found.then, "BADSIG" in found.what) == (Then.STOP, True)


def test_an_unknown_key_is_said(named: NameServer) -> None:
    found = told(named, V4, key="stranger")
    assert (found.then, "BADKEY" in found.what) == (Then.STOP, True)


@pytest.mark.parametrize("late", [-7200.0, 7200.0])
def test_a_wrong_clock_is_said_with_both_times(named: NameServer, late: float) -> None:
    found = told(named, V4, late=late)
    assert found.then is Then.AGAIN
    assert "BADTIME" in found.what
    here, there = time.time() - late, time.time()
    for moment in (here, there):
        day = time.strftime("%Y-%m-%d %H:", time.gmtime(moment))
        assert day in found.what


def test_a_name_that_the_key_may_not_change_is_said(named: NameServer) -> None:
    found = told(named, V4, name="other.example.org")
    assert (found.then, "REFUSED" in found.what) == (Then.STOP, True)
    assert named.holds("other.example.org", "A") == []


def test_a_zone_that_is_not_there_is_said(named: NameServer) -> None:
    found = told(named, V4, zone="example.net", name="home.example.net")
    assert (found.then, "NOTAUTH" in found.what) == (Then.STOP, True)


# ── a router whose provider gives it another address ──────────────────────────────────────────────

TABLES = """
CREATE TABLE IF NOT EXISTS channel (
  id TEXT PRIMARY KEY, kind TEXT, name TEXT, settings TEXT, topics TEXT
);
CREATE TABLE IF NOT EXISTS public_name (
  id TEXT PRIMARY KEY, name TEXT, service TEXT, settings TEXT, set_at REAL
);
"""
ROLE = "import sys; from appliance.assemble import role; sys.exit(role('notice'))"
IDENT = "0190aaaa-0000-7000-8000-000000000001"


@dataclass
class Followed:
    """A router by DHCP whose provider has a name server, and the role that publishes."""

    provided: Provided

    def save(self, secret: str, publishes: str = "ipv4") -> None:
        """Say what the owner says, as web would."""
        settings = {"server": "203.0.113.1", "key": "router", "publishes": publishes}
        name, kept = checked(HOME, DNS_SERVER, settings)
        folder = self.provided.router.state / "secrets/notice"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / IDENT).write_text(secret)
        for one in (folder.parent, folder, folder / IDENT):
            os.chown(one, USER, USER)
        row = (IDENT, name, DNS_SERVER, json.dumps(kept), time.time())
        with closing(self.provided.router.web()) as connection:
            connection.executescript(TABLES)
            connection.execute("INSERT OR REPLACE INTO public_name VALUES (?, ?, ?, ?, ?)", row)

    def start(self) -> None:
        """Start the whole role `notice`, without any capability."""
        router = self.provided.router
        router.inside.start(
            *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"),
            *("--inh-caps=-all", "--bounding-set=-all", sys.executable, "-c", ROLE),
            env={
                "PYTHONPATH": str(router.program),
                "NIXIE_STATE": str(router.state),
                "LISTEN_PID": "",
                "NOTIFY_SOCKET": "",
            },
        )

    def record(self) -> Record:
        """What the role says of the name, once it holds its file: before, we would make its log."""
        path = self.provided.router.state / "notice.db"
        if not path.with_name("notice.db-shm").exists():
            return Record()
        try:
            with closing(reader(path)) as file:
                return public_names.records(file).get(IDENT, Record())
        except (Unreachable, sqlite3.OperationalError):  # it makes its tables
            return Record()

    def events(self, kind: type) -> list[object]:
        with closing(reader(self.provided.router.state / "notice.db")) as file:
            return [one.event for one in read(file, 0) if isinstance(one.event, kind)]

    def holds(self, kind: str = "A") -> list[str]:
        """What the world sees, by dig."""
        words = ("dig", "@203.0.113.1", "+short", "+timeout=2", HOME, kind)
        if self.provided.isp.fails(*words):
            return []
        return self.provided.isp.run(*words).split()


@pytest.fixture
def followed(provided: Provided) -> Iterator[Followed]:
    with prepared("203.0.113.1", 53) as server:
        provided.isp.start(*server.argv, env=server.env)
        made = Followed(provided)
        until(lambda: made.holds() == ["192.0.2.99"], f"named answers; its log is {server.log}")
        provided.behaves(seconds=12, renew=2, rebind=10)
        provided.provide()
        provided.router.apply(BY_DHCP)
        provided.stands(Stand.ONLINE)
        yield made


def test_the_record_follows_the_address_within_seconds(followed: Followed) -> None:
    followed.save(SECRETS["router"][1])
    followed.start()
    until(lambda: followed.holds() == [V4], "the name leads to this router")
    until(lambda: followed.record().outcome is Outcome.PUBLISHED, "it is put down")
    time.sleep(max(0.0, 10 - (time.time() - followed.record().tried_at)))  # a quiet stretch
    followed.provided.behaves(address="203.0.113.9/24")
    followed.provided.has("203.0.113.9/24")
    until(lambda: followed.holds() == ["203.0.113.9"], "the name follows")
    until(lambda: len(followed.events(PublicNamePublished)) == 2, "both are told")
    assert followed.events(PublicNameUnpublished) == []


def test_a_key_that_is_refused_is_mended_by_the_owner(followed: Followed) -> None:
    followed.save("d3Jvbmc=")
    followed.start()
    until(lambda: followed.record().outcome is Outcome.STOPPED, "it stops")
    assert followed.holds() == ["192.0.2.99"]
    assert "BADSIG" in followed.record().said
    followed.save(SECRETS["router"][1])
    until(lambda: followed.holds() == [V4], "the name leads to this router")
    until(lambda: followed.events(PublicNamePublished) != [], "it is told")
    assert followed.events(PublicNamePublished) == [PublicNamePublished(HOME, V4, again=True)]


def test_an_ipv6_address_of_the_router_is_published(followed: Followed) -> None:
    inside = followed.provided.router.inside
    inside.run("ip", "address", "add", f"{V6}/64", "dev", "up0", "nodad")
    followed.save(SECRETS["router"][1], "both")
    followed.start()
    until(lambda: followed.holds("AAAA") == [V6], "IPv6 leads to this router")
    assert followed.holds() == [V4]
    time.sleep(max(0.0, 10 - (time.time() - followed.record().tried_at)))  # a quiet stretch
    inside.run("ip", "address", "add", "2001:db8::9/64", "dev", "up0", "nodad")
    inside.run("ip", "address", "del", f"{V6}/64", "dev", "up0")
    until(lambda: followed.holds("AAAA") == ["2001:db8::9"], "IPv6 follows")


# ── the whole router ──────────────────────────────────────────────────────────────────────────────


def test_the_owner_adds_a_name_to_a_running_router() -> None:
    """From the API to the world: the secret passes by the role's socket, and lies there alone."""
    with (
        standing("names") as router,
        prepared("203.0.113.1", 5300) as server,
        serving(server, f"{router.prefix}-isp"),
    ):
        until(lambda: router.runs(("notice", "wan")), "the roles run")
        until(lambda: router.client.get("/internet")["stand"] == "online", "it is online")
        given = router.client.get("/internet")["address"].partition("/")[0]
        secret = SECRETS["router"][1]
        new = {
            "name": HOME,
            "service": DNS_SERVER,
            "settings": {"server": "203.0.113.1:5300", "key": "router"},
            "secret": secret,
        }
        ident = router.client.post("/public-names", new)["subject"]

        def stands() -> str:
            (one,) = router.client.get("/public-names")
            return str(one["state"])

        until(lambda: stands() == "published", "it is published")
        words = ("dig", "@203.0.113.1", "-p", "5300", "+short", HOME, "A")
        assert router.inside(*words).stdout.split() == [given]
        (one,) = router.client.get("/public-names")
        before = one["published_at"]
        os.kill(router.pid("notice"), signal.SIGKILL)
        until(lambda: router.runs(("notice",)), "the role is back")
        wish = router.client.post(f"/public-names/{ident}/publish")["wish"]
        until(lambda: router.client.get(f"/wishes/{wish}")["state"] == "done", "it says so")
        (one,) = router.client.get("/public-names")
        assert one["published_at"] > before
        kept = router.state / "secrets/notice" / ident
        assert (kept.stat().st_uid, kept.stat().st_mode & 0o777) == (ROLES["notice"].uid, 0o600)
        everywhere = [one for one in router.state.rglob("*") if one.is_file() and one != kept]
        assert [one for one in everywhere if secret.encode() in one.read_bytes()] == []
