"""What a firmware is told: file, server and the vendor options that make it believe us.

The reply matrix for the case that we are the DHCP server.  UEFI classifies offers by options 60 and
43 together (G13), so PXE firmware always gets both; iPXE never gets a PXE menu (G17); ordinary
clients get nothing at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Final

from appliance.events import Unanswered
from services.netboot.architecture import ARCHITECTURES
from services.netboot.firmware import Class, Firmware

BOOT_FILE_NOW: Final = bytes.fromhex("060108ff")
"""Option 43, sub-option 6 = 8: no discovery, use the boot file of this reply (G15)."""

RASPBERRY_PI_MENU: Final = (
    bytes((6, 1, 3))
    + bytes((10, 4, 0))
    + b"PXE"
    + bytes((9, 20, 0, 0, 17))
    + b"Raspberry Pi Boot"
    + bytes((255,))
)
"""The one menu ever sent: a Pi's boot ROM looks for this very text (G98)."""

U_BOOT_SCRIPT: Final = "boot.scr.uimg"
"""What U-Boot asks for unless it is told another name: so it finds the file either way."""

NO_PROXY_WAIT: Final = bytes.fromhex("b00101")  # iPXE: do not wait for proxy offers (G27)
PRIORITY: Final = bytes.fromhex("010132")  # iPXE: 50, above any offer that names none (G28)


@dataclass(frozen=True, slots=True)
class Loaders:
    """What is installed: recipe folder ("x64") to file names, best first.

    Found by this room's probe.  The order is the ladder that a machine climbs when a loader does
    not come up; loaders that bring `autoexec.ipxe` stand before those that do not.
    """

    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def rung(self, recipe: str, number: int) -> str | None:
        """The path below the boot root for try `number` (0 is the first), None past the end."""
        names = self.files.get(recipe, ())
        return f"{recipe}/{names[number]}" if number < len(names) else None


@dataclass(frozen=True, slots=True)
class Recipe:
    """Boot fields of one reply.  Empty bytes mean: leave this option out."""

    file: bytes = b""  # header and option 67
    vendor_class: bytes = b""  # option 60
    vendor_options: bytes = b""  # option 43
    ipxe_options: bytes = b""  # option 175
    for_firmware: bool = True  # option 67 ends with NUL (G19)
    needs_dns: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """No boot fields for this one; the sentence and the reason are for the boot's record."""

    why: str
    reason: Unanswered


def recipe(
    asking: Firmware, loaders: Loaders, server: IPv4Address, mac: str, rung: int | None = 0
) -> Recipe | Nothing:
    """Choose the boot fields for `asking`, whose MAC is `mac` ("52:54:00:…").

    `rung` counts loaders that already failed to come up; None means that all of them did.
    """
    if asking.kind is Class.SCRIPT:
        url = f"http://{server}/s/{mac.replace(':', '-')}"
        options = NO_PROXY_WAIT + PRIORITY
        return Recipe(url.encode(), ipxe_options=options, for_firmware=False)
    if asking.kind is Class.RASPBERRY_PI:
        return Recipe(vendor_class=b"PXEClient", vendor_options=RASPBERRY_PI_MENU)
    if asking.kind is Class.U_BOOT:
        return _for_u_boot(asking)
    if asking.kind is Class.ORDINARY:
        return Nothing("it did not ask to boot", Unanswered.NOT_BOOTING)
    if asking.recipe is None:
        why = f"there is no loader for this architecture ({_called(asking)})"
        return Nothing(why, Unanswered.UNKNOWN_ARCH)
    if rung is None:
        why = "every loader was handed out and none came up; it may boot its own disk"
        return Nothing(why, Unanswered.LADDER_EXHAUSTED)
    path = loaders.rung(asking.recipe, rung)
    if path is None:
        why = f"no loader for this architecture ({_called(asking)}) is installed"
        return Nothing(why, Unanswered.LOADER_MISSING)
    return _loader(asking, path, server)


def _for_u_boot(asking: Firmware) -> Recipe | Nothing:
    """A script of its own kind, in no folder: what it asks for next is beside that file (G101)."""
    if asking.recipe is None:
        why = f"there is nothing for U-Boot of this architecture ({_called(asking)})"
        return Nothing(why, Unanswered.UNKNOWN_ARCH)
    return Recipe(U_BOOT_SCRIPT.encode())


def _loader(asking: Firmware, path: str, server: IPv4Address) -> Recipe:
    if asking.kind is Class.HTTP:
        url = f"http://{server}/n/{path}"
        return Recipe(url.encode(), vendor_class=b"HTTPClient", needs_dns=True)
    if asking.kind is Class.CHAIN:
        url = f"tftp://{server}/{path}"
        return Recipe(url.encode(), ipxe_options=NO_PROXY_WAIT, for_firmware=False)
    return Recipe(path.encode(), vendor_class=asking.word, vendor_options=BOOT_FILE_NOW)


def _called(asking: Firmware) -> str:
    known = ARCHITECTURES.get(asking.arch) if asking.arch is not None else None
    return known.name if known else f"code {asking.arch}"
