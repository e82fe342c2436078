from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from services.net.leaving import Leaving

POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"), 3600)
LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"), Dhcp(POOL))
BEFORE = RouterConfig((LAN,))
MOVED = RouterConfig((replace(LAN, address=IPv4Interface("10.78.0.1/24"), dhcp=None),))
BESIDE = RouterConfig((replace(LAN, address=IPv4Interface("10.77.0.254/24")),))


def begun(end: float | None, kept: RouterConfig = MOVED) -> Leaving:
    """What stays at 1000 s, with a last lease that ends then."""

    def last_end(_network: str, subnet: IPv4Network) -> float | None:
        assert subnet == IPv4Network("10.77.0.0/24")
        return end

    made = Leaving((), last_end)
    made.begin(BEFORE, kept, 1000.0)
    return made


def test_an_address_stays_until_the_last_lease_ends() -> None:
    (stay,) = begun(1500.0).stays
    assert stay.until == 1500.0


def test_no_address_stays_longer_than_a_lease_lasts() -> None:
    (stay,) = begun(99_999.0).stays
    assert stay.until == 4600.0


def test_a_network_without_leases_is_needed_by_nobody() -> None:
    assert begun(0.0).needed(MOVED, 1000.0) == ()


def test_a_network_without_dhcp_is_needed_by_nobody() -> None:
    made = Leaving((), lambda _network, _subnet: 5000.0)
    made.begin(RouterConfig((replace(LAN, dhcp=None),)), MOVED, 1000.0)
    assert made.needed(MOVED, 1000.0) == ()


def test_an_address_goes_once_everybody_has_moved() -> None:
    made = begun(1500.0)
    made._last_end = lambda _network, _subnet: 0.0
    assert made.needed(MOVED, 1100.0) == ()


def test_who_renewed_in_the_same_subnet_cannot_be_told_from_who_did_not() -> None:
    made = begun(1500.0, BESIDE)
    made._last_end = lambda _network, _subnet: 0.0
    assert len(made.needed(BESIDE, 1499.0)) == 1
    assert made.needed(BESIDE, 1500.0) == ()


def test_a_network_that_kept_its_address_leaves_none() -> None:
    other = replace(LAN, dhcp=Dhcp(replace(POOL, first=IPv4Address("10.77.0.150"))))
    assert begun(1500.0, RouterConfig((other,))).stays == ()
