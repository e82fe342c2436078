import sqlite3
from collections.abc import Iterator
from contextlib import closing
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from appliance.model.config import Network, RouterConfig
from appliance.plan.slices import cut
from appliance.store import slices, trials
from appliance.store.follow import Follower
from appliance.store.open import writer

FOUND = cut(RouterConfig((Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24")),)), 3, {})
OTHER = cut(RouterConfig((Network("lan", "br-lan", (), IPv4Interface("10.78.0.1/24")),)), 4, {})


@pytest.fixture
def own(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(writer(tmp_path / "dns.db", slices.MIGRATIONS)) as connection:
        yield connection


def test_a_role_remembers_what_was_published_last(own: sqlite3.Connection) -> None:
    assert slices.last(own) is None
    slices.keep(own, FOUND)
    slices.keep(own, OTHER)
    assert slices.last(own) == OTHER


def test_the_same_again_is_not_written(own: sqlite3.Connection) -> None:
    slices.keep(own, FOUND)
    before = own.total_changes
    slices.keep(own, FOUND)
    assert own.total_changes == before


def test_what_another_version_wrote_is_not_known(own: sqlite3.Connection) -> None:
    own.execute("INSERT INTO last_slice VALUES (1, '{}')")
    assert slices.last(own) is None


def test_what_net_published_is_read(tmp_path: Path) -> None:
    net = Follower(tmp_path / "net.db")
    assert slices.published(net) is None
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as connection:
        assert slices.published(net) is None
        trials.publish(connection, FOUND, 0.0)
        assert slices.published(net) == FOUND
    net.close()
