"""The router seen from outside: a stranger on a cable of ours, in the internet's zone."""

import json
import time
from contextlib import closing
from typing import Any

import pytest

from appliance.events import ExposureFound, ExposureGone, OutsideHeard, OutsideSilent
from appliance.model.outside import STRANGERS_LINK, Heard, Seen, from_json
from appliance.store import exposures, trials
from tests.live.namespaces import namespaces
from tests.live.net_room import CONFIG, NETWORK, ROOT, Router, program, router
from tests.live.six_room import SIX, Six, descendants, name_of, six
from tests.live.waiting import until

__all__ = ["program", "router", "six"]

pytestmark = pytest.mark.live

LISTEN = """
import socket, sys, time
made = socket.create_server(("", int(sys.argv[1])))
print("here", flush=True)
while True:
    made.accept()[0].close()
"""
ECHO = """
import socket, sys
made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
made.bind(("", int(sys.argv[1])))
while True:
    made.sendto(*made.recvfrom(999))
"""
LOOK = """
import asyncio, json, sys
sys.path.insert(0, sys.argv[1])
from appliance.model.outside import to_json
from services.links.driver import netlink
from services.outside.driver import look
async def once():
    async with netlink() as opened:
        await opened.link("add", ifname="v0", kind="veth", peer={"ifname": "v1"})
        (index,) = await opened.link_lookup(ifname="v0")
        await opened.addr("add", index=index, address="192.0.2.9", prefixlen=24)
        await opened.link("set", index=index, state="up")
        print(json.dumps(to_json(await look(opened, ["192.0.2.9/24"]))))
asyncio.run(once())
"""
NAS = {"mac": "52:54:00:00:00:05", "address": "10.77.0.50", "name": "nas"}
FORWARDED: dict[str, Any] = {
    **CONFIG,
    "networks": [{**NETWORK, "dhcp": {**NETWORK["dhcp"], "reservations": [NAS]}}],
    "forwards": [{"name": "web", "mac": NAS["mac"], "protocol": "tcp", "outside": {"first": 443}}],
}


def looked(place: Router) -> Seen:
    """What a stranger sees now."""
    wish = place.wish("outside", link="up0")
    until(
        lambda: wish in [one.wish for one in place.told(OutsideSilent) + place.told(OutsideHeard)],
        "somebody looked from outside",
    )
    connection = place.net()
    assert connection
    found = trials.seen_outside(connection)
    connection.close()
    assert found
    return found[0]


def test_nothing_of_ours_answers_the_internet(six: Six) -> None:
    six.apply(SIX | {"time": {"servers": ["192.0.2.1"]}})
    until(lambda: six.pid("chronyd") and six.six(), "everything runs")
    for port in (":53 ", ":546 "):
        until(lambda wanted=port: wanted in six.inside.run("ss", "-lnu"), f"{port} is there")
    seen = looked(six)
    assert seen.answered
    assert seen.heard == ()
    assert six.told(OutsideHeard) == []
    asked = {one.partition("/")[0] for one in seen.addresses}
    assert {"192.0.2.2", "10.77.0.1", "fd12:3456:789a::1"} <= asked
    assert seen.tried > 300
    owned = {(one.owner, one.protocol, one.port, one.link) for one in seen.sockets}
    assert ("dns", "udp", 53, "br-lan") in owned
    assert ("chronyd", "udp", 323, "") in owned
    assert ("dhcpcd", "udp", 546, "up0") in owned


def test_the_stranger_hears_what_nothing_holds_back() -> None:
    with namespaces("bare") as (bare,):
        bare.run("ip", "link", "set", "lo", "up")
        web = bare.start("python3", "-c", LISTEN, "2323")
        clock = bare.start("python3", "-c", ECHO, "123")
        until(lambda: ":123" in bare.run("ss", "-lnu"), "somebody listens")
        seen = from_json(json.loads(bare.python(LOOK, str(ROOT))))
        web.kill()
        clock.kill()
    how = {(one.protocol, one.port): one.how for one in seen.heard if one.address == "192.0.2.9"}
    assert seen.answered
    assert how["tcp", 2323] == how["udp", 123] == "open"
    assert how["tcp", 22] == how["udp", 53] == "closed"


