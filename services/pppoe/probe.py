"""The door to a session: what pppd's hook put down, its link, and the kernel's ability."""

import errno
import fcntl
import socket
from ipaddress import IPv4Address
from pathlib import Path

from appliance.model import pppoe
from appliance.model.slices import PppoeSlice
from services.pppoe.report import Report, Up, report

AF_PPPOX, PPPOE = 24, 0  # linux/socket.h; linux/if_pppox.h, PX_PROTO_OE
SIOCGIFADDR = 0x8915  # linux/sockios.h
REQUEST_BYTES = 40  # linux/if.h, struct ifreq
ADDRESS = slice(20, 24)  # of a struct ifreq that holds a sockaddr_in
BOOT = Path("/proc/sys/kernel/random/boot_id")
DEVICE = Path("/dev/ppp")
LACKS = frozenset({errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT})


def able() -> bool:
    """Can this kernel do it?  Asking makes it load what it has as a module."""
    try:
        socket.socket(AF_PPPOX, socket.SOCK_STREAM, PPPOE).close()
    except OSError as error:
        return error.errno not in LACKS
    return DEVICE.exists()


def stands(local: IPv4Address) -> bool:
    """Has the session that gave `local` its link, with that address on it?  Where the provider fell
    silent, pppd takes the address back at once and says so some seconds later."""
    asked = pppoe.LINK.encode().ljust(REQUEST_BYTES, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            found = fcntl.ioctl(any_socket, SIOCGIFADDR, asked)
        except OSError:  # no such link, or no address on it
            return False
    return found[ADDRESS] == local.packed


def newest(file: Path, one: PppoeSlice) -> Report | None:
    """The newest word about that session; one that is up still stands."""
    try:
        text = file.read_text(errors="replace")
    except OSError:
        return None
    found = report(text, boot=BOOT.read_text().strip(), session=one.name)
    return None if isinstance(found, Up) and not stands(found.local) else found
