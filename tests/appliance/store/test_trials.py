import sqlite3
from dataclasses import replace
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from appliance.model.config import Network, RouterConfig
from appliance.plan.slices import cut
from appliance.store import trials
from appliance.store.open import writer
from appliance.store.trials import Ended, Kept, PortRow, TrialRow

SLICES = cut(RouterConfig((Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24")),)), 3, {})
TRIAL = TrialRow(3, "journalled", 5.0, 90.5, "{}", "once", "ada", "", {"links": {}}, 95.5)


@pytest.fixture
def database(tmp_path: Path) -> sqlite3.Connection:
    return writer(tmp_path / "net.db", trials.MIGRATIONS)


def test_a_new_box_has_nothing(database: sqlite3.Connection) -> None:
    assert trials.kept(database) is None
    assert trials.trial(database) is None
    assert trials.slices(database) is None


def test_what_is_kept_is_read_back(database: sqlite3.Connection) -> None:
    trials.write_kept(database, Kept(3, "{}", 5.0))
    assert trials.kept(database) == Kept(3, "{}", 5.0)


def test_only_one_trial_is_there(database: sqlite3.Connection) -> None:
    trials.write_trial(database, TRIAL)
    trials.write_trial(database, TRIAL)
    assert trials.trial(database) == TRIAL


def test_slices_are_read_back(database: sqlite3.Connection) -> None:
    assert trials.publish(database, SLICES, 5.0)
    assert trials.slices(database) == SLICES


def test_the_same_slices_are_not_written_again(database: sqlite3.Connection) -> None:
    trials.publish(database, SLICES, 5.0)
    assert not trials.publish(database, SLICES, 6.0)


def test_ports_are_replaced_as_a_whole(database: sqlite3.Connection) -> None:
    old, new = (
        PortRow("eth0", "52:54:00:00:00:01", True, None, "pci-0000:01:00.0"),
        PortRow("eth1", "", False, "lan"),
    )
    assert trials.write_ports(database, [old], 5.0)
    assert trials.write_ports(database, [new], 6.0)
    assert trials.ports(database) == [new]


def test_the_same_ports_are_not_written_again(database: sqlite3.Connection) -> None:
    row = PortRow("eth0", "52:54:00:00:00:01", True, None)
    trials.write_ports(database, [row], 5.0)
    assert not trials.write_ports(database, [row], 6.0)


def test_each_revision_has_its_last_ending(database: sqlite3.Connection) -> None:
    kept = Ended(3, "kept", "", 6.0, was_kept=True)
    trials.write_ended(database, Ended(3, "undone", "Nobody pressed Keep in time.", 5.0))
    trials.write_ended(database, kept)
    assert trials.endings(database) == {3: kept}


def test_a_revision_that_was_kept_once_is_known_as_such(database: sqlite3.Connection) -> None:
    late = Ended(3, "undone", "Nobody pressed Keep in time.", 7.0)
    trials.write_ended(database, Ended(3, "kept", "", 6.0))
    trials.write_ended(database, late)
    assert trials.endings(database) == {3: replace(late, was_kept=True)}


def test_the_newest_answered_wish_is_remembered(database: sqlite3.Connection) -> None:
    assert trials.asked(database) == 0
    assert trials.write_asked(database, 7)
    assert not trials.write_asked(database, 7)
    assert trials.asked(database) == 7


def test_a_file_of_the_first_layout_is_brought_forward(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    writer(path, trials.MIGRATIONS[:1]).close()
    assert trials.endings(writer(path, trials.MIGRATIONS)) == {}
