from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from appliance.errors import Refused
from services.lab.machine import Card, Firmware, Machine, Platform, command, needs_variables

HERE = Platform("qemu", Path("code.fd"), Path("vars.fd"))
ANVIL = Machine("anvil", "52:54:00:00:00:01")


def argument(line: tuple[str, ...], option: str) -> list[str]:
    """Every value that `option` is given."""
    return [after for before, after in pairwise(line) if before == option]


def test_a_bios_machine_boots_by_the_rom_of_its_card() -> None:
    line = command(ANVIL, "tap0", HERE, None)
    assert "virtio-net-pci,netdev=lan,mac=52:54:00:00:00:01,bootindex=1" in argument(
        line, "-device"
    )
    assert argument(line, "-drive") == []


def test_a_uefi_machine_boots_by_its_own_network_stack() -> None:
    line = command(replace(ANVIL, firmware=Firmware.UEFI), "tap0", HERE, Path("own.fd"))
    assert any(device.endswith(",romfile=") for device in argument(line, "-device"))
    assert argument(line, "-drive") == [
        "if=pflash,unit=0,format=raw,readonly=on,file=code.fd",
        "if=pflash,unit=1,format=raw,file=own.fd",
    ]


def test_a_uefi_machine_can_use_the_rom_of_its_card_instead() -> None:
    machine = replace(ANVIL, firmware=Firmware.UEFI, own_rom=True)
    line = command(machine, "tap0", HERE, Path("own.fd"))
    assert not any("romfile" in device for device in argument(line, "-device"))


@pytest.mark.parametrize("card", [Card.VMXNET3, Card.E1000])
def test_a_card_that_ovmf_has_no_driver_for_keeps_its_rom(card: Card) -> None:
    machine = replace(ANVIL, firmware=Firmware.UEFI, card=card)
    line = command(machine, "tap0", HERE, Path("own.fd"))
    assert not any("romfile" in device for device in argument(line, "-device"))


def test_http_boot_comes_first_because_pxe_is_left_out() -> None:
    line = command(replace(ANVIL, firmware=Firmware.UEFI_HTTP), "tap0", HERE, Path("own.fd"))
    assert argument(line, "-fw_cfg") == [
        "name=opt/org.tianocore/IPv4PXESupport,string=n",
        "name=opt/org.tianocore/IPv6PXESupport,string=n",
    ]


def test_every_machine_has_a_source_of_randomness() -> None:
    """Newer OVMF offers no network boot without one."""
    for firmware in Firmware:
        own = Path("own.fd") if needs_variables(firmware) else None
        line = command(replace(ANVIL, firmware=firmware), "tap0", HERE, own)
        assert "virtio-rng-pci" in argument(line, "-device")


def test_a_uefi_machine_never_writes_the_shared_variable_store() -> None:
    with pytest.raises(ValueError, match="its own variable store"):
        command(replace(ANVIL, firmware=Firmware.UEFI), "tap0", HERE, None)


def test_a_disk_comes_after_the_network() -> None:
    line = command(replace(ANVIL, disk=Path("d.img")), "tap0", HERE, None)
    assert "virtio-blk-pci,drive=disk,bootindex=2" in argument(line, "-device")


def test_a_reset_ends_the_machine_unless_it_may_start_over() -> None:
    assert "-no-reboot" in command(ANVIL, "tap0", HERE, None)
    assert "-no-reboot" not in command(replace(ANVIL, restarts=True), "tap0", HERE, None)


@pytest.mark.parametrize("card", list(Card))
def test_each_card_is_one_of_qemus(card: Card) -> None:
    (network, _) = argument(command(replace(ANVIL, card=card), "tap0", HERE, None), "-device")
    assert network.split(",")[0] in {"virtio-net-pci", "e1000", "vmxnet3"}


@pytest.mark.parametrize(
    "mac", ["", "52-54-00-00-00-01", "52:54:00:00:00:0G", "52:54:00:00:00:0A", "01:00:5e:00:00:01"]
)
def test_a_mac_that_no_card_can_have_is_refused(mac: str) -> None:
    with pytest.raises(Refused, match=r"MAC|multicast"):
        Machine("x", mac)


def test_too_little_memory_is_refused_with_the_least() -> None:
    with pytest.raises(Refused, match="needs 256 or more"):
        replace(ANVIL, megabytes=64)


def test_a_machine_has_the_processor_it_is_given() -> None:
    assert argument(command(ANVIL, "tap0", HERE, None), "-cpu") == []
    assert argument(command(replace(ANVIL, cpu="qemu32"), "tap0", HERE, None), "-cpu") == ["qemu32"]


def test_a_64_bit_arm_machine_has_its_board_before_anything_else() -> None:
    board = replace(HERE, board=("-machine", "virt"))
    line = command(replace(ANVIL, firmware=Firmware.UEFI_ARM), "tap0", board, Path("own.fd"))
    assert line[:3] == ("qemu", "-machine", "virt")
    assert "if=pflash,unit=1,format=raw,file=own.fd" in line
    assert needs_variables(Firmware.UEFI_ARM)


def test_a_machine_has_a_tpm_when_one_is_emulated() -> None:
    line = command(replace(ANVIL, tpm=Path("t/socket")), "tap0", HERE, None)
    assert "socket,id=tpm,path=t/socket" in argument(line, "-chardev")
    assert "tpm-tis,tpmdev=tpm" in argument(line, "-device")
    assert "-tpmdev" not in command(ANVIL, "tap0", HERE, None)
