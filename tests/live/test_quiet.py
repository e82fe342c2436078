"""A router at rest reports nothing of its own making as held back, and its owner no chatter."""

import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.live.namespaces import Namespace
from tests.live.net_room import Router
from tests.live.six_room import SIX, Six, addresses, six
from tests.live.waiting import until
from tests.live.wan_room import BY_DHCP, Provided, program, provided

__all__ = ["program", "provided", "six"]

pytestmark = pytest.mark.live

SAY = """
import socket, sys
address, port, source = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as said:
    said.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    said.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    said.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    said.bind(("", source))
    said.sendto(b"hello", (address, port))
"""
LISTEN = """
import pathlib, socket, sys
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.bind(("", 68))
pathlib.Path(sys.argv[1], "listens").touch()
pathlib.Path(sys.argv[1], "heard").write_bytes(heard.recv(9))
"""
CHATTER = (
    ("255.255.255.255", 67),  # another customer looks for a DHCP server
    ("255.255.255.255", 17_500),
    ("224.0.0.251", 5_353),  # mDNS
    ("239.255.255.250", 1_900),  # SSDP
    ("ff02::fb", 5_353),
    ("ff02::1:3", 5_355),  # LLMNR
    ("ff02::1:2", 547),  # looks for a DHCPv6 server
)
QUIET_SECONDS = 10
MARK = 9_999
"""A port at which nobody is: what is sent there is told."""


def say(where: Namespace, address: str, port: int, source: int = 0) -> None:
    where.python(SAY, address, str(port), str(source))


def has_address(where: Namespace) -> bool:
    """Has its link an IPv6 address that nobody else claimed?"""
    return bool(
        where.run("ip", "-6", "address", "show", "dev", "eth0", "scope", "link", "-tentative")
    )


def told(router: Router) -> list[tuple[str, str, int | None]]:
    """What is held back up to now; the newest is our own mark."""
    return [(one.arrived, one.destination, one.port) for one in router.held_back()]


def marked(one: Provided, where: Namespace, address: str) -> list[tuple[str, str, int | None]]:
    say(where, address, MARK)
    until(lambda: (address, MARK) in [row[1:] for row in told(one.router)], "the mark is told")
    return told(one.router)


def test_the_providers_answers_are_nothing_held_back(provided: Provided) -> None:
    provided.router.apply(BY_DHCP)
    provided.behaves(seconds=8, renew=2, rebind=6)
    provided.provide()
    provided.has("203.0.113.5/24")
    until(lambda: "REQUEST unicast " in "\n".join(provided.said()), "the lease is renewed")
    assert marked(provided, provided.isp, "203.0.113.5") == [("up0", "203.0.113.5", MARK)]


def test_what_is_said_to_everybody_is_not_told(provided: Provided) -> None:
    provided.router.apply(BY_DHCP)
    provided.provide()
    provided.has("203.0.113.5/24")
    for where in (provided.router.lan, provided.isp):
        until(partial(has_address, where), "its IPv6 address may be used")
        for address, port in CHATTER:
            say(where, address, port)
    assert marked(provided, provided.isp, "203.0.113.5") == [("up0", "203.0.113.5", MARK)]
    assert marked(provided, provided.router.lan, "10.77.0.1")[0] == ("br-lan", "10.77.0.1", MARK)
    assert len(told(provided.router)) == 2


def test_what_is_held_back_untold_stays_outside(provided: Provided, tmp_path: Path) -> None:
    provided.router.apply(BY_DHCP)
    provided.provide()
    provided.has("203.0.113.5/24")
    provided.router.inside.start(sys.executable, "-c", LISTEN, str(tmp_path))
    until((tmp_path / "listens").exists, "somebody listens")
    assert provided.server
    provided.server.kill()
    before = provided.router.dropped("wan-input-dropped")
    say(provided.isp, "203.0.113.5", 68, source=67)
    until(lambda: provided.router.dropped("wan-input-dropped") > before, "it is dropped")
    assert not (tmp_path / "heard").exists()


def test_ipv6_that_comes_up_reports_nothing(six: Six) -> None:
    """Router advertisements, a delegated prefix, a client that gives itself addresses."""
    six.delegate("2001:db8:42::/56")
    six.apply(SIX)
    until(lambda: "2001:db8:42::/56" in six.wholes(), "it is delegated")
    six.announce()

    def whole() -> bool:
        there = [one for one, old in addresses(six.lan, "eth0") if not old]
        return any(one.startswith("2001:db8:42:0:") for one in there)

    until(whole, "the client has a delegated address")
    until(lambda: six.lan.reaches("2001:db8:ffff::1"), "it reaches the provider")
    time.sleep(QUIET_SECONDS)
    assert six.held_back() == []
    say(six.lan, "fd12:3456:789a::1", MARK)
    until(six.held_back, "somebody listens at all")
