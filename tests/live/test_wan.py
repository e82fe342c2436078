"""The way out by DHCP on a real kernel: wan asks, net assigns, the provider does what it likes."""

import sys
from pathlib import Path

import pytest

from appliance.events import DriftRepaired, WanAddressed, WanAddressGone, WanDown, WanFound, WanUp
from appliance.model.way import Stand
from tests.live.waiting import until
from tests.live.wan_room import BY_DHCP, Provided, program, provided

__all__ = ["program", "provided"]

pytestmark = pytest.mark.live


@pytest.fixture
def online(provided: Provided) -> Provided:
    """Online by a lease of an hour."""
    provided.provide()
    provided.router.apply(BY_DHCP)
    provided.stands(Stand.ONLINE)
    provided.has("203.0.113.5/24")
    return provided


def test_a_lease_becomes_address_route_names(online: Provided) -> None:
    route = "default via 203.0.113.1 dev up0 proto 78 metric 20"
    until(lambda: route in online.routes(), "the default route stands")
    until(lambda: online.router.lan.pings("203.0.113.1"), "the LAN reaches the internet")
    until(lambda: upstreams(online) == ["203.0.113.1"], "its name server is asked")
    assert online.router.told(DriftRepaired) == []
    assert [one.address for one in online.told_of(WanAddressed)] == ["203.0.113.5/24"]
    assert [one.gateway for one in online.told_of(WanUp)] == ["203.0.113.1"]
    until(lambda: online.way().milliseconds is not None, "its gateway was timed")


def upstreams(provided: Provided) -> list[str]:
    """The name servers that net publishes."""
    slices = provided.router.slices()
    return [str(one.address) for one in slices.dns.settings.upstreams] if slices else []


def test_a_lease_is_renewed_by_unicast(provided: Provided) -> None:
    provided.behaves(seconds=12, renew=2, rebind=10)
    provided.provide()
    provided.router.apply(BY_DHCP)
    provided.stands(Stand.ONLINE)
    first = provided.held()
    until(lambda: "REQUEST unicast " in provided.said(), "it asks its own server")
    until(lambda: provided.held() != first, "the lease begins anew")
    provided.has("203.0.113.5/24")
    assert len(provided.told_of(WanAddressed)) == 1


def test_a_silent_server_is_gone_around_by_rebinding(provided: Provided) -> None:
    provided.behaves(seconds=15, renew=2, rebind=4, mode="deaf")
    provided.provide()
    provided.router.apply(BY_DHCP)
    provided.stands(Stand.ONLINE)
    first = provided.held()
    until(lambda: provided.held() != first, "somebody extended the lease")
    assert "REQUEST broadcast " in provided.said()
    assert provided.told_of(WanAddressGone) == []


def test_a_nak_takes_the_address_away(provided: Provided) -> None:
    provided.behaves(seconds=12, renew=2, rebind=10)
    provided.provide()
    provided.router.apply(BY_DHCP)
    provided.has("203.0.113.5/24")
    provided.behaves(mode="nak")
    provided.has("")
    until(lambda: "default" not in provided.routes(), "the default route is gone")


def test_a_lease_that_ends_is_taken_away(provided: Provided) -> None:
    provided.behaves(seconds=6)
    provided.provide()
    provided.router.apply(BY_DHCP)
    provided.has("203.0.113.5/24")
    provided.behaves(mode="silent")
    provided.has("")
    until(lambda: "default" not in provided.routes(), "the default route is gone")
    provided.behaves(mode="give", address="203.0.113.9/24")
    provided.has("203.0.113.9/24")


def test_a_lease_ends_though_its_role_is_dead(provided: Provided) -> None:
    provided.behaves(seconds=6)
    provided.provide()
    provided.router.apply(BY_DHCP)
    provided.has("203.0.113.5/24")
    provided.kill()
    provided.has("")


def test_routing_goes_on_while_the_role_is_killed(online: Provided) -> None:
    since = online.way().since
    online.kill()
    until(lambda: online.router.lan.pings("203.0.113.1"), "the LAN reaches the internet")
    online.forget()
    online.start()
    until(lambda: "REQUEST broadcast 203.0.113.5" in online.said(), "it asks for the same again")
    assert "DISCOVER broadcast " not in online.said()
    online.has("203.0.113.5/24")
    assert online.router.lan.pings("203.0.113.1")
    assert online.told_of(WanAddressGone) == []
    assert online.way().since == since


