"""A router of one network for the tests of this room, and the captured packets."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from appliance.model.slices import DhcpNetwork, FixedAddress
from services.dhcp.answer import answer
from services.dhcp.lan import Lan
from services.dhcp.reply import Reply, Silence
from services.dhcp.wire import Message, decode, encode
from services.netboot.recipe import Loaders

CAPTURES = Path(__file__).parents[2] / "captures" / "dhcp"
MAC = bytes.fromhex("525400123456")
LOADERS = Loaders(
    {
        "bios": ("undionly.kpxe", "ipxe.pxe"),
        "x64": ("snponly.efi", "ipxe.efi"),
        "ia32": ("snponly.efi",),
        "arm64": ("snponly.efi",),
    }
)
LAN = DhcpNetwork(
    name="lan",
    link="br-lan",
    address=IPv4Interface("10.77.0.1/24"),
    first=IPv4Address("10.77.0.100"),
    last=IPv4Address("10.77.0.199"),
    lease_seconds=3600,
    domain="lan",
    netboot=True,
)


def capture(name: str) -> bytes:
    """The packet in captures/dhcp/NAME.hex; its first line is a comment."""
    lines = (CAPTURES / f"{name}.hex").read_text().splitlines()
    return bytes.fromhex("".join(lines[1:]))


def address(value: int) -> str:
    return str(IPv4Address(value))


def number(text: str) -> int:
    return int(IPv4Address(text))


def says(
    kind: int,
    *,
    mac: bytes = MAC,
    wanted: str = "",
    server: str = "",
    ciaddr: str = "0.0.0.0",
    giaddr: str = "0.0.0.0",
    flags: int = 0,
    xid: int = 1,
    **options: bytes,
) -> bytes:
    """A client's message; `options` are named o12, o61 …"""
    said = [(53, bytes((kind,)))]
    if wanted:
        said.append((50, IPv4Address(wanted).packed))
    if server:
        said.append((54, IPv4Address(server).packed))
    said += [(int(name[1:]), value) for name, value in options.items()]
    return encode(
        op=1,
        xid=xid,
        chaddr=mac,
        flags=flags,
        ciaddr=number(ciaddr),
        giaddr=number(giaddr),
        options=said,
    )


class Router:
    """One network and a clock that stands still until a test moves it."""

    def __init__(self, network: DhcpNetwork = LAN, loaders: Loaders = LOADERS) -> None:
        self.lan = Lan(network, loaders)
        self.now = 1_700_000_000.0
        self.events: list[object] = []

    def asked(self, datagram: bytes) -> Reply | Silence:
        """The core's own answer."""
        reply = answer(decode(datagram), self.lan, self.now)
        self.events += reply.events
        return reply

    def reply(self, datagram: bytes) -> Message:
        """The answer as its receiver reads it."""
        reply = self.asked(datagram)
        assert isinstance(reply, Reply), reply.why
        return decode(reply.data)

    def silence(self, datagram: bytes) -> str:
        """Why there was no answer."""
        reply = self.asked(datagram)
        assert isinstance(reply, Silence)
        return reply.why

    def lease(self, *, mac: bytes = MAC, **options: Any) -> str:
        """Go through DISCOVER and REQUEST; the address."""
        offered = address(self.reply(says(1, mac=mac, **options)).yiaddr)
        ack = self.reply(says(3, mac=mac, wanted=offered, server="10.77.0.1", **options))
        assert ack.kind == 5
        return address(ack.yiaddr)


def with_reservation(mac: bytes, to: str, name: str | None = None) -> DhcpNetwork:
    fixed = FixedAddress(mac.hex(":"), IPv4Address(to), name)
    return replace(LAN, reservations=(fixed,))
