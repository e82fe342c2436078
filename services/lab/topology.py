"""The lab's network: three namespaces, two cables.

    <prefix>-isp                <prefix>-router               <prefix>-lan
    isp0 203.0.113.1/24 ══════ wan0      lan0 ══════ port0 ─ switch ─ tap0, tap1 … (QEMU)
    DHCP and DNS of the ISP     net, wan, dhcp, dns, boot, web

What is inside the router's namespace beyond the two bare links is the roles' business: `net` makes
the bridge over `lan0` and gives it its address, and `wan` asks the ISP for one, as on a real
machine.  Everything here is names and
argument lists; the door carries them out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface

from appliance.errors import Problem, Refused

LAN_PORT = "lan0"  # in the router's namespace: what the LAN's bridge has as its port
WAN_LINK = "wan0"  # in the router's namespace: the cable to the ISP
ISP_LINK = "isp0"
SWITCH_PORT = "port0"
SWITCH = "switch"

# Documentation addresses, RFC 5737: nothing real is ever behind them.
ISP_ADDRESS = IPv4Interface("203.0.113.1/24")
ISP_POOL = ("203.0.113.100", "203.0.113.199")
ISP_NAME = "isp.test"  # a name that only the ISP's server knows

Command = tuple[str, ...]  # arguments of ip(8)


@dataclass(frozen=True, slots=True)
class Names:
    """What one lab's namespaces are called; two labs with different prefixes never meet.

    Raises Refused.
    """

    prefix: str = "nxlab"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"nx[a-z0-9-]{0,20}", self.prefix):
            what = f"{self.prefix!r} is not a prefix for a lab: nx and up to 20 letters or digits."
            raise Refused(Problem(("prefix",), what))

    @property
    def router(self) -> str:
        return f"{self.prefix}-router"

    @property
    def isp(self) -> str:
        return f"{self.prefix}-isp"

    @property
    def lan(self) -> str:
        return f"{self.prefix}-lan"

    @property
    def all(self) -> tuple[str, ...]:
        return (self.router, self.isp, self.lan)


def raised(names: Names) -> tuple[Command, ...]:
    """The commands that make the namespaces and cables, in order."""
    return (
        *(("netns", "add", space) for space in names.all),
        *(_in(space, "link", "set", "lo", "up") for space in names.all),
        _cable(names.router, LAN_PORT, names.lan, SWITCH_PORT),
        _cable(names.router, WAN_LINK, names.isp, ISP_LINK),
        _in(names.lan, "link", "add", SWITCH, "type", "bridge"),
        _in(names.lan, "link", "set", SWITCH_PORT, "master", SWITCH),
        *(_silent(names, link) for link in (SWITCH_PORT, SWITCH)),
        *(_in(names.lan, "link", "set", link, "up") for link in (SWITCH_PORT, SWITCH)),
        *(_in(names.router, "link", "set", link, "up") for link in (LAN_PORT, WAN_LINK)),
        _in(names.isp, "link", "set", ISP_LINK, "up"),
        _in(names.isp, "address", "add", str(ISP_ADDRESS), "dev", ISP_LINK),
    )


def removed(names: Names, present: Sequence[str]) -> tuple[Command, ...]:
    """The commands that take away what `present` (namespace names) has of this lab."""
    return tuple(("netns", "delete", space) for space in names.all if space in present)


def tap_name(number: int) -> str:
    """What the switch's port for machine `number` is called."""
    return f"tap{number}"


def plugged(names: Names, tap: str) -> tuple[Command, ...]:
    """The commands that make one more port of the switch."""
    return (
        _in(names.lan, "tuntap", "add", tap, "mode", "tap"),
        _in(names.lan, "link", "set", tap, "master", SWITCH),
        _silent(names, tap),
        _in(names.lan, "link", "set", tap, "up"),
    )


def unplugged(names: Names, tap: str) -> tuple[Command, ...]:
    return (_in(names.lan, "link", "delete", tap),)


def inside(space: str, command: Sequence[str]) -> tuple[str, ...]:
    """`command`, run in a namespace, and killed when the process that started it is gone."""
    return ("ip", "netns", "exec", space, "setpriv", "--pdeathsig", "KILL", "--", *command)


def isp_server(program: str, leases: str) -> tuple[str, ...]:
    """dnsmasq as the ISP: addresses for the router, and DNS that knows one name."""
    return (
        program,
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--user=root",
        "--pid-file=",
        "--log-facility=-",
        "--no-resolv",
        "--no-hosts",
        f"--interface={ISP_LINK}",
        "--bind-interfaces",
        f"--dhcp-range={ISP_POOL[0]},{ISP_POOL[1]},5m",
        f"--dhcp-option=option:router,{ISP_ADDRESS.ip}",
        f"--dhcp-leasefile={leases}",
        "--dhcp-authoritative",
        "--no-ping",  # before each offer, for three seconds
        f"--address=/{ISP_NAME}/{ISP_ADDRESS.ip}",
    )


def _in(space: str, *command: str) -> Command:
    return ("-n", space, *command)


def _silent(names: Names, link: str) -> Command:
    """A switch has no address of its own: by one it would be a device of the LAN."""
    return _in(names.lan, "link", "set", link, "addrgenmode", "none")


def _cable(here: str, link: str, there: str, peer: str) -> Command:
    return (
        "link",
        "add",
        link,
        "netns",
        here,
        "type",
        "veth",
        "peer",
        "name",
        peer,
        "netns",
        there,
    )
