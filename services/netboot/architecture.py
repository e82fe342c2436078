"""Architecture codes (option 93), as a table.

RFC 4578 §2.1 and the IANA registry behind it.  Erratum 4624: the RFC has 7 and 9 the wrong way
round; firmware in the field sends either, so both mean x64 (G2).  32-bit UEFI gets a 32-bit loader
or nothing: an x64 one cannot run there (G3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Transport(Enum):
    """How the firmware fetches its first file."""

    PXE = "TFTP"
    HTTP = "HTTP"


@dataclass(frozen=True, slots=True)
class Architecture:
    """One code.  `recipe` is the folder of its loaders; None: nothing of ours can run there."""

    name: str
    transport: Transport = Transport.PXE
    recipe: str | None = None


_HTTP = Transport.HTTP

ARCHITECTURES: Mapping[int, Architecture] = {
    0: Architecture("x86 BIOS", recipe="bios"),
    1: Architecture("NEC PC-98"),
    2: Architecture("Itanium"),
    3: Architecture("DEC Alpha"),
    4: Architecture("Arc x86"),
    5: Architecture("Intel Lean Client"),
    6: Architecture("UEFI x86 32-bit", recipe="ia32"),
    7: Architecture("UEFI x64", recipe="x64"),
    8: Architecture("UEFI Xscale"),
    9: Architecture("UEFI EBC (x64 in the field)", recipe="x64"),
    10: Architecture("UEFI ARM 32-bit", recipe="arm32"),
    11: Architecture("UEFI ARM 64-bit", recipe="arm64"),
    12: Architecture("POWER OPAL v3"),
    13: Architecture("POWER ePAPR"),
    14: Architecture("POWER OPAL"),
    15: Architecture("UEFI x86 32-bit, HTTP", _HTTP, "ia32"),
    16: Architecture("UEFI x64, HTTP", _HTTP, "x64"),
    17: Architecture("UEFI EBC (x64), HTTP", _HTTP, "x64"),
    18: Architecture("UEFI ARM 32-bit, HTTP", _HTTP, "arm32"),
    19: Architecture("UEFI ARM 64-bit, HTTP", _HTTP, "arm64"),
    20: Architecture("x86 BIOS, HTTP", _HTTP, "bios"),
    21: Architecture("U-Boot ARM 32-bit", recipe="arm32"),
    22: Architecture("U-Boot ARM 64-bit", recipe="arm64"),
    23: Architecture("U-Boot ARM 32-bit, HTTP", _HTTP, "arm32"),
    24: Architecture("U-Boot ARM 64-bit, HTTP", _HTTP, "arm64"),
    25: Architecture("UEFI RISC-V 32-bit"),
    26: Architecture("UEFI RISC-V 32-bit, HTTP", _HTTP),
    27: Architecture("UEFI RISC-V 64-bit", recipe="riscv64"),
    28: Architecture("UEFI RISC-V 64-bit, HTTP", _HTTP, "riscv64"),
    29: Architecture("UEFI RISC-V 128-bit"),
    30: Architecture("UEFI RISC-V 128-bit, HTTP", _HTTP),
    31: Architecture("s390 basic"),
    32: Architecture("s390 extended"),
    33: Architecture("MIPS 32-bit"),
    34: Architecture("MIPS 64-bit"),
    35: Architecture("Sunway 32-bit"),
    36: Architecture("Sunway 64-bit"),
    37: Architecture("UEFI LoongArch 32-bit"),
    38: Architecture("UEFI LoongArch 32-bit, HTTP", _HTTP),
    39: Architecture("UEFI LoongArch 64-bit", recipe="loong64"),
    40: Architecture("UEFI LoongArch 64-bit, HTTP", _HTTP, "loong64"),
    41: Architecture("ARM rpiboot"),
}

FILES: Mapping[str, tuple[str, ...]] = {
    "bios": ("undionly.kpxe", "ipxe.pxe"),
    "ia32": ("snponly.efi", "ipxe.efi"),
    "x64": (
        "sb/snponly-shimx64.efi",
        "sb/ipxe-shimx64.efi",
        "snponly.efi",
        "ipxe.efi",
    ),
    "arm32": ("snponly.efi", "ipxe.efi"),
    "arm64": ("sb/snponly-shimaa64.efi", "sb/ipxe-shimaa64.efi", "snponly.efi", "ipxe.efi"),
    "riscv64": ("snponly.efi", "ipxe.efi"),
    "loong64": ("snponly.efi", "ipxe.efi"),
}
"""Recipe folder to the loaders that belong there, first choice first (G78: `snponly` drives only
the card that booted, `ipxe` takes over all of them)."""
