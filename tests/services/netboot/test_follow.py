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
from appliance.model.lan_cache import CacheFacts, to_json
from appliance.model.slices import BootNetwork
from appliance.model.table import table_to_json
from appliance.store import journal, leases
from appliance.store.open import writer
from services.netboot.follow import World, networks_from_json, networks_to_json
from services.nix.narinfo import PathInfo, signed
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


# ── the binary cache ─────────────────────────────────────────────────────────────────────────────

HASH = "a" * 32
PROGRAM = PathInfo(f"/nix/store/{HASH}-program", "0" * 52, 120, (), f"/nix/store/{'b' * 32}-x.drv")
LAN = BootNetwork("lan", "br-lan", IPv4Interface("10.77.0.1/24"), cache=True)
GUESTS = BootNetwork("guests", "br-guest", IPv4Interface("10.78.0.1/24"))


@pytest.fixture
def caching(world: World, tmp_path: Path) -> World:
    """A cache with one path, on the LAN and not for guests."""
    (tmp_path / "published/cache").mkdir()
    info = signed(PROGRAM, "nixie-1:c2ln")
    (tmp_path / f"published/cache/{HASH}.narinfo").write_text(info)
    facts = to_json(CacheFacts("nixie-1:KEY=", str(tmp_path / "store")))
    (tmp_path / "published/cache.json").write_text(json.dumps(facts))
    world.networks = {"br-lan": LAN, "br-guest": GUESTS}
    world.look_at_cache()
    return world


def test_a_network_without_the_cache_is_told_nothing(caching: World) -> None:
    assert caching.narinfo("lan", HASH) is not None
    assert caching.narinfo("guests", HASH) is None
    assert caching.narinfo("elsewhere", HASH) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_before_there_is_a_key_there_is_no_cache(world: World, tmp_path: Path, text: str) -> None:
    (tmp_path / "published/cache.json").write_text(text)
    world.networks = {"br-lan": LAN}
    world.look_at_cache()
    assert world.caches("lan") is None


def test_a_narinfo_that_is_not_whole_is_none(caching: World, tmp_path: Path) -> None:
    (tmp_path / f"published/cache/{HASH}.narinfo").write_text("")
    assert caching.narinfo("lan", HASH) is None


def test_a_store_path_that_is_a_link_to_nowhere_is_there(caching: World, tmp_path: Path) -> None:
    assert caching.store_file(PROGRAM.path) is None
    (tmp_path / "store/nix/store").mkdir(parents=True)
    (tmp_path / f"store{PROGRAM.path}").symlink_to("/nowhere")
    assert caching.store_file(PROGRAM.path) == tmp_path / f"store{PROGRAM.path}"


def test_what_a_network_has_is_kept_in_boots_own_file() -> None:
    quiet = BootNetwork("lan", "br-lan", LAN.address, boots=False, cache=True)
    assert networks_from_json(networks_to_json({"br-lan": quiet})) == {"br-lan": quiet}
    before = json.dumps([["lan", "br-lan", "10.77.0.1/24"]])
    assert networks_from_json(before)["br-lan"].boots
    assert not networks_from_json(before)["br-lan"].cache
