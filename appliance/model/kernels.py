"""Boot files told apart by their first bytes, whatever they are called.

Linux: Documentation/arch/x86/boot.rst (the setup header), Documentation/arch/arm64/booting.rst (the
magic of `Image`), drivers/firmware/efi/libstub/zboot-header.S.  EFI programs are PE files: the PE
specification's machine field, where 0x3c points.
"""

from collections.abc import Mapping
from dataclasses import dataclass

HEAD_BYTES = 4_096
"""So much of a file is enough."""
FORMS = ("linux", "efi", "gzip", "elf", "uboot", "dtb", "other")
"""Kinds of files that are told apart."""
GZIP = b"\x1f\x8b"
TREE = b"\xd0\x0d\xfe\xed"
"""How a device tree begins (Devicetree Specification, flattened format)."""
LARGEST_TREE = 2 << 20
"""Bytes; U-Boot loads it below the ramdisk, and boards leave no more room there."""
MACHINES: Mapping[int, str] = {
    0x8664: "x86_64-linux",
    0x014C: "i686-linux",
    0xAA64: "aarch64-linux",
    0x01C2: "armv7l-linux",
    0x5064: "riscv64-linux",
}
"""Machine field of a PE file → the system it runs on."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file is: a word of FORMS.

    `system` is the one that it runs on, "" when the file does not say.
    """

    form: str
    system: str = ""

    @property
    def starts(self) -> bool:
        """An iPXE can start it as it is."""
        return self.form in ("linux", "efi")


def seen(head: bytes) -> Seen:
    """What begins with these bytes.

    >>> seen(b"MZ" + bytes(54) + b"ARM\\x64"), seen(b"\\x1f\\x8b\\x08")
    (Seen(form='linux', system='aarch64-linux'), Seen(form='gzip', system=''))
    """
    if head[:2] == b"MZ" and head[56:60] == b"ARM\x64":
        return Seen("linux", "aarch64-linux")
    if head[56:60] == b"ARM\x64":  # an Image without the EFI stub: only U-Boot starts it
        return Seen("uboot", "aarch64-linux")
    if head[0x202:0x206] == b"HdrS" and head[0x1FE:0x200] == b"\x55\xaa":
        wide = int.from_bytes(head[0x236:0x238], "little") & 1  # XLF_KERNEL_64
        return Seen("linux", "x86_64-linux" if wide else "i686-linux")
    if head[:2] == b"MZ":
        return Seen("efi", MACHINES.get(_machine(head), ""))
    if head[:4] == b"\x7fELF":
        return Seen("elf")
    if head[:4] == b"\x27\x05\x19\x56":  # uImage
        return Seen("uboot")
    if head[:4] == TREE:
        return Seen("dtb")
    return Seen("gzip" if head[:2] == GZIP else "other")


def _machine(head: bytes) -> int:
    at = int.from_bytes(head[0x3C:0x40], "little")
    if head[at : at + 4] != b"PE\0\0":
        return 0
    return int.from_bytes(head[at + 4 : at + 6], "little")


def fault(found: Seen, system: str, recipe: str) -> str:
    """Why a machine of that system would not start it, as the end of a sentence; "" when it would.

    >>> fault(Seen("linux", "aarch64-linux"), "x86_64-linux", "linux")
    'is made for aarch64, and the host is for x86_64'
    >>> fault(Seen("other"), "x86_64-linux", "linux")
    'is no Linux kernel that iPXE can start: it wants bzImage, or Image with an EFI stub'
    """
    if recipe == "efi" and found.form not in ("efi", "linux"):
        return "is no EFI program: those begin with MZ"
    if recipe == "linux" and not found.starts:
        return "is no Linux kernel that iPXE can start: it wants bzImage, or Image with an EFI stub"
    if found.system and found.system != system and not _runs(found.system, system):
        made, wanted = found.system.partition("-")[0], system.partition("-")[0]
        return f"is made for {made}, and the host is for {wanted}"
    return ""


def tree_fault(found: Seen, size: int) -> str:
    """Why it is no device tree that U-Boot takes, as the end of a sentence; "" when it is one.

    >>> tree_fault(Seen("other"), 10)
    'is no device tree: those begin with d00dfeed'
    """
    if found.form != "dtb":
        return "is no device tree: those begin with d00dfeed"
    if size > LARGEST_TREE:
        return f"has {size >> 10} KiB, and boards have room for a device tree of 2 MiB"
    return ""


def _runs(made: str, system: str) -> bool:
    """A 32-bit x86 kernel starts on 64-bit processors too."""
    return (made, system) == ("i686-linux", "x86_64-linux")
