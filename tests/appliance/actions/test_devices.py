"""What the owner does with devices."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from appliance.actions import acts, changes, devices, draft, networks
from appliance.actions.desk import Desk
from appliance.actions.refusals import Forbidden
from appliance.errors import Refused
from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from tests.appliance.actions.conftest import HELPER, OWNER, VIEWER
from tests.appliance.actions.met import MAC, OTHER, one, seen

__all__ = ["seen"]

CONFIG = RouterConfig(
    networks=(
        Network(
            *("lan", "br-lan", ("p1",), IPv4Interface("10.77.0.1/24")),
            dhcp=Dhcp(Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))),
        ),
    )
)


def test_the_owners_name_comes_first(desk: Desk) -> None:
    done = devices.rename_device(desk, OWNER, MAC, "kitchen  tablet")
    assert one(desk).name == "kitchen tablet"
    assert done.what == "ember is called kitchen tablet."


def test_an_empty_name_brings_back_its_own(desk: Desk) -> None:
    devices.rename_device(desk, OWNER, MAC, "tablet")
    devices.rename_device(desk, OWNER, MAC, "")
    assert one(desk).name == "ember"
    assert desk.reads.device_views() == []


def test_a_name_that_cannot_be_seen_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused):
        devices.rename_device(desk, OWNER, MAC, "a\x1bb")


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


def test_reserving_again_keeps_the_end_of_its_ipv6_address(desk: Desk) -> None:
    changes.propose_revision(desk, OWNER, CONFIG, base=0)
    ends = {"mac": MAC, "address": "10.77.0.50", "suffix": "::7"}
    networks.reserve(desk, OWNER, "lan", "", ends)
    devices.reserve_address(desk, OWNER, MAC, address="10.77.0.60")
    (network,) = draft.edited(desk).networks
    assert network.dhcp is not None
    assert [str(one.suffix) for one in network.dhcp.reservations] == ["::7"]


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
