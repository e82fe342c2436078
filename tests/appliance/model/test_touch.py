from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network
from typing import Any

import pytest

from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from appliance.model.firewall import Zone
from appliance.model.ipv6 import Ipv6
from appliance.model.touch import Touch, touch

POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
LAN = Network("lan", "br-lan", ("eth1", "eth2"), IPv4Interface("10.77.0.1/24"), Dhcp(POOL))
GUEST = Network("guest", "br-guest", (), IPv4Interface("10.78.0.1/24"))
CONFIG = RouterConfig(networks=(LAN, GUEST))


def moved(**fields: Any) -> Touch | None:
    """What a change of lan means for somebody on it."""
    lan = replace(LAN, **fields)
    return touch(CONFIG, replace(CONFIG, networks=(lan, GUEST)), "10.77.0.120")


def test_the_page_moves_with_the_address() -> None:
    found = moved(address=IPv4Interface("10.79.0.1/24"))
    assert found == Touch(
        "lan",
        ("The router's address on lan becomes 10.79.0.1/24 (was 10.77.0.1/24).",),
        (
            "You are on lan: this page moves to https://10.79.0.1.",
            "10.77.0.1 answers, too, until everybody has moved.",
            "This computer gets an address in 10.79.0.0/24 when it asks again.",
        ),
    )


def test_a_network_that_goes_away_takes_the_page_with_it() -> None:
    found = touch(CONFIG, replace(CONFIG, networks=(GUEST,)), "10.77.0.120")
    assert found
    assert found.ahead == (
        "You are on lan, which goes away: this page will not answer there any more.",
    )


def test_a_port_that_leaves_may_be_the_one_in_use() -> None:
    found = moved(ports=("eth1",))
    assert found
    assert found.ahead == ("Is this computer plugged into eth2, it is no longer on lan.",)


def test_without_dhcp_addresses_last_as_long_as_their_leases() -> None:
    found = moved(dhcp=None)
    assert found
    assert found.ahead == ("Computers on lan keep their addresses only until their leases end.",)


def test_a_change_that_needs_no_word_is_marked_all_the_same() -> None:
    found = moved(netboot=False)
    assert found == Touch("lan", ("Machines on lan may no longer boot from it.",), ())


def test_another_network_is_nothing_to_them() -> None:
    changed = replace(CONFIG, networks=(LAN,))
    assert touch(CONFIG, changed, "10.77.0.120") is None


@pytest.mark.parametrize("source", ["127.0.0.1", "fe80::1", "testclient", ""])
def test_who_came_over_no_network_is_not_touched(source: str) -> None:
    assert touch(CONFIG, replace(CONFIG, networks=()), source) is None


def test_a_zone_that_may_not_manage_shuts_the_page() -> None:
    shut = replace(CONFIG, zones=(Zone("lan"),))
    found = touch(CONFIG, shut, "10.77.0.120")
    assert found
    assert found.ahead == (
        "The zone lan may not manage the router: this page will not open on lan.",
    )


def test_another_zone_touches_who_moves_into_it() -> None:
    moved_in = replace(CONFIG, zones=(*CONFIG.zones, Zone("guest")))
    guest = replace(moved_in, networks=(replace(LAN, zone="guest"), GUEST))
    found = touch(CONFIG, guest, "10.77.0.120")
    assert found
    assert "The network lan moves into the zone guest (was lan)." in found.sentences


LENT = IPv6Network("2001:db8:42::/56")
SIX = RouterConfig(
    networks=(replace(LAN, ipv6=Ipv6()), replace(GUEST, ipv6=Ipv6(1))),
    ula=IPv6Network("fd12:3456:789a::/48"),
)
OWN, GIVEN, NEAR = "fd12:3456:789a::9", "2001:db8:42::9", "fe80::9%br-lan"


def lan6(source: str, **fields: Any) -> Touch | None:
    """What a change of lan means for who looks from there by IPv6."""
    lan = replace(SIX.networks[0], **fields)
    return touch(SIX, replace(SIX, networks=(lan, SIX.networks[1])), source, LENT)


@pytest.mark.parametrize(
    ("source", "stays"), [(OWN, "fd12:3456:789a::1"), (GIVEN, "2001:db8:42::1"), (NEAR, "")]
)
def test_ipv6_that_goes_takes_the_page_with_it(source: str, stays: str) -> None:
    assert lan6(source, ipv6=None) == Touch(
        "lan",
        ("lan loses IPv6.",),
        (
            "You came by IPv6, which lan loses: this page moves to https://10.77.0.1.",
            *([f"{stays} answers, too, until you keep or undo the change."] if stays else ()),
        ),
    )


def test_another_number_moves_the_page_to_another_prefix() -> None:
    found = lan6(OWN, ipv6=Ipv6(7))
    assert found
    assert found.ahead == (
        "You came from fd12:3456:789a::/64, which lan loses: this page moves to "
        "https://[fd12:3456:789a:7::1] or https://10.77.0.1.",
        "fd12:3456:789a::1 answers, too, until you keep or undo the change.",
    )
    assert found.sentences == (
        "lan takes number 7 among the IPv6 networks (was 0): the router and its devices get other "
        "IPv6 addresses there.",
    )


def test_a_delegated_address_moves_within_what_the_provider_lends() -> None:
    found = lan6(GIVEN, ipv6=Ipv6(7))
    assert found
    assert "https://[2001:db8:42:7::1] or https://10.77.0.1." in found.ahead[0]


def test_a_number_that_another_network_takes_touches_who_is_moved() -> None:
    guest = replace(SIX.networks[1], ipv6=Ipv6(0))
    after = replace(SIX, networks=(SIX.networks[0], guest))
    found = touch(SIX, after, OWN, LENT)
    assert found
    assert found.sentences[0].startswith("lan takes number 1 among the IPv6 networks (was 0)")
    assert "https://[fd12:3456:789a:1::1]" in found.ahead[0]
    assert len(found.ahead) == 1  # what is another network's now cannot answer here, too


def test_another_end_of_the_router_moves_the_page() -> None:
    found = lan6(OWN, ipv6=Ipv6(suffix=IPv6Address("::53")))
    assert found
    assert found.ahead == (
        "You are on lan: this page moves to https://[fd12:3456:789a::53].",
        "fd12:3456:789a::1 answers, too, until you keep or undo the change.",
    )


def test_another_prefix_of_our_own_moves_who_is_in_it() -> None:
    after = replace(SIX, ula=IPv6Network("fd77::/48"))
    found = touch(SIX, after, OWN, LENT)
    assert found
    assert found.sentences == ("The networks have addresses of fd77::/48 among themselves.",)
    assert "https://[fd77::1]" in found.ahead[0]
    assert touch(SIX, after, GIVEN, LENT) is None


def test_a_link_local_address_outlives_another_number() -> None:
    found = lan6(NEAR, ipv6=Ipv6(7))
    assert found
    assert found.ahead == ()


def test_another_ipv4_address_leaves_a_page_that_is_looked_at_by_ipv6() -> None:
    found = lan6(OWN, address=IPv4Interface("10.79.0.1/24"), dhcp=None)
    assert found
    assert not any("this page moves" in one for one in found.ahead)


def test_a_delegated_address_is_nobodys_while_nothing_is_delegated() -> None:
    assert touch(SIX, replace(SIX, networks=()), GIVEN) is None
