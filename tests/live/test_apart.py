"""What bridges hold back, on a real kernel: newcomers apart from others; and that it is told."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from appliance.model.newcomers import QUARANTINE
from appliance.store.drops import Drop
from appliance.store.recall.open import recall
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.net_room import CONFIG, NETWORK, Router, program, router
from tests.live.waiting import until

__all__ = ["program", "router"]

pytestmark = pytest.mark.live

OLD, NEW = "02:00:00:00:00:07", "02:00:00:00:00:08"
HOLDS: dict[str, Any] = {**NETWORK, "ports": ["p1", "p2"], "newcomers": QUARANTINE}
ASK = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
    asking.sendto(b"hello", (sys.argv[1], 53))
"""


@dataclass(frozen=True)
class Home:
    """A LAN that holds newcomers back: one device that was there, one that came later."""

    router: Router
    new: Namespace

    @property
    def old(self) -> Namespace:
        return self.router.lan

    def let_in(self, mac: str) -> None:
        with closing(self.router.web()) as connection:
            said = "INSERT OR REPLACE INTO device (mac, name, block, let_in) VALUES (?, '', '', 1)"
            connection.execute(said, (mac,))

    def meet(self) -> bool:
        """Do the two reach each other, both ways?"""
        return self.new.pings("10.77.0.50") and self.old.pings("10.77.0.60")

    def finds_the_router(self) -> bool:
        """Does the newcomer learn the router's MAC?"""
        self.new.python(ASK, "10.77.0.1")
        return "lladdr" in self.new.run("ip", "neigh", "show", "10.77.0.1")


@pytest.fixture
def home(router: Router) -> Iterator[Home]:
    with namespaces("new") as (new,):
        cable(router.inside, "p2", new, "eth0")
        router.lan.run("ip", "link", "set", "eth0", "address", OLD)
        router.serve_lan()
        until(lambda: OLD in router.devices(), "the device is seen")
        router.apply({**CONFIG, "networks": [HOLDS]})
        new.run("ip", "link", "set", "eth0", "address", NEW)
        new.run("ip", "link", "set", "eth0", "up")
        new.run("ip", "addr", "add", "10.77.0.60/24", "dev", "eth0")
        made = Home(router, new)
        until(made.finds_the_router, "its cable is plugged in")
        yield made


def test_a_newcomer_reaches_nobody_of_its_own_network(home: Home) -> None:
    assert not home.new.pings("10.77.0.50")
    assert not home.old.pings("10.77.0.60")


def test_a_newcomer_that_is_let_in_reaches_everybody_at_once(home: Home) -> None:
    assert not home.new.pings("10.77.0.50")
    home.let_in(NEW)
    until(home.meet, "they meet")


def test_a_newcomer_stays_apart_while_the_role_is_away(home: Home) -> None:
    home.router.kill()
    assert not home.new.pings("10.77.0.50")
    home.router.start()
    until(lambda: recall(home.router.state, "net", {}) is not None, "the role is back")
    assert not home.new.pings("10.77.0.50")


def test_what_a_newcomer_says_to_another_device_is_told(home: Home) -> None:
    home.new.run("ip", "neigh", "add", "10.77.0.50", "lladdr", OLD, "dev", "eth0")
    home.new.python(ASK, "10.77.0.50")

    def told() -> Drop | None:
        held = home.router.held_back()
        return next((one for one in held if (one.mac, one.port) == (NEW, 53)), None)

    one = until(told, "it is told")
    assert (one.by, one.destination) == ("newcomers-lan", "10.77.0.50")
    assert (one.arrived, one.leaves) == ("br-lan", "br-lan")


def test_a_network_that_lets_newcomers_in_keeps_nobody_apart(home: Home) -> None:
    home.router.apply({**CONFIG, "networks": [{**HOLDS, "newcomers": "tell"}]})
    until(home.meet, "they meet")


def test_what_a_blocked_device_says_is_told(home: Home) -> None:
    home.router.say_of(OLD, block="always")
    until(lambda: not home.old.pings("10.77.0.1"), "it is blocked")

    def told() -> set[tuple[str, str, str]]:
        return {(one.by, one.mac, one.protocol) for one in home.router.held_back()}

    until(lambda: ("blocked-from", OLD, "icmp") in told(), "its packets are told")
    home.old.run("ip", "neigh", "flush", "dev", "eth0")
    assert not home.old.pings("10.77.0.1")
    until(lambda: ("blocked-from", OLD, "arp") in told(), "its questions are told")
    sent = [one for one in home.router.held_back() if one.by == "blocked-from"]
    assert {one.arrived for one in sent} == {"br-lan"}


def test_what_is_for_a_blocked_device_is_told(home: Home) -> None:
    home.router.say_of(OLD, block="always")
    until(lambda: not home.old.pings("10.77.0.1"), "it is blocked")
    home.router.inside.python(ASK, "10.77.0.50")

    def told() -> set[str]:
        return {one.by for one in home.router.held_back()}

    until(lambda: "blocked-to" in told(), "it is told")
