from asyncio import sleep
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from services.net.attempt import Clocks
from services.net.leaving import Leaving, nobody

POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"), 3600)
LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"), Dhcp(POOL))
BEFORE = RouterConfig((LAN,))
MOVED = RouterConfig((replace(LAN, address=IPv4Interface("10.78.0.1/24"), dhcp=None),))
BESIDE = RouterConfig((replace(LAN, address=IPv4Interface("10.77.0.254/24")),))


class Hands:
    """The hands of two clocks: one that anybody may set, and one that nobody can."""

    def __init__(self, wall: float = 1000.0) -> None:
        self.wall, self.uptime = wall, 50.0
        self.clocks = Clocks(lambda: self.wall, lambda: self.uptime, lambda: sleep(0))

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.uptime += seconds


def begun(end: float | None, kept: RouterConfig = MOVED, hands: Hands | None = None) -> Leaving:
    """What stays at 1000 s, with a last lease that ends then."""
    hands = hands or Hands()

    def last_end(_network: str, subnet: IPv4Network) -> float | None:
        assert subnet == IPv4Network("10.77.0.0/24")
        return end

    made = Leaving((), last_end, hands.clocks)
    made.begin(BEFORE, kept)
    return made


def test_an_address_stays_until_the_last_lease_ends() -> None:
    (stay,) = begun(1500.0).stays
    assert stay.until == 1500.0


def test_no_address_stays_longer_than_a_lease_lasts() -> None:
    (stay,) = begun(99_999.0).stays
    assert stay.until == 4600.0


def test_a_network_without_leases_is_needed_by_nobody() -> None:
    assert begun(0.0).needed(MOVED) == ()


def test_a_network_without_dhcp_is_needed_by_nobody() -> None:
    made = Leaving((), lambda _network, _subnet: 5000.0, Hands().clocks)
    made.begin(RouterConfig((replace(LAN, dhcp=None),)), MOVED)
    assert made.needed(MOVED) == ()


def test_an_address_goes_once_everybody_has_moved() -> None:
    made = begun(1500.0)
    made._last_end = lambda _network, _subnet: 0.0
    assert made.needed(MOVED) == ()


def test_who_renewed_in_the_same_subnet_cannot_be_told_from_who_did_not() -> None:
    hands = Hands()
    made = begun(1500.0, BESIDE, hands)
    made._last_end = lambda _network, _subnet: 0.0
    hands.pass_(499.0)
    assert len(made.needed(BESIDE)) == 1
    hands.pass_(1.0)
    assert made.needed(BESIDE) == ()


def test_a_network_that_kept_its_address_leaves_none() -> None:
    other = replace(LAN, dhcp=Dhcp(replace(POOL, first=IPv4Address("10.77.0.150"))))
    assert begun(1500.0, RouterConfig((other,))).stays == ()


@pytest.mark.parametrize("seconds", [31e6, -31e6], ids=["on", "back"])
def test_a_clock_that_is_set_moves_the_end_along(seconds: float) -> None:
    hands = Hands()
    made = begun(1500.0, BESIDE, hands)
    hands.wall += seconds
    (stay,) = made.needed(BESIDE)
    assert stay.until == 1500.0 + seconds
    hands.pass_(499.0)
    assert len(made.needed(BESIDE)) == 1
    hands.pass_(1.0)
    assert made.needed(BESIDE) == ()


def test_a_clock_that_was_set_back_in_between_prolongs_nothing() -> None:
    stays = begun(1500.0).stays
    (stay,) = Leaving(stays, nobody, Hands(-9_000.0).clocks).stays
    assert stay.until == -9_000.0 + 3600
