"""DOOR: the stranger, a process in a network namespace of its own at the end of a cable of ours.

It takes itself a fresh user and network namespace, says `here`, is given the cable and one line of
JSON (`Errand`), asks, and prints one line of JSON.  The cable goes with the namespace, and that
with the process: whatever happens to it, nothing of it stays.
"""

import asyncio
import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute

from appliance.model.outside import CLOSED, OPEN
from services.net.probes import is_neighbour
from services.outside.questions import BROADCAST, Question, questions

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG = 1
NO_DAD = 2  # linux/if_addr.h, IFA_F_NODAD
LINK = "stranger"
SILENT_SECONDS = 1.6  # the kernel asks twice within it
AT_ONCE = 300
DHCP_CLIENT = 68
HERE = "here"
RECEIVE_ERRORS = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
"""ip(7), IP_RECVERR: hear that nobody is there without being connected."""


def main() -> int:
    """Ask once; the exit code is 0 when that could be done."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        print(os.strerror(ctypes.get_errno()), flush=True)
        return 1
    print(HERE, flush=True)
    errand = json.loads(sys.stdin.readline())
    _plug_in(errand)
    asked = questions(errand["ask"], [(protocol, port) for protocol, port in errand["ours"]])
    heard = asyncio.run(_all(asked))
    arp = Path("/proc/self/net/arp").read_text()
    told = {
        "answered": is_neighbour(arp, errand["gateway"], LINK),
        "tried": len(asked),
        "heard": heard,
    }
    print(json.dumps(told), flush=True)
    return 0


def _plug_in(errand: Mapping[str, Any]) -> None:
    """Have an address of each family, and the router as the way to everything."""
    with IPRoute() as netlink:
        (index,) = netlink.link_lookup(ifname=LINK)
        netlink.link("set", index=index, state="up")
        for own, gateway in errand["ends"]:
            address, _, bits = own.partition("/")
            netlink.addr(
                "add", index=index, address=address, prefixlen=int(bits),
                **({"flags": NO_DAD} if ":" in address else {}),
            )  # fmt: skip
            netlink.route("add", dst="default", gateway=gateway, oif=index)


async def _all(asked: tuple[Question, ...]) -> list[dict[str, Any]]:
    """Whatever did not keep silent."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(question: Question) -> str:
        async with room:
            return await (_tcp if question.protocol == "tcp" else _udp)(question)

    found = await asyncio.gather(*map(one, asked))
    return [
        {"protocol": it.protocol, "address": it.address, "port": it.port, "how": how}
        for it, how in zip(asked, found, strict=True)
        if how
    ]


async def _tcp(question: Question) -> str:
    with _socket(question, socket.SOCK_STREAM) as asking:
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                await asyncio.get_running_loop().sock_connect(asking, _where(question))
        except TimeoutError:
            return ""
        except OSError:
            return CLOSED
        return OPEN


async def _udp(question: Question) -> str:
    """Anybody's answer counts: a server on every address may answer from another one of them."""
    loop = asyncio.get_running_loop()
    with _socket(question, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(*RECEIVE_ERRORS[asking.family], 1)
        try:
            if question.address == BROADCAST:
                asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                asking.bind(("", DHCP_CLIENT))
            async with asyncio.timeout(SILENT_SECONDS):
                await loop.sock_sendto(asking, question.words, _where(question))
                await loop.sock_recvfrom(asking, 4096)
        except TimeoutError:
            return ""
        except OSError:
            return CLOSED
        return OPEN


def _socket(question: Question, kind: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in question.address else socket.AF_INET
    made = socket.socket(family, kind | socket.SOCK_NONBLOCK)
    with suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, LINK.encode())
    return made


def _where(question: Question) -> tuple[Any, ...]:
    if ":" not in question.address:
        return question.address, question.port
    near = question.address.startswith(("fe80:", "ff"))
    return question.address, question.port, 0, socket.if_nametoindex(LINK) if near else 0


if __name__ == "__main__":
    sys.exit(main())
