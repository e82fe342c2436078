"""Other roles' files: read when they change, kept when they go."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from appliance.events import BootAsked
from appliance.model.images import image_to_json
from appliance.model.slices import BootNetwork
from appliance.model.table import table_to_json
from appliance.store import journal, leases
from appliance.store.open import writer
from services.netboot.follow import World, networks_from_json, networks_to_json
from tests.services.netboot.made import MAC, image, table

IMAGE = image()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "published" / "images").mkdir(parents=True)
    names = ("published", "leases.db", "net.db", "nixie.db")
    made = World(*(tmp_path / name for name in names))
    yield made
    made.close()


def publish(folder: Path, text: str) -> None:
    fresh = folder / "published" / "fresh"
    fresh.write_text(text)
    os.replace(fresh, folder / "published" / "table.json")


def test_a_table_is_read_when_it_is_replaced(world: World, tmp_path: Path) -> None:
    publish(tmp_path, json.dumps(table_to_json(table(IMAGE))))
    assert (world.look_at_table(), world.look_at_table()) == (True, False)
    assert world.table.machine("lan", MAC) is not None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 99}', '{"schema": 1}'])
def test_a_table_that_cannot_be_read_leaves_the_last_one(
    world: World, tmp_path: Path, text: str
) -> None:
    publish(tmp_path, json.dumps(table_to_json(table(IMAGE))))
    world.look_at_table()
    publish(tmp_path, text)
    assert not world.look_at_table()
    assert world.table.machine("lan", MAC) is not None


def test_a_table_that_is_gone_leaves_the_last_one(world: World, tmp_path: Path) -> None:
    publish(tmp_path, json.dumps(table_to_json(table(IMAGE))))
    world.look_at_table()
    (tmp_path / "published" / "table.json").unlink()
    assert not world.look_at_table()
    assert world.table.machine("lan", MAC) is not None


def test_an_image_is_there_while_its_manifest_is(world: World, tmp_path: Path) -> None:
    manifest = tmp_path / "published" / "images" / f"{IMAGE.id}.json"
    assert world.image(IMAGE.id) is None
    manifest.write_text(json.dumps(image_to_json(IMAGE)))
    assert world.image(IMAGE.id) == IMAGE
    manifest.unlink()
    assert world.image(IMAGE.id) is None


@pytest.mark.parametrize("ident", ["../table", "", "x", "/etc/passwd", "AB" * 32])
def test_an_image_id_is_never_a_path(world: World, ident: str) -> None:
    assert world.image(ident) is None


def test_without_leases_nobody_holds_an_address(world: World) -> None:
    assert world.mac_of("lan", "10.77.0.100") is None


def test_a_lease_names_the_machine_behind_an_address(world: World, tmp_path: Path) -> None:
    with closing(writer(tmp_path / "leases.db", leases.MIGRATIONS)) as connection:
        connection.execute(
            "INSERT INTO lease VALUES ('lan', ?, ?, 'c', '', 'boot', 0, 1e12, 'bound', '', '')",
            (int(IPv4Address("10.77.0.100")), MAC),
        )
        assert world.mac_of("lan", "10.77.0.100") == MAC
        assert world.mac_of("lab", "10.77.0.100") is None
        assert world.mac_of("lan", "not an address") is None


def test_dhcps_events_are_read_once(world: World, tmp_path: Path) -> None:
    with closing(writer(tmp_path / "leases.db", leases.MIGRATIONS)) as connection:
        journal.append(connection, BootAsked("lan", MAC, "pxe-x64", "discover", 1), 5.0)
        cursor, first = world.dhcp_events(0)
        assert [entry.at for entry in first] == [5.0]
        assert world.dhcp_events(cursor) == (cursor, [])
        journal.append(connection, BootAsked("lan", MAC, "pxe-x64", "request", 1), 6.0)
        assert [entry.at for entry in world.dhcp_events(cursor)[1]] == [6.0]


def test_a_leases_file_made_anew_is_read_from_its_start(world: World, tmp_path: Path) -> None:
    with closing(writer(tmp_path / "leases.db", leases.MIGRATIONS)) as connection:
        journal.append(connection, BootAsked("lan", MAC, "pxe-x64", "discover", 1), 5.0)
        cursor, entries = world.dhcp_events(900)
        assert (cursor, len(entries)) == (1, 1)


def test_the_networks_are_kept_as_they_were() -> None:
    networks = {"br-lan": BootNetwork("lan", "br-lan", IPv4Interface("10.77.0.1/24"))}
    assert networks_from_json(networks_to_json(networks)) == networks
