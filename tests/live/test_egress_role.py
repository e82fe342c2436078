"""The role net holds foreign code: by the sources of nixie.db, as they come and go."""

import sys
from contextlib import closing

import pytest

from appliance.events import DriftRepaired, SourceHeldBack
from appliance.roles import CONFINED
from tests.live.net_room import CONFIG, Router, program, router
from tests.live.waiting import until

__all__ = ["program", "router"]

pytestmark = pytest.mark.live
TABLE = """
CREATE TABLE IF NOT EXISTS source (
  id TEXT, name TEXT, url TEXT, trust TEXT, as_built INTEGER, allow_ifd INTEGER,
  interval_seconds INTEGER, credential TEXT, only_builders INTEGER, reach TEXT, schedule TEXT,
  webhook TEXT, files TEXT, created_at REAL, removed_at REAL
);
"""
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"


def source(router: Router, reach: str) -> None:
    """Write the one source that there is, as web does."""
    with closing(router.web()) as web:
        web.executescript(f"{TABLE} DELETE FROM source;")
        web.execute(
            "INSERT INTO source VALUES"
            " ('s1', 'hosts', 'github:o/r', 'stranger', 0, 0, 0, NULL, 0, ?, '', NULL, '', 1,"
            " NULL)",
            (reach,),
        )


def asks(router: Router, user: str, address: str, port: int) -> None:
    """Have a user that fetches connect to somebody."""
    uid = str(CONFINED[user][1])
    front = ("setpriv", "--reuid", uid, "--clear-groups", "--")
    router.inside.fails(*front, sys.executable, "-c", CONNECT, address, str(port))


def test_it_is_held_before_there_is_any_source(router: Router) -> None:
    router.apply(CONFIG)
    assert "chain foreign {" in router.ruleset()


def test_a_listed_server_is_let_and_taken_back_within_seconds(router: Router) -> None:
    router.apply(CONFIG)
    source(router, '["10.77.0.20", "git.corp=10.77.0.21"]')
    until(lambda: "foreign-fetch-1-4" in router.ruleset(), "the source is let to it")
    until(lambda: (it := router.slices()) and it.dns.reached == ("git.corp",), "dns is told")
    source(router, "[]")
    until(lambda: "foreign-fetch-1-4" not in router.ruleset(), "it is taken back")
    assert router.told(DriftRepaired) == []


def test_who_tried_is_told_with_the_source(router: Router) -> None:
    router.apply(CONFIG)
    source(router, '["10.77.0.20"]')
    until(lambda: "foreign-fetch-1-4" in router.ruleset(), "the source is let to it")

    def told() -> bool:
        asks(router, "fetch-1", "10.77.0.1", 443)
        return bool(router.told(SourceHeldBack))

    until(told, "it is told")
    (event,) = router.told(SourceHeldBack)
    assert (event.source, event.target) == ("s1", "10.77.0.1, port 443")


def test_a_filter_that_somebody_opened_is_closed_again(router: Router) -> None:
    router.apply(CONFIG)
    router.inside.run("nft", "flush", "chain", "inet", "nixie", "output")
    until(lambda: "goto foreign" in router.ruleset(), "it is closed again")
    until(lambda: router.told(DriftRepaired), "that is told")
