"""A device as people know it."""

from dataclasses import replace

import pytest

from appliance.actions import devices, machines
from appliance.actions.desk import Desk
from appliance.actions.known_devices import device, known
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from tests.appliance.actions.conftest import OWNER, Clock
from tests.appliance.actions.met import MAC, OTHER, ROW, Seen, one, seen

__all__ = ["seen"]


def test_a_device_is_called_as_it_says_itself(desk: Desk) -> None:
    assert [each.name for each in known(desk.reads)] == [OTHER, "ember"]


def test_a_device_is_called_like_its_machine(desk: Desk) -> None:
    machines.add_machine(desk, OWNER, MAC, name="anvil")
    assert one(desk).name == "anvil"


def test_a_device_without_any_name_is_called_by_its_maker(desk: Desk, seen: Seen) -> None:
    seen(replace(ROW, hostname=""))
    assert one(desk).name == "Intel Corporate bb:cc"


def test_a_device_is_found_by_its_name(desk: Desk) -> None:
    assert device(desk.reads, "ember").mac == MAC


def test_a_name_that_two_have_is_refused(desk: Desk) -> None:
    devices.rename_device(desk, OWNER, OTHER, "ember")
    with pytest.raises(Refused, match="Say which"):
        device(desk.reads, "ember")


def test_a_device_nobody_saw_is_unknown(desk: Desk) -> None:
    with pytest.raises(Unknown):
        device(desk.reads, "02:00:00:00:00:99")


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
