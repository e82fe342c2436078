"""Static routes for IPv6 on a real kernel: another router in the LAN, a network behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from appliance.events import DriftRepaired, RevisionApplied
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.net_room import Router, program, router
from tests.live.six_room import SIX
from tests.live.waiting import until

__all__ = ["program", "router"]

pytestmark = pytest.mark.live

BEHIND, OUTSIDE = "fd99::/48", "2001:db8:ffff::1"
THROUGH = {"destination": BEHIND, "gateway": "fe80::9%lan"}
OUT = {"destination": "2001:db8:ffff::/48", "gateway": "fe80::1%internet"}
LET_IN = {
    "id": "in",
    "source": "internet",
    "destination": "lan",
    "action": "accept",
    "receivers": {"v6": [BEHIND]},
}
PLAIN: dict[str, Any] = {**SIX, "rules": [LET_IN]}
ROUTED: dict[str, Any] = {**PLAIN, "routes": [THROUGH, OUT]}


@dataclass
class Behind:
    """The router, whose LAN is another router's, and a network behind that one."""

    router: Router
    far: Namespace

    def routes(self, *words: str) -> str:
        """The kernel's IPv6 routes."""
        return self.router.inside.run("ip", "-6", "route", "show", *words)

    def lead_back(self) -> None:
        """The provider sends here what is ours and what is behind."""
        back = ("via", self.router.link_local("up0"), "dev", "eth0")
        for whole in (BEHIND, SIX["ula"]):
            self.router.isp.run("ip", "-6", "route", "add", whole, *back)

    def ours(self) -> list[str]:
        """The destinations of those that bear our mark."""
        return sorted(line.split()[0] for line in self.routes("proto", "78").splitlines())


@pytest.fixture
def behind(router: Router) -> Iterator[Behind]:
    with namespaces("far") as (far,):
        cable(router.lan, "eth1", far, "eth0")
        for where, link, *addresses in (
            (router.lan, "eth0", "fd12:3456:789a::9/64", "fe80::9/64"),
            (router.lan, "eth1", "fd99::1/64"),
            (far, "eth0", "fd99::5/64"),
            (router.isp, "eth0", "fe80::1/64"),
            (router.isp, "lo", f"{OUTSIDE}/128"),
        ):
            where.run("ip", "link", "set", link, "up")
            for address in addresses:
                where.run("ip", "addr", "add", address, "dev", link, "nodad")
        for where in (router.lan, router.isp):
            where.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        far.run("ip", "-6", "route", "add", "default", "via", "fd99::1")
        router.lan.run("ip", "-6", "route", "add", "default", "via", "fd12:3456:789a::1")
        yield Behind(router, far)


@pytest.mark.parametrize("gateway", ["fd12:3456:789a::9", "fe80::9%lan"])
def test_packets_travel_both_ways_through_a_route(behind: Behind, gateway: str) -> None:
    router = behind.router
    router.apply({**PLAIN, "routes": [{**THROUGH, "gateway": gateway}, OUT]})
    behind.lead_back()
    until(lambda: behind.far.reaches(OUTSIDE), "what is behind reaches the internet")
    until(lambda: router.isp.reaches("fd99::5"), "the internet reaches what is behind")


def test_without_the_route_nobody_behind_is_reached(behind: Behind) -> None:
    behind.router.apply({**PLAIN, "routes": [OUT]})
    behind.lead_back()
    until(lambda: behind.router.inside.reaches(OUTSIDE), "the router reaches the internet")
    assert not behind.router.inside.reaches("fd99::5")
    assert not behind.far.reaches(OUTSIDE)  # its address is nobody's in the LAN


def test_a_route_that_somebody_took_away_is_put_back(behind: Behind) -> None:
    router = behind.router
    router.apply(ROUTED)
    assert behind.ours() == ["2001:db8:ffff::/48", BEHIND]
    assert router.told(DriftRepaired) == []
    router.inside.run("ip", "-6", "route", "del", BEHIND)
    until(lambda: BEHIND in behind.ours(), "it is back")
    told = until(lambda: router.told(DriftRepaired), "it is told")
    assert f"Send {BEHIND} to fe80::9 through br-lan." in told[-1].what


def test_a_gateway_that_somebody_changed_is_changed_back(behind: Behind) -> None:
    behind.router.apply(ROUTED)
    other = ("via", "fe80::7", "dev", "br-lan", "metric", "20", "proto", "78")
    behind.router.inside.run("ip", "-6", "route", "replace", BEHIND, *other)
    until(lambda: "via fe80::9 " in behind.routes(BEHIND), "ours is back")
    assert "fe80::7" not in behind.routes()


def test_applying_routes_again_takes_no_step(behind: Behind) -> None:
    behind.router.apply(ROUTED)
    behind.router.apply({**ROUTED, "hostname": "other"})
    assert behind.router.told(RevisionApplied)[-1].steps == ()


def test_another_gateway_takes_the_place_of_the_first(behind: Behind) -> None:
    behind.router.apply(ROUTED)
    other = {**THROUGH, "gateway": "fd12:3456:789a::8"}
    behind.router.apply({**ROUTED, "routes": [other, OUT]})
    assert "via fd12:3456:789a::8 dev br-lan" in behind.routes(BEHIND)
    assert "fe80::9" not in behind.routes()


def test_routes_of_somebody_else_stay(behind: Behind) -> None:
    router = behind.router
    router.apply(ROUTED)
    by = ("via", "fe80::7", "dev", "br-lan")
    router.inside.run("ip", "-6", "route", "add", "fd55::/48", *by)
    router.inside.run("ip", "-6", "route", "add", BEHIND, *by, "metric", "500")
    router.apply(PLAIN)
    assert behind.ours() == []
    theirs = [line.split()[0] for line in behind.routes().splitlines() if "fe80::7" in line]
    assert theirs == ["fd55::/48", BEHIND]
    assert router.told(DriftRepaired) == []


def test_an_undo_takes_the_routes_away(behind: Behind) -> None:
    router = behind.router
    router.apply(PLAIN)
    change = router.on_trial(ROUTED)
    assert behind.ours() == ["2001:db8:ffff::/48", BEHIND]
    router.wish("undo", change=change, by="ada")
    until(lambda: behind.ours() == [], "they are gone")


def test_a_route_waits_for_no_cable(behind: Behind) -> None:
    behind.router.lan.run("ip", "link", "set", "eth0", "down")
    behind.router.apply({**ROUTED, "routes": [{**THROUGH, "gateway": "fd12:3456:789a::9"}, OUT]})
    assert behind.ours() == ["2001:db8:ffff::/48", BEHIND]


def test_routes_come_back_with_their_link(behind: Behind) -> None:
    behind.router.apply(ROUTED)
    behind.router.inside.run("ip", "link", "set", "br-lan", "down")  # the kernel drops its routes
    until(lambda: behind.ours() == ["2001:db8:ffff::/48", BEHIND], "they are back")


DEFAULT = {"destination": "::/0", "gateway": "fe80::1%internet"}


def test_a_way_out_of_the_owners_own_is_taken_before_the_announced_one(behind: Behind) -> None:
    router = behind.router
    router.apply({**PLAIN, "routes": [DEFAULT]})
    behind.lead_back()
    announced = ("default", "via", "fe80::2", "dev", "up0", "metric", "1024", "proto", "ra")
    router.inside.run("ip", "-6", "route", "add", *announced)
    until(lambda: router.inside.reaches(OUTSIDE), "the router reaches the internet")
    assert "via fe80::1 dev up0" in router.inside.run("ip", "-6", "route", "get", OUTSIDE)
