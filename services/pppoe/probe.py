"""The door to a session: what pppd's hook put down, its link, and the kernel's ability."""

import errno
import socket
from pathlib import Path

from appliance.model import pppoe
from appliance.model.slices import PppoeSlice
from services.pppoe.pppd import session
from services.pppoe.report import Report, Up, report

AF_PPPOX, PPPOE = 24, 0  # linux/socket.h; linux/if_pppox.h, PX_PROTO_OE
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


def newest(file: Path, one: PppoeSlice) -> Report | None:
    """The newest word about that session; one that is up has its link."""
    try:
        text = file.read_text(errors="replace")
    except OSError:
        return None
    found = report(text, boot=BOOT.read_text().strip(), session=session(one))
    return None if isinstance(found, Up) and not _there() else found


def _there() -> bool:
    return pppoe.LINK in (name for _, name in socket.if_nameindex())