def test_a_forward_that_answers_is_as_it_should_be(router: Router) -> None:
    router.apply(FORWARDED)
    until(lambda: router.lan.pings("10.77.0.1"), "the LAN reaches the router")
    listening = router.lan.start("python3", "-c", LISTEN, "443")
    until(lambda: ":443" in router.lan.run("ss", "-lnt"), "the device listens")
    seen = looked(router)
    listening.kill()
    assert Heard("tcp", "192.0.2.2", 443, "open") in seen.heard
    assert router.told(OutsideSilent)
    assert router.told(OutsideHeard) == []


def test_nothing_stays_of_a_look(router: Router) -> None:
    router.serve_lan()
    before = router.picture()
    looked(router)
    until(lambda: STRANGERS_LINK not in router.inside.run("ip", "link"), "the cable is gone")
    assert router.picture() == before


def test_nothing_stays_of_a_look_that_was_killed(router: Router) -> None:
    router.serve_lan()
    assert router.role
    router.wish("outside", link="up0")
    until(lambda: STRANGERS_LINK in router.inside.run("ip", "link"), "the cable is there")
    children = descendants(router.role.pid)
    router.kill()
    until(lambda: STRANGERS_LINK not in router.inside.run("ip", "link"), "the cable is gone")
    until(lambda: not any(map(name_of, children)), "the stranger is gone")


def test_the_cable_is_no_port_of_the_owners(router: Router) -> None:
    router.serve_lan()
    router.wish("outside", link="up0")
    until(lambda: STRANGERS_LINK in router.inside.run("ip", "link"), "the cable is there")
    time.sleep(0.5)
    connection = router.net()
    assert connection
    assert STRANGERS_LINK not in [one.link for one in trials.ports(connection)]
    connection.close()


def listed(place: Router) -> bool:
    """Does net know who listens?"""
    if (connection := place.net()) is None:
        return False
    with closing(connection):
        return exposures.known(connection) is not None


def found(place: Router) -> set[str]:
    """The names of what was found and is not over."""
    connection = place.net()
    assert connection
    with closing(connection):
        return {one.name for one in exposures.exposures(connection)}


def test_a_program_that_begins_to_listen_is_told_by_itself(router: Router) -> None:
    router.apply(CONFIG)
    until(lambda: listed(router), "net knows who listens")
    rogue = router.inside.start("python3", "-c", LISTEN, "2323")
    (told,) = until(lambda: router.told(ExposureFound), "it is told")
    assert told.finding == "other tcp 2323 0"
    assert "Nobody may ask it." in told.what
    until(lambda: router.told(OutsideSilent), "somebody looked, and it kept silent")
    router.kill()
    router.start()
    until(lambda: found(router) == {"other tcp 2323 0"}, "it is remembered")
    rogue.kill()
    (over,) = until(lambda: router.told(ExposureGone), "that it is gone is told")
    assert over.finding == told.finding
    assert len(router.told(ExposureFound)) == 1


def test_who_was_shown_to_the_owner_is_no_news(router: Router) -> None:
    router.apply(CONFIG)
    until(lambda: listed(router), "net knows who listens")
    known = router.inside.start("python3", "-c", LISTEN, "2323")
    until(lambda: found(router), "it is told")
    looked(router)
    until(lambda: not found(router), "it is known")
    known.kill()


def test_what_answers_is_found_without_a_wish_until_a_look_does_not_hear_it(
    router: Router,
) -> None:
    router.apply(CONFIG)
    hole = "table inet hole { chain in { type filter hook input priority -300; "
    router.inside.run("nft", hole + "tcp dport 22 reject with tcp reset; }; }")
    until(lambda: "heard tcp 22" in found(router), "the look after the start hears it")
    router.inside.run("nft", "delete table inet hole")
    router.apply({**CONFIG, "time": {"servers": ["192.0.2.1"]}})
    until(lambda: "heard tcp 22" not in found(router), "the look after the change does not")
    assert [one.finding for one in router.told(ExposureGone)] == ["heard tcp 22"]
    assert router.held_back() == []  # what the stranger asked is nobody's business
