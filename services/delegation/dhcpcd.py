"""dhcpcd.conf(5) from what net published, and how dhcpcd is started.

It looks for its lease and its lock in places that are built in, so its own folder stands there, in
a view of the file tree that only it has.  It gets raw sockets and port 546, and may change no
address and no route.
"""

from pathlib import Path

from appliance.model.slices import Slices
from services.processes.program import Program

CONF, REPORT = "dhcpcd.conf", "report"
FOLDERS = ("dhcpcd", "run")
"""Below its own folder: /var/lib/dhcpcd and /run as dhcpcd sees them."""
HOME = Path("/var/lib")
HOOK = Path(__file__).with_name("report.sh")
HINT_BITS = 56
"""How much is asked for; the provider decides (RIPE-690 §4.2)."""


def dhcpcd(program: Path, folder: Path, slices: Slices) -> Program | None:
    """How dhcpcd runs; None when no network needs a prefix."""
    link = slices.ipv6.ask_on
    if link is None:
        return None
    return Program(
        argv=(str(program), "--nobackground", "--config", str(HOME / CONF), link),
        files={CONF: text(link)},
        binds=((str(folder / "run"), "/run"), (str(folder), str(HOME))),
    )


def text(link: str) -> str:
    """The configuration file."""
    return (
        "duid ll\n"
        "ipv6only\n"
        "noipv6rs\n"
        "noconfigure\n"
        f"script {HOOK}\n"
        f"interface {link}\n"
        f"  ia_pd 1/::/{HINT_BITS}\n"
    )
