"""The door to the outside: the cable, the stranger at its end, and the kernel's list of sockets.

Needs CAP_NET_ADMIN, and a kernel that lets everybody have user namespaces.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from pathlib import Path
from typing import Any

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

from appliance.errors import Unreachable
from appliance.model.outside import NEAR, PLACES, STRANGERS_LINK, Heard, Seen, Socket
from appliance.roles import DAEMONS, ROLES
from services.netlink.driver import SOCK_DIAG, dump
from services.outside.owners import sockets
from services.outside.wire import BY_FAMILY, INET, INET6, WAITING, Waiting, question, waiting
from services.processes.privileges import named

LOOK_SECONDS = 30.0
NO_DAD = 2  # linux/if_addr.h, IFA_F_NODAD
SIX = ("2001:2:0:ffff::1/64", "2001:2:0:ffff::2/64")


@dataclass(frozen=True, slots=True)
class Cable:
    """The router's addresses on it, the stranger's, and whom it asks there besides."""

    ours: tuple[str, ...]
    ends: tuple[tuple[str, str], ...]  # the stranger's address, and its way to everything
    asked: tuple[str, ...]


def cable(taken: Iterable[IPv4Interface | IPv6Interface]) -> Cable:
    """Addresses for the cable beside those that are in use."""
    used = [one.network for one in taken if isinstance(one, IPv4Interface)]
    free = (one for one in PLACES if not any(one.overlaps(other) for other in used))
    place = next(free, PLACES[0])
    ours, theirs = place[1], place[2]
    (six, _), (far, bits) = (one.split("/") for one in SIX)
    return Cable(
        ours=(f"{ours}/30", SIX[0], f"{NEAR}/64"),
        ends=((f"{theirs}/30", str(ours)), (f"{far}/{bits}", six)),
        asked=(str(ours), six, str(NEAR)),
    )


async def look(netlink: AsyncIPRoute, addresses: Iterable[str]) -> Seen:
    """Ask from outside for everything at these addresses of the router, within half a minute.

    Raises Unreachable with why that cannot be done here.
    """
    own = tuple(addresses)
    there = await asyncio.to_thread(listed)
    stranger = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.outside.probe",
        env={"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            told = await _errand(netlink, stranger, own, there)
    except (TimeoutError, ValueError, OSError, NetlinkError) as error:
        why = f"{error}" or "it took too long"
        raise Unreachable(f"The stranger did not come back: {why}.") from error
    finally:
        if stranger.returncode is None:
            stranger.kill()
        await stranger.wait()
        await _unplug(netlink)
    return Seen(
        answered=bool(told["answered"]),
        tried=int(told["tried"]),
        addresses=own,
        heard=tuple(Heard(**one) for one in told["heard"]),
        sockets=there,
    )


async def _errand(
    netlink: AsyncIPRoute,
    stranger: asyncio.subprocess.Process,
    own: tuple[str, ...],
    there: Iterable[Socket],
) -> Mapping[str, Any]:
    assert stranger.stdin
    assert stranger.stdout
    said = (await stranger.stdout.readline()).decode().strip()
    if said != "here":
        raise OSError(f"this kernel gives it no network of its own ({said})")
    plan = cable(ip_interface(one) for one in own)
    await _plug_in(netlink, stranger.pid, plan)
    errand = {
        "ends": plan.ends,
        "gateway": plan.asked[0],
        "ask": [*(one.partition("/")[0] for one in own), *plan.asked],
        "ours": sorted({(one.protocol, one.port) for one in there}),
    }
    stranger.stdin.write(json.dumps(errand).encode() + b"\n")
    await stranger.stdin.drain()
    told: Mapping[str, Any] = json.loads(await stranger.stdout.readline())
    return told


async def _plug_in(netlink: AsyncIPRoute, pid: int, plan: Cable) -> None:
    await _unplug(netlink)
    peer = {"ifname": "stranger", "net_ns_pid": pid}
    await netlink.link("add", ifname=STRANGERS_LINK, kind="veth", peer=peer)
    (index,) = await netlink.link_lookup(ifname=STRANGERS_LINK)
    await netlink.link("set", index=index, state="up")
    for own in plan.ours:
        address, _, bits = own.partition("/")
        flags = {"flags": NO_DAD} if ":" in address else {}
        await netlink.addr("add", index=index, address=address, prefixlen=int(bits), **flags)


async def _unplug(netlink: AsyncIPRoute) -> None:
    for index in await netlink.link_lookup(ifname=STRANGERS_LINK):
        with suppress(NetlinkError):  # it went with its other end
            await netlink.link("del", index=index)


def listed() -> tuple[Socket, ...]:
    """Every socket of this namespace that waits for whoever comes.  Raises Unreachable."""
    links = dict(socket.if_nameindex())
    accounts, ours = Path("/etc/passwd").read_text(), (*ROLES.values(), *DAEMONS.values())
    users = {named(one.user, one.uid, accounts): one.name for one in ours}
    return tuple(
        one
        for protocol in WAITING
        for family in (INET, INET6)
        for one in sockets(protocol, _dump(family, protocol), links, users)
    )


def _dump(family: int, protocol: str) -> list[Waiting]:
    asked = question(family, protocol)
    told = dump(SOCK_DIAG, asked, BY_FAMILY, "does not list its sockets")
    return [found for body in told if (found := waiting(body))]
