"""Who is asking to boot, from the options of one DHCP message.

The order of the questions in `firmware` is the contract: our own marker, a capable iPXE, any other
iPXE, UEFI HTTP boot, a Raspberry Pi, U-Boot, PXE firmware, everybody else.  A message is judged by
itself: the same MAC is a ROM, then iPXE, then an operating system within one boot (G64, G99).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final
from uuid import UUID

from services.dhcp.options import (
    CLIENT_ARCH,
    CLIENT_UUID,
    IPXE,
    USER_CLASS,
    VENDOR_CLASS,
    decode_inner,
)
from services.netboot.architecture import ARCHITECTURES, Transport

OUR_MARK: Final = b"nixie"  # the user class our own builds carry
IPXE_NAMES: Final = frozenset((b"iPXE", b"gPXE"))
RASPBERRY_PI: Final = frozenset(
    bytes.fromhex(prefix) for prefix in ("b827eb", "dca632", "e45f01", "28cdc1", "d83add", "2ccf67")
)
HTTP_CLIENT: Final = b"HTTPClient"
PXE_CLIENT: Final = b"PXEClient"
"""Option 60 begins with one of these two, or with a word of the network's owner, or its sender does
not ask to boot (G5)."""

RASPBERRY_PI_ARCHES: Final = frozenset((0, 41))
U_BOOT: Final = b"U-Boot"
"""Option 60 of U-Boot begins so, and its own loader of EFI programs asks as PXE firmware (G101)."""
U_BOOT_ARCHES: Final[Mapping[bytes, int]] = {b"U-Boot.armv7": 21, b"U-Boot.armv8": 22}
"""What it says there when its maker left option 93 out."""

HTTP, BZIMAGE, EFI, BUS_ID, VERSION = 0x13, 0x18, 0x24, 0xB1, 0xEB  # inside option 175

JUNK_UUIDS: Final = frozenset(
    bytes.fromhex(digits)
    for digits in (
        "00" * 16,
        "ff" * 16,
        "03000200040005000006000700080009",  # boards whose maker left the sample value
        "00020003000400050006000700080009",  # the same, bytes swapped
    )
)


class Class(Enum):
    """What kind of answer is due (reference: reply matrix)."""

    ORDINARY = "an ordinary client"
    PXE = "PXE firmware"
    HTTP = "UEFI HTTP boot"
    SCRIPT = "an iPXE that can fetch our script"
    CHAIN = "an iPXE too old for our script"
    RASPBERRY_PI = "a Raspberry Pi's boot ROM"
    U_BOOT = "U-Boot, which reads PXELINUX's files"


class Firmware:
    """The one who asks.  `arch` is the option-93 code or None; `junk` identities are left out."""

    __slots__ = (
        "arch", "assumed", "bus_id", "features", "kind", "user_class", "uuid", "uuid_raw",
        "uuid_swapped", "vendor_class", "version", "word",
    )  # fmt: skip

    def __init__(self, kind: Class, arch: int | None = None) -> None:
        self.kind = kind
        self.arch = arch
        self.assumed = False  # the architecture was not said, BIOS is a guess
        self.word = PXE_CLIENT  # how PXE firmware wants to be called in option 60
        self.vendor_class = ""
        self.user_class = ""
        self.features: frozenset[int] = frozenset()
        self.version = ""  # iPXE's, "2.0.0"
        self.bus_id = ""  # "1af4:1000": names the driver
        self.uuid_raw = b""  # option 97 as sent, echoed verbatim
        self.uuid = ""  # as sent, "" when it identifies nobody
        self.uuid_swapped = ""  # the same UUID if the firmware sent SMBIOS byte order

    @property
    def recipe(self) -> str | None:
        """The folder its loaders live in ("x64"), None when we know of none."""
        known = ARCHITECTURES.get(self.arch) if self.arch is not None else None
        return known.recipe if known else None

    @property
    def name(self) -> str:
        """A word for events: "pxe-x64", "http-x64", "uboot-arm64", "script", "chain", "rpi"…"""
        if self.kind in (Class.PXE, Class.HTTP, Class.U_BOOT):
            way = self.kind.name.lower().replace("_", "")
            return f"{way}-{self.recipe or f'arch{self.arch}'}"
        return "rpi" if self.kind is Class.RASPBERRY_PI else self.kind.name.lower()


ORDINARY: Final = Firmware(Class.ORDINARY)
_SIGNS: Final = frozenset((VENDOR_CLASS, USER_CLASS, CLIENT_ARCH, IPXE))


def firmware(
    options: Mapping[int, bytes], chaddr: bytes, words: tuple[bytes, ...] = (PXE_CLIENT,)
) -> Firmware:
    """Classify one message.  Never raises: what cannot be read counts as not said.

    PXE firmware on this network begins option 60 with one of `words`.
    """
    if _SIGNS.isdisjoint(options):
        return ORDINARY
    vendor_class = options.get(VENDOR_CLASS, b"")
    user_class = user_class_of(options.get(USER_CLASS, b""))
    features = decode_inner(options.get(IPXE, b""))
    arch = architecture(options.get(CLIENT_ARCH, b""), vendor_class)
    able = frozenset(code for code, value in features.items() if value and any(value))
    ipxe = IPXE in options or user_class in IPXE_NAMES
    pxe = vendor_class.startswith(words)
    kind = _kind(vendor_class, user_class, able, arch, chaddr, ipxe=ipxe, pxe=pxe)
    if kind is Class.ORDINARY:
        return ORDINARY
    found = Firmware(kind, arch)
    found.word = next((one for one in words if vendor_class.startswith(one)), PXE_CLIENT)
    if kind is Class.U_BOOT:
        found.arch = arch if arch is not None else U_BOOT_ARCHES.get(vendor_class)
    elif arch is None and kind is not Class.HTTP:
        found.arch, found.assumed = 0, True
    found.vendor_class = _printable(vendor_class)
    found.user_class = _printable(user_class)
    found.features = able - {BUS_ID, VERSION}
    found.version = ".".join(str(part) for part in features.get(VERSION, b"")[:3])
    found.bus_id = _bus_id(features.get(BUS_ID, b""))
    found.uuid_raw = options.get(CLIENT_UUID, b"")
    found.uuid, found.uuid_swapped = uuids(found.uuid_raw)
    return found


def _kind(
    vendor_class: bytes,
    user_class: bytes,
    able: frozenset[int],
    arch: int | None,
    chaddr: bytes,
    *,
    ipxe: bool,
    pxe: bool,
) -> Class:
    if user_class == OUR_MARK:
        return Class.SCRIPT
    if ipxe:
        capable = HTTP in able and (BZIMAGE in able or EFI in able)
        return Class.SCRIPT if capable else Class.CHAIN
    if vendor_class.startswith(HTTP_CLIENT):
        return Class.HTTP
    if arch in RASPBERRY_PI_ARCHES and chaddr[:3] in RASPBERRY_PI:
        return Class.RASPBERRY_PI  # without option 60 in its REQUEST (G98)
    if vendor_class.startswith(U_BOOT):
        return Class.U_BOOT
    if not pxe:
        return Class.ORDINARY
    if arch in U_BOOT_ARCHES.values():
        return Class.U_BOOT  # its owner made it call itself a PXE client
    known = ARCHITECTURES.get(arch) if arch is not None else None
    return Class.HTTP if known and known.transport is Transport.HTTP else Class.PXE


def user_class_of(value: bytes) -> bytes:
    """Option 77's first class, with RFC 3004's length or without, as iPXE sends it (G6).

    >>> user_class_of(b"iPXE"), user_class_of(bytes([4]) + b"iPXE")
    (b'iPXE', b'iPXE')
    """
    if value and 0 < value[0] < len(value) and value[0] < 0x20:
        return value[1 : 1 + value[0]]
    return value


def architecture(value: bytes, vendor_class: bytes) -> int | None:
    """The first code of option 93 that we know; else the first code; else option 60's text (G1).

    >>> architecture(bytes.fromhex("00630007"), b"")
    7
    >>> architecture(b"", b"PXEClient:Arch:00007:UNDI:003010")
    7
    """
    codes = [int.from_bytes(value[at : at + 2], "big") for at in range(0, len(value) - 1, 2)]
    for code in codes:
        if code in ARCHITECTURES:
            return code
    if codes:
        return codes[0]
    digits = vendor_class.partition(b":Arch:")[2][:5]
    return int(digits) if len(digits) == 5 and digits.isdigit() else None


def uuids(value: bytes) -> tuple[str, str]:
    """Option 97 as text in both byte orders; ("", "") when it identifies nobody (G9)."""
    raw = value[1:17]
    if len(value) != 17 or value[0] != 0 or raw in JUNK_UUIDS:
        return "", ""
    return str(UUID(bytes=raw)), str(UUID(bytes_le=raw))


def _bus_id(value: bytes) -> str:
    """Sub-option b1: one byte of bus type, then vendor and device, 16 bits each."""
    return f"{value[1:3].hex()}:{value[3:5].hex()}" if len(value) >= 5 else ""


def _printable(value: bytes) -> str:
    """Text for events: strangers write these, so only plain ASCII survives, at most 64 of it."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in value.rstrip(b"\0")[:64])
