from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, IPv6Network

import pytest

from appliance.model.config import Dhcp, Network, Pool, Reservation, RouterConfig
from appliance.model.firewall import Forward, Ports
from appliance.model.ipv6 import Ipv6
from appliance.model.stays import Stay
from appliance.model.wan import StaticAddress, Wan
from appliance.plan import order
from appliance.plan.beside import beside, fitting, stays
from appliance.plan.slices import served

HERE, THERE = IPv4Interface("10.77.0.1/24"), IPv4Interface("10.78.0.1/24")
POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
LAN = Network("lan", "br-lan", ("p1",), HERE, Dhcp(POOL))
GUEST = Network("guest", "br-guest", ("p2",), IPv4Interface("10.79.0.1/24"))
WAN = Wan("up0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1")))
BEFORE = RouterConfig((LAN, GUEST), wan=WAN)
MOVED = replace(LAN, address=THERE, dhcp=None)
STAY = Stay("lan", "br-lan", HERE, served(BEFORE, LAN))


def of(*networks: Network, wan: Wan | None = WAN) -> RouterConfig:
    return RouterConfig(networks, wan=wan)


def test_a_network_that_moves_leaves_its_address() -> None:
    assert stays(BEFORE, of(MOVED, GUEST)) == (STAY,)


def test_what_does_not_change_leaves_nothing() -> None:
    assert stays(BEFORE, replace(BEFORE, hostname="other")) == ()


def test_a_network_served_another_way_leaves_how_it_was_served() -> None:
    other = replace(LAN, dhcp=Dhcp(replace(POOL, first=IPv4Address("10.77.0.150"))))
    assert stays(BEFORE, of(other, GUEST)) == (STAY,)


def test_an_address_stays_on_the_bridge_where_its_network_is_now() -> None:
    (stay,) = stays(BEFORE, of(replace(MOVED, bridge="br-home"), GUEST))
    assert (stay.link, stay.address) == ("br-home", HERE)


def test_a_renamed_network_is_known_by_its_bridge() -> None:
    (stay,) = stays(BEFORE, of(replace(MOVED, name="home"), GUEST))
    assert (stay.network, stay.link) == ("lan", "br-lan")


def test_a_network_made_anew_is_known_by_its_port() -> None:
    home = Network("home", "br-home", ("p1",), THERE)
    (stay,) = stays(BEFORE, of(home, GUEST))
    assert (stay.network, stay.link) == ("lan", "br-home")


def test_a_network_that_goes_leaves_nothing() -> None:
    assert stays(BEFORE, of(LAN)) == ()


def test_an_address_that_another_network_takes_does_not_stay() -> None:
    (stay,) = stays(BEFORE, of(MOVED, replace(GUEST, address=HERE)))
    assert stay.network == "guest"


def test_an_address_that_the_internet_port_takes_does_not_stay() -> None:
    taken = Wan("up0", StaticAddress(IPv4Interface("10.77.0.9/24"), IPv4Address("10.77.0.2")))
    assert stays(BEFORE, of(MOVED, GUEST, wan=taken)) == ()


def test_an_address_that_was_leaving_already_goes_on() -> None:
    assert fitting((STAY,), of(MOVED)) == (STAY,)


def test_an_address_without_a_link_goes() -> None:
    assert fitting((STAY,), of(GUEST)) == ()


def test_both_addresses_answer() -> None:
    after = of(MOVED)
    state = beside(order.wanted(after), after, (STAY,))
    assert state.addresses["br-lan"] == {HERE, THERE}


def test_one_address_with_two_sizes_is_not_doubled() -> None:
    after = of(replace(LAN, address=IPv4Interface("10.77.0.1/16")))
    state = beside(order.wanted(after), after, (STAY,))
    assert state.addresses["br-lan"] == {IPv4Interface("10.77.0.1/16")}


def test_whoever_has_an_old_address_still_gets_out() -> None:
    after = of(MOVED)
    state = beside(order.wanted(after), after, (STAY,))
    sources = [
        rule["expr"][0]["match"]["right"]["prefix"]["addr"]
        for rule in state.firewall.chains["postrouting"].rules
    ]
    assert sources == ["10.78.0.0", "10.77.0.0"]
    comments = [rule["comment"] for rule in state.firewall.chains["postrouting"].rules]
    assert len(set(comments)) == len(comments)


def test_the_rest_of_the_filter_is_the_new_ones() -> None:
    after = of(MOVED)
    plain, both = order.wanted(after), beside(order.wanted(after), after, (STAY,))
    assert {name for name in plain.firewall.chains if name != "postrouting"} == {
        name for name, chain in both.firewall.chains.items() if chain == plain.firewall.chains[name]
    }


def test_where_nothing_stays_nothing_is_added() -> None:
    after = of(MOVED)
    assert beside(order.wanted(after), after, ()) == order.wanted(after)


def test_no_forward_takes_what_is_asked_of_an_address_that_stays() -> None:
    nas = Reservation("52:54:00:00:00:05", IPv4Address("10.79.0.5"), "nas")
    fixed = Dhcp(Pool(IPv4Address("10.79.0.100"), IPv4Address("10.79.0.199")), (nas,))
    after = replace(
        of(MOVED, replace(GUEST, dhcp=fixed)),
        forwards=(Forward("web", nas.mac, "tcp", Ports(80)),),
    )
    chain = beside(order.wanted(after), after, (STAY,)).firewall.chains["prerouting"]
    (rule,) = chain.rules
    assert "10.77.0.1" in str(rule)
    assert "10.78.0.1" in str(rule)


ULA, LENT = IPv6Network("fd12:3456:789a::/48"), IPv6Network("2001:db8:42::/56")
SIX = replace(BEFORE, networks=(replace(LAN, ipv6=Ipv6()), replace(GUEST, ipv6=Ipv6(4))), ula=ULA)


def numbered(ipv6: Ipv6 | None, guest: int = 4) -> RouterConfig:
    """SIX, with this IPv6 on lan and this number on guest."""
    networks = replace(LAN, ipv6=ipv6), replace(GUEST, ipv6=Ipv6(guest))
    return replace(SIX, networks=networks)


@pytest.mark.parametrize(
    "after", [numbered(Ipv6(7)), numbered(Ipv6(suffix=IPv6Address("::53"))), numbered(None)]
)
def test_the_ipv6_addresses_that_a_network_loses_stay(after: RouterConfig) -> None:
    assert stays(SIX, after, LENT) == (
        Stay("lan", "br-lan", IPv6Interface("fd12:3456:789a::1/64")),
        Stay("lan", "br-lan", IPv6Interface("2001:db8:42::1/64")),
    )


def test_an_ipv6_address_whose_prefix_another_network_takes_does_not_stay() -> None:
    assert {one.network for one in stays(SIX, numbered(Ipv6(7), guest=0), LENT)} == {"guest"}


def test_both_ipv6_addresses_answer() -> None:
    after = numbered(Ipv6(7))
    wanted = order.wanted(after)
    state = beside(wanted, after, stays(SIX, after))
    assert state.addresses["br-lan"] == {
        HERE,
        IPv6Interface("fd12:3456:789a::1/64"),
        IPv6Interface("fd12:3456:789a:7::1/64"),
    }
    assert state.firewall == wanted.firewall
