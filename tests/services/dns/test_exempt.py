from ipaddress import IPv4Address, IPv4Interface

from appliance.model.dns import Blocking, Dns
from appliance.model.slices import DnsNetwork, DnsSlice, FixedAddress
from appliance.store.leases import LeaseRow
from services.dns.exempt import exempt_addresses

MINE, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"
SLICE = DnsSlice(
    "nixie",
    "lan",
    (
        DnsNetwork(
            "lan",
            "br-lan",
            IPv4Interface("10.77.0.1/24"),
            (FixedAddress(MINE, IPv4Address("10.77.0.7"), None),),
        ),
    ),
    Dns(blocking=Blocking(exempt=(MINE,))),
)


def lease(address: str, mac: str) -> LeaseRow:
    return LeaseRow("lan", IPv4Address(address), mac, "", "os", 0, 1e9, "bound")


def test_an_exempted_device_is_known_by_its_lease_or_reservation() -> None:
    held = [lease("10.77.0.101", MINE), lease("10.77.0.102", OTHER)]
    assert exempt_addresses(SLICE, held) == {"10.77.0.7", "10.77.0.101"}


def test_an_exempted_device_is_known_by_whatever_it_was_seen_with() -> None:
    seen = [("fd77::a1", "lan"), ("fe80::a1", "lan")]
    assert exempt_addresses(SLICE, (), seen) == {"10.77.0.7", "fd77::a1", "fe80::a1%br-lan"}