def test_a_pulled_cable_is_told(online: Provided) -> None:
    online.isp.run("ip", "link", "set", "eth0", "down")
    assert "no cable in up0" in online.stands(Stand.NO_CABLE).why
    online.has("203.0.113.5/24")  # its lease still runs
    online.forget()
    online.isp.run("ip", "link", "set", "eth0", "up")
    online.stands(Stand.ONLINE)
    until(lambda: "REQUEST broadcast 203.0.113.5" in online.said(), "it asks for the same again")
    assert [one.stand for one in online.told_of(WanDown)] == ["no-cable"]
    assert len(online.told_of(WanUp)) == 2


def test_a_silent_gateway_is_told(online: Provided) -> None:
    online.isp.run("ip", "link", "set", "eth0", "arp", "off")
    online.wish("renew", link="up0")  # so that it is looked at now
    assert "203.0.113.1 does not answer" in online.stands(Stand.SILENT).why


def test_another_subnet_leaves_nothing_of_the_old_one(provided: Provided) -> None:
    provided.behaves(seconds=12, renew=2, rebind=10)
    provided.provide()
    provided.router.apply(BY_DHCP)
    provided.has("203.0.113.5/24")
    until(lambda: provided.router.lan.pings("203.0.113.1"), "the LAN reaches the internet")
    until(lambda: "203.0.113.5" in provided.flows(), "a flow by the old one is known")
    provided.isp.run("ip", "addr", "add", "198.51.100.1/24", "dev", "eth0")
    provided.behaves(
        address="198.51.100.7/24", server="198.51.100.1", gateway="198.51.100.1", seconds=3600
    )
    provided.has("198.51.100.7/24")
    until(lambda: "203.0.113" not in provided.routes(), "no route of the old one is left")
    until(lambda: provided.router.lan.pings("198.51.100.1"), "the LAN reaches the internet")
    until(lambda: "203.0.113.5" not in provided.flows(), "no flow of the old one is left")


def test_an_offer_that_overlaps_the_lan_is_refused(provided: Provided) -> None:
    provided.behaves(address="10.77.0.20/24", gateway="10.77.0.254")
    provided.provide()
    provided.router.apply(BY_DHCP)
    why = provided.stands(Stand.REFUSED).why
    assert "10.77.0.0/24 overlaps lan" in why
    provided.has("")


def test_an_address_that_somebody_has_is_declined(provided: Provided) -> None:
    provided.isp.run("ip", "addr", "add", "203.0.113.5/24", "dev", "eth0")
    provided.provide()
    provided.router.apply(BY_DHCP)
    why = provided.stands(Stand.REFUSED).why
    assert "another device uses 203.0.113.5" in why
    assert "DECLINE broadcast 203.0.113.5" in provided.said()


def test_nobody_who_answers_is_told(provided: Provided) -> None:
    provided.router.apply(BY_DHCP)
    assert provided.stands(Stand.UNANSWERED).why == "no answer to DHCP on up0 for 20 s."


