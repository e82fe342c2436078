from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from appliance.actions import acts, changes, devices, draft, machines
from appliance.actions.desk import Desk
from appliance.actions.known_devices import Known, device, known
from appliance.actions.refusals import Forbidden, Unknown
from appliance.errors import Refused
from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from appliance.store import trials
from appliance.store.devices import DeviceRow, write_blocks, write_devices
from appliance.store.open import writer
from tests.appliance.actions.conftest import HELPER, OWNER, VIEWER, Clock

MAC, OTHER = "00:1b:21:aa:bb:cc", "da:a1:19:00:00:01"
ROW = DeviceRow(
    *(MAC, "lan", "ember", "Intel Corporate", "", ("10.77.0.50", "fe80::1")),
    *(1_799_000_000.0, 1_800_000_000.0),
    here=True,
)
CONFIG = RouterConfig(
    networks=(
        Network(
            *("lan", "br-lan", ("p1",), IPv4Interface("10.77.0.1/24")),
            dhcp=Dhcp(Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))),
        ),
    )
)
Seen = Callable[..., None]


@pytest.fixture(autouse=True)
def seen(tmp_path: Path) -> Iterator[Seen]:
    """Write devices as `net` would; `blocked` are MACs whose packets it drops."""
    connection = writer(tmp_path / "net.db", trials.MIGRATIONS)

    def write(*rows: DeviceRow, blocked: dict[str, str] | None = None) -> None:
        write_devices(connection, rows, ())
        write_blocks(connection, blocked or {}, set(blocked or {}))

    write(ROW, replace(ROW, mac=OTHER, hostname="", maker="", addresses=("10.77.0.51",)))
    yield write
    connection.close()


def one(desk: Desk, mac: str = MAC) -> Known:
    return device(desk.reads, mac)


def test_a_device_is_called_as_it_says_itself(desk: Desk) -> None:
    assert [each.name for each in known(desk.reads)] == [OTHER, "ember"]


def test_the_owners_name_comes_first(desk: Desk) -> None:
    done = devices.rename_device(desk, OWNER, MAC, "kitchen  tablet")
    assert one(desk).name == "kitchen tablet"
    assert done.what == "ember is called kitchen tablet."


def test_an_empty_name_brings_back_its_own(desk: Desk) -> None:
    devices.rename_device(desk, OWNER, MAC, "tablet")
    devices.rename_device(desk, OWNER, MAC, "")
    assert one(desk).name == "ember"
    assert desk.reads.device_views() == []


def test_a_device_is_called_like_its_machine(desk: Desk) -> None:
    machines.add_machine(desk, OWNER, MAC, name="anvil")
    assert one(desk).name == "anvil"


def test_a_device_without_any_name_is_called_by_its_maker(desk: Desk, seen: Seen) -> None:
    seen(replace(ROW, hostname=""))
    assert one(desk).name == "Intel Corporate bb:cc"


def test_a_name_that_cannot_be_seen_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused):
        devices.rename_device(desk, OWNER, MAC, "a\x1bb")


def test_a_device_is_found_by_its_name(desk: Desk) -> None:
    assert device(desk.reads, "ember").mac == MAC


def test_a_name_that_two_have_is_refused(desk: Desk) -> None:
    devices.rename_device(desk, OWNER, OTHER, "ember")
    with pytest.raises(Refused, match="Say which"):
        device(desk.reads, "ember")


def test_a_device_nobody_saw_is_unknown(desk: Desk) -> None:
    with pytest.raises(Unknown):
        device(desk.reads, "02:00:00:00:00:99")


def test_a_block_is_what_net_reads(desk: Desk) -> None:
    done = devices.block_devices(desk, HELPER, [MAC, OTHER], "always")
    assert {view.mac: view.block for view in desk.reads.device_views()} == {
        MAC: "always",
        OTHER: "always",
    }
    assert done.what == f"ember and {OTHER} are blocked."
    assert done.undoable


