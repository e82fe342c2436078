"""A port that leads to the internet no more: nothing of what it was told there is left."""

import sys

import pytest

from tests.live.namespaces import cable
from tests.live.six_room import SIX, Six, addresses, program, six
from tests.live.waiting import until

__all__ = ["program", "six"]

pytestmark = pytest.mark.live

ANNOUNCER = """
import socket, struct, sys, time
prefix = socket.inet_pton(socket.AF_INET6, "2001:db8:77::")
option = struct.pack("!BBBBIII16s", 3, 4, 64, 0xC0, 5400, 2700, 0, prefix)  # RFC 4861 4.6.2
said = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + option  # 4.2
with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as s:
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    while True:
        s.sendto(said, ("ff02::1", 0, 0, socket.if_nametoindex(sys.argv[1])))
        time.sleep(0.3)
"""
OTHER = {"port": "up1", "static": {"address": "192.0.2.2/24", "gateway": "192.0.2.1"}}


@pytest.fixture
def told(six: Six) -> Six:
    """A router that obeys what its provider announces, and has another port."""
    cable(six.inside, "up1", six.isp, "eth9")
    six.apply({**SIX, "wan": {**SIX["wan"], "mtu": 1400}})
    announce(six, "eth0")
    until(lambda: led_by(six, "up0"), "the provider leads out")
    return six


def announce(six: Six, link: str) -> None:
    """From now on the provider announces itself there."""

    def speaks() -> bool:
        shown = six.isp.run("ip", "-6", "addr", "show", "dev", link, "scope", "link")
        return "fe80" in shown and "tentative" not in shown

    until(speaks, "the provider may speak there")
    six.isp.start(sys.executable, "-c", ANNOUNCER, link)


def led_by(six: Six, link: str) -> bool:
    """Does the kernel send to the IPv6 internet there, or has it an address of there?"""
    routes = six.inside.run("ip", "-6", "route", "show", "default", "dev", link)
    return bool(routes.strip() or addresses(six.inside, link))


def test_when_the_internet_moves_its_port_leads_nowhere(told: Six) -> None:
    told.apply({**SIX, "wan": OTHER})
    until(lambda: not led_by(told, "up0"), "nothing leads out there any more")
    assert "mtu 1500 " in told.inside.run("ip", "link", "show", "up0")


def test_after_an_undo_the_port_that_was_tried_leads_nowhere(told: Six) -> None:
    tried = {**SIX, "wan": {**OTHER, "mtu": 1300}}
    change = told.on_trial(tried)
    told.isp.run("ip", "link", "set", "eth9", "up")
    announce(told, "eth9")
    until(lambda: led_by(told, "up1"), "the provider leads out there")
    told.wish("undo", change=change, by="lena")
    until(lambda: not led_by(told, "up1"), "nothing leads out there any more")
    assert "mtu 1500 " in told.inside.run("ip", "link", "show", "up1")
    until(lambda: led_by(told, "up0"), "the provider leads out as before")