def test_of_two_routers_the_first_one_gives(provided: Provided) -> None:
    provided.provide()
    behaviour = provided.folder / "other"
    behaviour.write_text(
        '{"address": "198.51.100.9/24", "server": "198.51.100.1", "gateway": "198.51.100.1", '
        '"seconds": 3600, "mode": "give"}'
    )
    provided.isp.start(
        *(sys.executable, "-m", "tests.live.isp", "eth0", str(behaviour)),
        str(provided.folder / "said-to-other"),
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    until(lambda: provided.isp.run("ss", "-ulnH").count(":67") == 2, "both listen")
    provided.router.apply(BY_DHCP)
    until(lambda: provided.held() is not None, "one of them gave")
    held = provided.held()
    assert held
    provided.has(str(held.lease.address))


def test_a_static_way_gives_the_lease_back(online: Provided) -> None:
    online.forget()
    static = {"address": "203.0.113.77/24", "gateway": "203.0.113.1"}
    online.router.apply({**BY_DHCP, "wan": {"port": "up0", "static": static}})
    online.has("203.0.113.77/24")
    until(lambda: "RELEASE unicast " in online.said(), "the lease was given back")
    until(lambda: online.way().address == "203.0.113.77/24", "it is the address on paper")
    online.stands(Stand.ONLINE)


def test_an_undone_change_has_the_lease_again(online: Provided) -> None:
    static = {"address": "203.0.113.77/24", "gateway": "203.0.113.1"}
    change = online.router.on_trial({**BY_DHCP, "wan": {"port": "up0", "static": static}})
    online.has("203.0.113.77/24")
    online.router.wish("undo", change=change, by="test")
    online.has("203.0.113.5/24")
    online.stands(Stand.ONLINE)


def test_routes_of_option_121_lead_by_a_gateway_on_the_cable(provided: Provided) -> None:
    # RFC 3442: 192.0.2.1/32 on the cable itself, everything else by it.
    provided.isp.run("ip", "addr", "add", "192.0.2.1/32", "dev", "eth0")
    provided.behaves(address="203.0.113.5/32", routes="20c000020100000000" + "00c0000201")
    provided.provide()
    provided.router.apply(BY_DHCP)
    provided.has("203.0.113.5/32")
    until(lambda: "default via 192.0.2.1" in provided.routes(), "the default route stands")
    assert "192.0.2.1 dev up0 proto 78 scope link" in provided.routes()  # it had to be there first


def test_a_lan_that_would_overlap_the_provider_wins(online: Provided) -> None:
    lan = {
        **BY_DHCP["networks"][0],
        "address": "203.0.113.129/25",
        "dhcp": None,
    }
    online.router.on_trial({**BY_DHCP, "networks": [lan]})
    online.has("")
    assert "overlaps lan" in online.stands(Stand.REFUSED).why


def test_a_search_says_which_cable_is_the_internet(provided: Provided) -> None:
    provided.provide()
    provided.router.inside.run("ip", "link", "set", "up0", "down")
    provided.router.apply({**BY_DHCP, "wan": None})
    until(lambda: provided.router.slices() is not None, "net has told of its ports")
    provided.wish("probe", ports="p1 up0")
    until(lambda: provided.told_of(WanFound), "the search is over")
    (found,) = provided.told_of(WanFound)
    assert found.what.startswith("The internet is the cable in up0: 203.0.113.1 offers")
    assert found.ports == ("up0 offer 203.0.113.1 203.0.113.5/24",)  # p1 is the LAN's
    assert provided.held() is None
    shown = ("ip", "-br", "link", "show", "up0")
    until(lambda: "DOWN" in provided.router.inside.run(*shown), "the cable is let go")


def test_the_providers_mtu_is_the_links(provided: Provided) -> None:
    provided.behaves(mtu=1492)
    provided.provide()
    provided.router.apply(BY_DHCP)
    provided.stands(Stand.ONLINE)
    until(lambda: "mtu 1492" in link(provided), "the link has the provider's MTU")
    until(lambda: "maxseg size set 1452" in provided.router.ruleset(), "segments fit it")


def test_the_provider_sees_the_mac_that_the_owner_wrote(online: Provided) -> None:
    wan = {"port": "up0", "mac": "02:00:00:00:00:99", "mtu": 1400}
    online.forget()
    change = online.router.on_trial({**BY_DHCP, "wan": wan})
    assert "02:00:00:00:00:99" in link(online)
    assert "mtu 1400" in link(online)
    until(lambda: "REQUEST broadcast 203.0.113.5" in online.said(), "it asks by its new name")
    online.stands(Stand.ONLINE)
    until(lambda: heard(online) == "02:00:00:00:00:99", "the provider knows it by that")
    online.router.wish("undo", change=change, by="test")
    until(lambda: "mtu 1500" in link(online), "packets are as large as before")


def link(provided: Provided) -> str:
    return provided.router.inside.run("ip", "link", "show", "up0")


def heard(provided: Provided) -> str:
    """The MAC that the provider knows the address by."""
    known = provided.isp.run("ip", "neigh", "show", "203.0.113.5")
    return (known.partition("lladdr ")[2].split() or [""])[0]
