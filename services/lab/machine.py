"""A machine of the lab as QEMU's command line.

What each firmware needs to boot from the network was measured:
SeaBIOS has no network stack, so the card brings one (QEMU's own iPXE ROM); OVMF has one, and shows
network entries only when there is a source of randomness.  OVMF tries PXE before HTTP, two minutes
long; it leaves PXE out when told to through fw_cfg.  U-Boot misreads the MAC of a virtio card that
speaks the old way, too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from appliance.errors import Problem, Refused


class Firmware(Enum):
    """What the machine starts with, by the word the command line uses."""

    BIOS = "bios"
    UEFI = "uefi"
    UEFI_HTTP = "uefi-http"
    UEFI_ARM = "uefi-arm64"
    U_BOOT = "u-boot-arm64"


ARM = frozenset({Firmware.UEFI_ARM, Firmware.U_BOOT})
"""Firmware of 64-bit ARM machines."""


class Card(Enum):
    """The network card: QEMU's model, and the kernel module that drives it."""

    VIRTIO = "virtio"
    VMXNET3 = "vmxnet3"
    E1000 = "e1000"  # the sample's cloud kernel has no driver: for firmware tests


DEVICE: Mapping[Card, str] = {
    Card.VIRTIO: "virtio-net-pci",
    Card.VMXNET3: "vmxnet3",
    Card.E1000: "e1000",
}

LEAST_MEGABYTES = 256


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine; it has a disk only if a file is given.  Raises Refused."""

    name: str
    mac: str  # lower case, colons
    firmware: Firmware = Firmware.BIOS
    megabytes: int = 512
    card: Card = Card.VIRTIO
    own_rom: bool = False  # UEFI and virtio: QEMU's iPXE ROM instead of OVMF's own driver
    uuid: str = ""  # SMBIOS; empty leaves QEMU's zeros
    cpu: str = ""  # QEMU's name of a processor; empty leaves it to QEMU
    disk: Path | None = None  # raw image
    tpm: Path | None = None  # the socket at which a TPM of its own is emulated
    restarts: bool = False  # start over when the machine resets, instead of ending

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", self.mac):
            raise _refused("mac", f"{self.mac!r} is not a MAC address like 52:54:00:12:34:56.")
        if int(self.mac[:2], 16) & 1:
            what = f"{self.mac} is a multicast address: the first byte must be even."
            raise _refused("mac", what)
        if self.megabytes < LEAST_MEGABYTES:
            what = f"{self.megabytes} MB is too little: the sample needs {LEAST_MEGABYTES} or more."
            raise _refused("memory", what)


@dataclass(frozen=True, slots=True)
class Platform:
    """What this computer offers: found by the door."""

    qemu: str
    code: Path | None  # OVMF or U-Boot, read only; None: machines with BIOS firmware only
    variables: Path | None  # OVMF's empty variable store, copied for each machine
    accelerator: str = "tcg"  # "kvm" only after a virtual machine ran with it
    board: tuple[str, ...] = ()  # what QEMU is told where it has no usual one


def needs_variables(firmware: Firmware) -> bool:
    """Whether the machine wants its own copy of the variable store."""
    return firmware not in (Firmware.BIOS, Firmware.U_BOOT)


def command(
    machine: Machine, tap: str, platform: Platform, variables: Path | None
) -> tuple[str, ...]:
    """QEMU's arguments.  `variables` is this machine's own copy, or None for a BIOS one."""
    return (
        platform.qemu,
        *platform.board,
        "-name",
        machine.name,
        "-accel",
        platform.accelerator,
        "-m",
        f"{machine.megabytes}",
        "-nodefaults",
        "-nographic",
        "-serial",
        "stdio",
        *(() if machine.restarts else ("-no-reboot",)),
        *(("-uuid", machine.uuid) if machine.uuid else ()),
        *(("-cpu", machine.cpu) if machine.cpu else ()),
        *_firmware(machine.firmware, platform, variables),
        "-netdev",
        f"tap,id=lan,ifname={tap},script=no,downscript=no",
        "-device",
        _card(machine),
        "-device",
        "virtio-rng-pci",
        *_disk(machine.disk),
        *_tpm(machine.tpm),
    )


def _refused(field: str, what: str) -> Refused:
    return Refused(Problem((field,), what))


def _firmware(firmware: Firmware, platform: Platform, variables: Path | None) -> tuple[str, ...]:
    if firmware is Firmware.BIOS:
        return ()
    if firmware is Firmware.U_BOOT:
        return ("-bios", str(platform.code))
    if platform.code is None or variables is None:
        raise ValueError("a UEFI machine needs OVMF and its own variable store")
    flash = _flash(platform.code, f"file={variables}")
    if firmware is not Firmware.UEFI_HTTP:
        return flash
    return (
        *flash,
        "-fw_cfg",
        "name=opt/org.tianocore/IPv4PXESupport,string=n",
        "-fw_cfg",
        "name=opt/org.tianocore/IPv6PXESupport,string=n",
    )


def empty_flash(code: Path, variables: Path) -> tuple[str, ...]:
    """OVMF for a machine that keeps nothing: what it writes is forgotten."""
    return _flash(code, f"snapshot=on,file={variables}")


def _flash(code: Path, variables: str) -> tuple[str, ...]:
    return (
        "-drive",
        f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
        "-drive",
        f"if=pflash,unit=1,format=raw,{variables}",
    )


def _card(machine: Machine) -> str:
    """OVMF drives virtio cards itself; every other pair of firmware and card needs the ROM."""
    itself = machine.firmware is not Firmware.BIOS and machine.card is Card.VIRTIO
    rom = ",romfile=" if itself and not machine.own_rom else ""
    if machine.firmware is Firmware.U_BOOT and machine.card is Card.VIRTIO:
        rom += ",disable-legacy=on"
    return f"{DEVICE[machine.card]},netdev=lan,mac={machine.mac},bootindex=1{rom}"


def _disk(disk: Path | None) -> tuple[str, ...]:
    if disk is None:
        return ()
    return (
        "-drive",
        f"if=none,id=disk,format=raw,file={disk}",
        "-device",
        "virtio-blk-pci,drive=disk,bootindex=2",
    )


def _tpm(emulated: Path | None) -> tuple[str, ...]:
    if emulated is None:
        return ()
    return (
        "-chardev",
        f"socket,id=tpm,path={emulated}",
        "-tpmdev",
        "emulator,id=tpm,chardev=tpm",
        "-device",
        "tpm-tis,tpmdev=tpm",
    )
