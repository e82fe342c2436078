"""chrony.conf(5) from what net published, and how chronyd is started.

It asks and nobody asks it: its server binds to one device, or to every one; the networks get the
time from `serve.py`.  The names of NTP servers are asked of the upstreams in plain DNS: an upstream
with TLS would need the time that is looked for.
"""

from collections.abc import Iterator
from pathlib import Path

from appliance.model.slices import Slices
from services.processes.program import Program, Request

CONF, NAMES = "chrony.conf", "resolv.conf"
STEPS = 3
"""How many of the first answers may turn the clock at once; later ones only lead it."""


def chronyd(*, keeps_clock: bool) -> Request:
    """How chronyd runs; it turns the machine's clock only when it `keeps_clock`."""

    def request(program: Path, folder: Path, slices: Slices) -> Program | None:
        time = slices.time
        if not (time.servers and (time.serve or keeps_clock)):
            return None
        upstreams = slices.dns.settings.upstreams
        names = "".join(f"nameserver {one.address}\n" for one in upstreams)
        return Program(
            argv=(
                *(str(program), "-U", "-u", "root"),  # as who we are: no user to change to
                *(("-s",) if keeps_clock else ("-x",)),
                *("-d", "-f", str(folder / CONF)),
            ),
            files={CONF: text(folder, slices), **({NAMES: names} if names else {})},
            binds=((str(folder / NAMES), "/etc/resolv.conf"),) if names else (),
            spares=frozenset() if keeps_clock else frozenset({"sys_time"}),
            reloads=False,
        )

    return request


def text(folder: Path, slices: Slices) -> str:
    """The configuration file."""
    return "".join(f"{line}\n" for line in _lines(folder, slices))


def _lines(folder: Path, slices: Slices) -> Iterator[str]:
    for server in slices.time.servers:
        yield f"server {server} iburst"
    yield f"driftfile {folder / 'drift'}"
    yield f"pidfile {folder / 'chronyd.pid'}"
    yield f"makestep 1 {STEPS}"
    yield "bindcmdaddress 127.0.0.1"
    yield "bindcmdaddress /"
    yield "port 0"