def test_undo_takes_a_block_of_several_back(desk: Desk) -> None:
    done = devices.block_devices(desk, OWNER, [MAC, OTHER], "always")
    acts.undo(desk, OWNER, done.act)
    assert desk.reads.device_views() == []


def test_an_unblocked_device_keeps_its_name(desk: Desk) -> None:
    devices.rename_device(desk, OWNER, MAC, "tablet")
    devices.block_devices(desk, OWNER, [MAC], "weekly mon 21:00-07:00")
    devices.unblock_devices(desk, OWNER, [MAC])
    (view,) = desk.reads.device_views()
    assert (view.name, view.block) == ("tablet", "")


def test_nobody_blocks_the_device_they_sit_at(desk: Desk) -> None:
    with pytest.raises(Refused, match="sit at"):
        devices.block_devices(desk, replace(OWNER, address="10.77.0.50"), [MAC], "always")
    with pytest.raises(Refused, match="sit at"):
        devices.block_devices(desk, replace(OWNER, address="fe80::1%br-lan"), [MAC], "always")


@pytest.mark.parametrize("block", ["", "never", "weekly mon 25:00-07:00"])
def test_a_block_that_says_no_time_is_refused(desk: Desk, block: str) -> None:
    with pytest.raises(Refused):
        devices.block_devices(desk, OWNER, [MAC], block)


def test_who_may_only_look_blocks_nobody(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        devices.block_devices(desk, VIEWER, [MAC], "always")


def test_whether_a_block_holds_is_what_net_says(desk: Desk, seen: Seen) -> None:
    devices.block_devices(desk, OWNER, [MAC], "always")
    assert not one(desk).blocked
    seen(ROW, blocked={MAC: "always"})
    assert one(desk).blocked


def test_a_device_is_new_for_a_day(desk: Desk, seen: Seen, clock: Clock) -> None:
    seen(replace(ROW, first_seen=clock.now - 100))
    assert one(desk).new(clock.now)
    assert not one(desk).new(clock.now + 86_400)


def test_a_named_device_is_not_new(desk: Desk, seen: Seen, clock: Clock) -> None:
    seen(replace(ROW, first_seen=clock.now))
    devices.rename_device(desk, OWNER, MAC, "tablet")
    assert not one(desk).new(clock.now)


# ── a reserved address is configuration ───────────────────────────────────────────────────────────


def test_reserving_prepares_the_address_it_has(desk: Desk) -> None:
    changes.propose_revision(desk, OWNER, CONFIG, base=0)
    devices.reserve_address(desk, OWNER, MAC)
    (network,) = draft.edited(desk).networks
    assert network.dhcp is not None
    (fixed,) = network.dhcp.reservations
    assert (fixed.mac, str(fixed.address), fixed.name) == (MAC, "10.77.0.50", "ember")
    assert draft.current(desk) is not None


def test_reserving_again_moves_the_reservation(desk: Desk) -> None:
    changes.propose_revision(desk, OWNER, CONFIG, base=0)
    devices.reserve_address(desk, OWNER, MAC)
    devices.reserve_address(desk, OWNER, MAC, address="10.77.0.60", name="forge")
    (network,) = draft.edited(desk).networks
    assert network.dhcp is not None
    assert [(str(one.address), one.name) for one in network.dhcp.reservations] == [
        ("10.77.0.60", "forge")
    ]


def test_releasing_what_was_only_prepared_leaves_no_draft(desk: Desk) -> None:
    changes.propose_revision(desk, OWNER, CONFIG, base=0)
    devices.reserve_address(desk, OWNER, MAC)
    devices.release_address(desk, OWNER, MAC)
    assert draft.current(desk) is None


@pytest.mark.parametrize("address", ["192.0.2.9", "nowhere"])
def test_an_address_of_no_network_is_refused(desk: Desk, address: str) -> None:
    changes.propose_revision(desk, OWNER, CONFIG, base=0)
    with pytest.raises(Refused):
        devices.reserve_address(desk, OWNER, MAC, address=address)
