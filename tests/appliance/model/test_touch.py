from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from appliance.model.firewall import Zone
from appliance.model.touch import Touch, touch

POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
LAN = Network("lan", "br-lan", ("eth1", "eth2"), IPv4Interface("10.77.0.1/24"), Dhcp(POOL))
GUEST = Network("guest", "br-guest", (), IPv4Interface("10.78.0.1/24"))
CONFIG = RouterConfig(networks=(LAN, GUEST))


def moved(**fields: object) -> Touch | None:
    """What a change of lan means for somebody on it."""
    lan = replace(LAN, **fields)  # type: ignore[arg-type]
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
