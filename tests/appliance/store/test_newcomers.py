import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.store import devices, newcomers, trials
from appliance.store.devices import DeviceRow
from appliance.store.newcomers import LET_IN, Settlers
from appliance.store.open import writer

OLD, NEW = "52:54:00:00:00:01", "52:54:00:00:00:02"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as made:
        meet(made, OLD)
        yield made


def meet(net: sqlite3.Connection, mac: str, network: str = "lan") -> None:
    row = DeviceRow(mac, network, "", "", "", (), 1.0, 1.0, here=True)
    devices.write_devices(net, [row], [])


def test_who_is_there_when_it_begins_stays(net: sqlite3.Connection) -> None:
    settlers = Settlers(net)
    settlers.hold(["lan"])
    meet(net, NEW)
    assert settlers.admitted("lan") == {OLD}


def test_before_it_begins_whoever_is_there_would_stay(net: sqlite3.Connection) -> None:
    assert Settlers(net).admitted("lan") == {OLD}


def test_it_outlives_a_restart(net: sqlite3.Connection) -> None:
    Settlers(net).hold(["lan"])
    meet(net, NEW)
    assert Settlers(net).admitted("lan") == {OLD}


def test_who_moves_over_from_another_network_is_new(net: sqlite3.Connection) -> None:
    meet(net, NEW, "visitors")
    settlers = Settlers(net)
    settlers.hold(["lan"])
    assert NEW not in settlers.admitted("lan")


def test_when_it_ends_it_is_forgotten(net: sqlite3.Connection) -> None:
    settlers = Settlers(net)
    settlers.hold(["lan"])
    meet(net, NEW)
    settlers.hold([])
    settlers.hold(["lan"])
    assert settlers.admitted("lan") == {OLD, NEW}


def test_a_network_on_which_nobody_is_holds_back_too(net: sqlite3.Connection) -> None:
    Settlers(net).hold(["lab"])
    assert newcomers.settled(net) == {"lab": frozenset()}


def test_whom_the_owner_lets_in_is_in_everywhere(net: sqlite3.Connection) -> None:
    settlers = Settlers(net)
    settlers.hold(["lan", "lab"])
    settlers.let_in([NEW])
    assert NEW in settlers.admitted("lab")
    assert newcomers.settled(net)[LET_IN] == {NEW}


def test_who_was_let_in_by_mistake_waits_again(net: sqlite3.Connection) -> None:
    settlers = Settlers(net)
    settlers.hold(["lan"])
    settlers.let_in([NEW])
    settlers.let_in([])
    assert settlers.admitted("lan") == {OLD}
