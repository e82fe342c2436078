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


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of machine: which loaders come up on it, and what it can run.

    `loaders` are the names its loaders are served by, best first: `snponly` drives only the card
    that booted, by the firmware's own driver; `ipxe` takes over all of them with its own (G78).
    """

    words: str  # for people
    loaders: tuple[str, ...]
    systems: frozenset[str]  # Nix's names; of x86 a 64-bit one if the processor is (see `script`)
    program: int | None = None  # the machine field of its programs' PE header; BIOS has none
    package: str = ""  # the folder of iPXE's own build when no distribution's package has it


_EFI = ("snponly.efi", "ipxe.efi")
_X86 = frozenset({"x86_64-linux", "i686-linux"})

KINDS: Mapping[str, Kind] = {
    "bios": Kind("BIOS", ("undionly.kpxe", "ipxe.pxe"), _X86),
    "x64": Kind("64-bit UEFI", _EFI, frozenset({"x86_64-linux"}), 0x8664),
    "ia32": Kind("32-bit UEFI", _EFI, _X86, 0x014C, "bin-i386-efi"),
    "arm64": Kind("64-bit ARM UEFI", _EFI, frozenset({"aarch64-linux"}), 0xAA64),
    "arm32": Kind(
        "32-bit ARM UEFI",
        _EFI,
        frozenset({"armv7l-linux", "armv6l-linux"}),
        0x01C2,
        "bin-arm32-efi",
    ),
    "riscv64": Kind("64-bit RISC-V UEFI", _EFI, frozenset({"riscv64-linux"}), 0x5064),
    "loong64": Kind("64-bit LoongArch UEFI", _EFI, frozenset({"loongarch64-linux"}), 0x6264),
}
"""By recipe folder, in which the loaders are served."""

BUILD_KINDS: Mapping[str, str] = {
    "i386": "ia32",
    "x86_64": "x64",
    "arm64": "arm64",
    "arm32": "arm32",
    "riscv64": "riscv64",
    "loong64": "loong64",
}
"""iPXE's ${buildarch} to the kind; a build for BIOS says i386 too, and runs the same systems."""


def kind_of(build: str, code: int | None) -> Kind | None:
    """The kind of a machine whose iPXE says `build`, or whose firmware said option 93 `code`.

    iPXE names its own build, not the processor (G4): i386 runs on 64-bit processors as well.

    >>> kind_of("arm64", None).words, kind_of("", 7).words, kind_of("", None)
    ('64-bit ARM UEFI', '64-bit UEFI', None)
    """
    known = ARCHITECTURES.get(code) if code is not None else None
    recipe = BUILD_KINDS.get(build) or (known.recipe if known else None)
    return KINDS.get(recipe) if recipe else None
