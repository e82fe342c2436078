"""The catalogue: everything a boot can fall short of, by the id that is stored.

`heading` is the cause, `way_out` what to do about it, `page` where in the admin that is done ("" is
elsewhere).  Which of them fits a boot is said by the rules in `diagnosis`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.events import Unanswered


@dataclass(frozen=True, slots=True)
class Cause:
    """One way to fall short."""

    heading: str
    way_out: str
    page: str = ""  # "machines", "sources", "builds"


CAUSES: Mapping[str, Cause] = {
    # ── DHCP ─────────────────────────────────────────────────────────────────────────────────────
    "pool-empty": Cause(
        "No address was free for the machine.",
        "Make the pool of its network larger, or its leases shorter.",
    ),
    "foreign-server": Cause(
        "Another DHCP server answers here, so Nixie keeps silent.",
        "Switch the other server off: Nixie answers again by itself three minutes later.",
    ),
    "foreign-dhcp-won": Cause(
        "The machine took the address of another DHCP server.",
        "Switch the other server off, or take the machine to a network where only Nixie answers.",
    ),
    "foreign-proxy": Cause(
        "Another boot server answers the machines on this network.",
        "Switch the other server off: firmware may prefer its answer to Nixie's.",
    ),
    "binl-opt60-without-43": Cause(
        "Another DHCP server calls itself a boot server and never says more.",
        "Take option 60 out of its settings: UEFI waits for it on port 4011, then gives up.",
    ),
    "listening": Cause(
        "Nixie was still listening for other DHCP servers.",
        "Let the machine ask again: it is answered once nobody else was heard for six seconds.",
    ),
    "deaf": Cause(
        "Nixie cannot hear whether other DHCP servers answer here, so it keeps silent.",
        "Look at the router's ports of this network; the overview says what is wrong with them.",
    ),
    "address-refused": Cause(
        "The machine asked for an address that it may not have.",
        "It asks anew by itself. Look at the reservations when it does not.",
    ),
    "offer-ignored": Cause(
        "The machine asked, and took none of Nixie's offers.",
        "Look at the switch: DHCP snooping, a firewall, or spanning tree without PortFast.",
    ),
    "unanswered": Cause(
        "The machine asked, and was not answered.",
        "What was seen says why; the machine asks again when it is switched on the next time.",
    ),
    # ── the loader ───────────────────────────────────────────────────────────────────────────────
    "unknown-arch": Cause(
        "There is no loader for this kind of machine.",
        "Let it boot from its own disk: iPXE does not run on it.",
    ),
    "loader-missing": Cause(
        "The loader for this kind of machine is not installed.",
        "Run the set-up again. No package has one for 32-bit UEFI: build iPXE's"
        " bin-i386-efi/ipxe.efi (for ARM bin-arm32-efi), put it into the loaders folder below own,"
        " and start Nixie again.",
    ),
    "ladder-exhausted": Cause(
        "Every loader was sent to the machine, and none came up.",
        "For five minutes it gets none and may boot its own disk. Switch Secure Boot off, or let it"
        " boot in the other firmware mode.",
    ),
    "e18-no-tftp": Cause(
        "The machine got an address, but never fetched its loader.",
        "A firewall between here and there, or another DHCP server's next-server, is in the way.",
    ),
    "httpboot-no-connect": Cause(
        "The machine was told a URL, and never connected.",
        "Its firmware may allow HTTPS only: let it boot by PXE, or allow plain HTTP in its set-up.",
    ),
    "rpi-no-menu": Cause(
        "The Raspberry Pi was answered, and fetched nothing.",
        "Switch other DHCP servers off: it may have heard one that says nothing of a boot menu.",
    ),
    "rpi-no-firmware": Cause(
        "The Raspberry Pi asked for its own firmware files.",
        "Put UEFI firmware for it on its SD card: then it asks as an ARM machine, and boots.",
    ),
    "tftp-not-found": Cause(
        "The machine asked for a file that is not there.",
        "Let Nixie answer its DHCP, without a file name set anywhere else.",
    ),
    "tftp-suffix-ff": Cause(
        "The machine asked for a name with a stray byte at its end.",
        "Another DHCP server gave it that name without an end: take the file name out there.",
    ),
    "tftp-probe": Cause(
        "The machine asked how large its loader is, and never fetched it.",
        "Switch it off and on. If that is all it ever does, update its firmware, or let it boot in"
        " the other firmware mode.",
    ),
    "tftp-stalled": Cause(
        "Packets of the loader get lost on the way.",
        "Look at the cable and the MTU between here and there; smaller blocks may pass.",
    ),
    "loader-aborted": Cause(
        "The machine broke off the loader.",
        "Switch it off and on. If it stays so, its firmware has no room for this loader: update it,"
        " or let it boot in the other firmware mode.",
    ),
    "ipxe-loop": Cause(
        "The loader is loaded again and again.",
        "The card holds an old iPXE. Update it, or set network boot to the other firmware mode.",
    ),
    "nbp-refused-secureboot": Cause(
        "The firmware took the loader, and refused to start it.",
        "Switch Secure Boot off in the firmware: Nixie's loaders are not signed.",
    ),
    "wrong-cpu-nbp": Cause(
        "The loader does not fit the mode this machine's firmware runs in.",
        "Let it boot in BIOS mode, if its firmware has one: it calls itself a 32-bit UEFI machine.",
    ),
    "loader-refused": Cause(
        "The loader was sent, but did not start.",
        "Let the machine boot in the other firmware mode, UEFI instead of BIOS.",
    ),
    "nbp-hang": Cause(
        "The loader was sent, and nothing was heard after it.",
        "Look at its screen: it hangs, or its firmware went on to the disk. Switch Secure Boot off,"
        " or let it boot in the other firmware mode.",
    ),
    "uboot-without-pxe": Cause(
        "U-Boot took the router's script, and asked for nothing after it.",
        "Look at its console. Its commands must include pxe, setexpr and sleep: build U-Boot with"
        " CONFIG_CMD_PXE, or give the board UEFI firmware.",
    ),
    "autoexec-missing": Cause(
        "The loader ran, but never asked for its script.",
        "Nixie answers its DHCP with the script too; another DHCP server may be in between.",
    ),
    "script-not-fetched": Cause(
        "The loader ran, but could not fetch its script.",
        "A firewall may let TFTP pass and HTTP not; the machine's screen shows the error.",
    ),
    # ── what to boot ─────────────────────────────────────────────────────────────────────────────
    "not-assigned": Cause(
        "Nobody has said yet what this machine shall boot.",
        "Give it a host; it starts within five seconds.",
        "machines",
    ),
    "wrong-system": Cause(
        "The image is made for another kind of processor.",
        "Assign a host that is built for this machine.",
        "machines",
    ),
    "artifact-pruned": Cause(
        "The image was collected before the machine fetched it.",
        "Build it again; what a machine is fetching is kept from now on.",
        "sources",
    ),
    "build-waiting": Cause(
        "The image is still being built.",
        "The machine asks again by itself and starts as soon as the image is there.",
        "builds",
    ),
    "build-failed": Cause(
        "The image could not be built.",
        "The build's page says where it stopped. The machine starts once a build succeeds.",
        "builds",
    ),
    "all-bad": Cause(
        "Every generation of its host is bad.",
        "Build a mended one, or put one on trial again: the machine asks by itself.",
        "sources",
    ),
    "install-unsure": Cause(
        "It was sent an installation and came back without a word.",
        "See what is on its disk. Then let it boot that, or ask for the installation again.",
        "machines",
    ),
    "nothing-to-boot": Cause(
        "There was nothing to boot for this machine.",
        "Give it something else.",
        "machines",
    ),
    "local-exit-failed": Cause(
        "The machine was sent to its own disk, and came back.",
        "Look whether its disk has a system, and put the disk first in the firmware's boot order.",
        "machines",
    ),
    # ── the image ────────────────────────────────────────────────────────────────────────────────
    "parts-not-fetched": Cause(
        "The machine got its script, and fetched nothing of the image.",
        "Look at its screen; perhaps it was switched off. Switching it on tries again.",
    ),
    "script-failed": Cause(
        "The loader could not carry out its script.",
        "The machine asks again by itself. The number leads to a page at ipxe.org/err.",
    ),
    "kernel-signature-refused": Cause(
        "Secure Boot refused the kernel, which is not signed.",
        "Switch Secure Boot off in the machine's firmware.",
    ),
    "download-aborted": Cause(
        "The machine broke off a download.",
        "Look at its memory and its cable; a large image needs more memory than its size.",
    ),
    "download-slow": Cause(
        "The image crawls to the machine.",
        "Look at the cable and the switch: a link at 10 Mbit/s or half duplex is this slow.",
    ),
    "kernel-no-sign-of-life": Cause(
        "The kernel was started, then fell silent.",
        "Look at its screen. The image may lack the driver of this network card, or of the screen.",
    ),
    "unit-not-active": Cause(
        "It came up, but a unit that it needs is not active.",
        "Read its last lines and mend the host. Twice so on one machine, and the generation before "
        "is served.",
    ),
    # ── its first stage ──────────────────────────────────────────────────────────────────────────
    "store-not-fetched": Cause(
        "Its first stage runs, and cannot reach the network.",
        "Look at its screen. If its ramdisk lacks the network card's driver, add it to the host's "
        "boot.initrd.availableKernelModules.",
    ),
    "store-wrong-hash": Cause(
        "The store that arrived is not the one of the image, so its first stage refused it.",
        "This router's disk gives other bytes than were written: look at the disk, and check the "
        "store with nix-store --verify --check-contents --repair.",
    ),
    "ram-too-small": Cause(
        "The machine has too little memory for the image.",
        "Give the machine more memory, or make the host smaller.",
    ),
    "store-failed": Cause(
        "Its first stage could not get the store.",
        "Its screen says more. Switching it off and on tries again.",
    ),
    "fell-silent": Cause(
        "The machine fell silent on the way.",
        "Look at its screen; perhaps it was switched off. Switching it on tries again.",
    ),
}

UNANSWERED: Mapping[str, str] = {
    Unanswered.POOL_EMPTY: "pool-empty",
    Unanswered.FOREIGN_SERVER: "foreign-server",
    Unanswered.LISTENING: "listening",
    Unanswered.DEAF: "deaf",
    Unanswered.OTHER_SERVER_CHOSEN: "foreign-dhcp-won",
    Unanswered.NOT_OURS: "foreign-dhcp-won",
    Unanswered.ADDRESS_REFUSED: "address-refused",
    Unanswered.UNKNOWN_ARCH: "unknown-arch",
    Unanswered.LOADER_MISSING: "loader-missing",
    Unanswered.LADDER_EXHAUSTED: "ladder-exhausted",
}
"""Why DHCP gave nothing to boot; for other reasons its own sentence has to do."""

PAGES: Mapping[str, str] = {
    "waiting": "build-waiting",
    "build-failed": "build-failed",
    "pruned": "artifact-pruned",
    "wrong-system": "wrong-system",
    "all-bad": "all-bad",
    "install-unsure": "install-unsure",
}
"""Why a script was only a page."""
