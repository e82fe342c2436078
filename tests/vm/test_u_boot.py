"""A machine with real U-Boot boots, with the device tree that its host names."""

from collections.abc import Iterator

import pytest

from tests.live.waiting import until
from tests.vm.board_room import MEGABYTES, MODEL, board_room
from tests.vm.lab import Workshop, switched_on
from tests.vm.test_boots import named, new_mac

pytestmark = pytest.mark.vm


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with board_room() as there:
        yield there


def test_a_host_comes_up_with_its_device_tree(workshop: Workshop) -> None:
    mac, image = new_mac(), workshop.image("board")
    workshop.assign(mac, "anvil", host=workshop.hosts["board"])
    with switched_on(workshop, mac, "u-boot-arm64", megabytes=MEGABYTES) as machine:
        line = machine.says("BOARD ")
        told = machine.says("TOLD ")
        row = workshop.ends(machine, "up", "short")
    assert MODEL.decode().rstrip("\0") in line
    assert "store: the store of the board" in line
    assert "of.board='a'$b" in told
    assert (row.state, row.firmware, row.image) == ("up", "uboot-arm64", image.id)
    assert row.toplevel == image.toplevel
    steps = workshop.steps_of(row.id)
    parts = {step.name: (step.bytes, step.status) for step in named(steps, "part")}
    assert parts == {part.name: (part.size, "ok") for part in image.parts}
    assert set(parts) == {"Image", "initrd", "board.dtb"}
    assert [step.name for step in named(steps, "loader")] == ["boot.scr.uimg"]
    assert [step.name for step in named(steps, "script")] == ["board"]


def test_uefi_brings_its_own_tree(workshop: Workshop) -> None:
    mac, image = new_mac(), workshop.image("board")
    workshop.assign(mac, "tongs", host=workshop.hosts["board"])
    with switched_on(workshop, mac, "uefi-arm64", megabytes=1024) as machine:
        row = workshop.ends(machine, "up", "short")
    assert (row.state, row.firmware, row.image) == ("up", "pxe-arm64", image.id)
    parts = {step.name for step in named(workshop.steps_of(row.id), "part")}
    assert parts == {"Image", "initrd"}


def test_a_machine_that_nobody_knows_reads_its_code_until_it_is_given_something(
    workshop: Workshop,
) -> None:
    mac = new_mac()
    with switched_on(workshop, mac, "u-boot-arm64", megabytes=MEGABYTES) as machine:
        row = workshop.ends(machine, "held")
        (held,) = [one for one in workshop.router.client.get("/inbox") if one["mac"] == mac]
        machine.says(f"Its code is {held['code']}")
        machine.says("asking again in 10 seconds")
        workshop.assign(mac, "hammer", host=workshop.hosts["board"])
        row = workshop.ends(machine, "up", "short")
    assert row.state == "up"
    steps = workshop.steps_of(row.id)
    assert [step.name for step in named(steps, "script")] == ["hold", "board"]


def test_a_menu_boots_its_default_when_nobody_chooses(workshop: Workshop) -> None:
    host, mac = workshop.hosts["board"], new_mac()
    asked = {"name": "Workshop", "hosts": [host], "default": host, "timeout_seconds": 2}
    menu = workshop.router.client.post("/menus", asked)["subject"]
    workshop.assign(mac, "chooser", menu=menu)
    with switched_on(workshop, mac, "u-boot-arm64", megabytes=MEGABYTES) as machine:
        row = workshop.ends(machine, "up", "short")
    assert (row.state, row.image) == ("up", workshop.image("board").id)
    assert [step.name for step in named(workshop.steps_of(row.id), "menu")] == ["board"]


def test_a_machine_that_is_to_start_its_disk_goes_on(workshop: Workshop) -> None:
    mac = new_mac()
    workshop.assign(mac, "idle", intent="local")
    with switched_on(workshop, mac, "u-boot-arm64", megabytes=MEGABYTES) as machine:
        machine.says("Nixie: this machine starts from its own disk")
        until(lambda: workshop.boot_of(mac) is not None, "there is a record")
