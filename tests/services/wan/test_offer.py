"""What an offer gives, and why it cannot be used."""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.way import FOREVER, Lease, Route, lease_from_json, lease_to_json
from services.dhcp.options import (
    CLASSLESS_ROUTES,
    DNS_SERVERS,
    DOMAIN_NAME,
    INTERFACE_MTU,
    LEASE_SECONDS,
    REBIND_SECONDS,
    RENEW_SECONDS,
    ROUTER,
    SERVER_ID,
    SUBNET_MASK,
)
from services.dhcp.wire import Message
from services.wan.offer import lease, refusal

LANS = (("lan", IPv4Network("10.77.0.0/24")), ("guest", IPv4Network("192.168.1.0/24")))
SERVER = bytes((203, 0, 113, 1))
EVERYWHERE = IPv4Network("0.0.0.0/0")


def message(address: str = "203.0.113.5", /, **options: bytes) -> Message:
    made = Message()
    made.yiaddr = int(IPv4Address(address))
    made.options = {
        SERVER_ID: SERVER,
        LEASE_SECONDS: (3600).to_bytes(4, "big"),
        SUBNET_MASK: bytes((255, 255, 255, 0)),
        ROUTER: SERVER,
        **{NAMES[name]: value for name, value in options.items()},
    }
    return made


NAMES = {
    "mask": SUBNET_MASK,
    "router": ROUTER,
    "dns": DNS_SERVERS,
    "domain": DOMAIN_NAME,
    "mtu": INTERFACE_MTU,
    "routes": CLASSLESS_ROUTES,
    "seconds": LEASE_SECONDS,
    "renew": RENEW_SECONDS,
    "rebind": REBIND_SECONDS,
    "server": SERVER_ID,
}


def offered(address: str = "203.0.113.5", **options: bytes) -> Lease:
    found = lease(message(address, **options))
    assert found
    return found


def test_an_offer_gives_everything_that_it_says() -> None:
    found = offered(
        dns=bytes((203, 0, 113, 2, 203, 0, 113, 3)), domain=b"isp.example", mtu=b"\x05\xd4"
    )
    assert found.address == IPv4Interface("203.0.113.5/24")
    assert found.ways == (Route(EVERYWHERE, IPv4Address("203.0.113.1")),)
    assert list(map(str, found.name_servers)) == ["203.0.113.2", "203.0.113.3"]
    assert (found.domain, found.mtu) == ("isp.example", 1492)
    assert (found.renew_seconds, found.rebind_seconds) == (1800, 3150)
    assert refusal(found, LANS) == ""


def test_classless_routes_say_everything_about_gateways() -> None:  # RFC 3442
    found = offered(routes=bytes.fromhex("18cb0071cb00710900cb007108"))
    assert found.ways == (
        Route(IPv4Network("203.0.113.0/24"), IPv4Address("203.0.113.9")),
        Route(EVERYWHERE, IPv4Address("203.0.113.8")),
    )
    assert found.gateway == IPv4Address("203.0.113.8")


@pytest.mark.parametrize("options", [{"server": b""}, {"seconds": b""}, {"server": b"\1"}])
def test_an_offer_without_what_every_offer_has_is_none(options: dict[str, bytes]) -> None:
    assert lease(message(**options)) is None


def test_times_that_make_no_sense_are_the_usual_ones() -> None:
    found = offered(renew=(4000).to_bytes(4, "big"), rebind=(10).to_bytes(4, "big"))
    assert (found.renew_seconds, found.rebind_seconds) == (1800, 3150)


def test_a_lease_for_ever_has_no_times() -> None:
    found = offered(seconds=b"\xff" * 4)
    assert {found.lease_seconds, found.renew_seconds, found.rebind_seconds} == {FOREVER}


@pytest.mark.parametrize(
    ("address", "options", "why"),
    [
        ("10.77.0.9", {"router": bytes((10, 77, 0, 2))}, "10.77.0.0/24 overlaps lan, which has"),
        ("10.1.2.3", {"mask": bytes((255, 0, 0, 0))}, "10.0.0.0/8 overlaps lan, which has"),
        ("192.168.1.7", {"router": bytes((192, 168, 1, 1))}, "192.168.1.0/24 overlaps guest"),
        ("203.0.113.5", {"router": bytes((198, 51, 100, 1))}, "198.51.100.1 is not in 203.0.113.0"),
        ("203.0.113.5", {"router": bytes((203, 0, 113, 5))}, "is the offered address itself"),
        ("203.0.113.5", {"router": b""}, "it names no gateway"),
        ("127.0.0.9", {}, "cannot be the address of a router"),
        ("0.0.0.5", {}, "cannot be the address of a router"),
        ("203.0.113.255", {}, "is no address of a host"),
        (
            "203.0.113.5",
            {"routes": bytes.fromhex("190a4d0000cb00710100cb007101")},
            "10.77.0.0/25 sent to 203.0.113.1, which is inside lan",
        ),
    ],
)
def test_an_offer_that_cannot_work_is_refused(
    address: str, options: dict[str, bytes], why: str
) -> None:
    assert why in refusal(offered(address, **options), LANS)


def test_a_gateway_on_the_cable_itself_may_be_anywhere() -> None:
    found = offered(mask=b"\xff" * 4, routes=bytes.fromhex("20c00002010000000000c0000201"))
    assert found.address == IPv4Interface("203.0.113.5/32")
    assert refusal(found, LANS) == ""


@given(st.dictionaries(st.sampled_from(list(NAMES)), st.binary(max_size=40)))
def test_no_bytes_of_a_server_can_hurt(options: dict[str, bytes]) -> None:
    found = lease(message(**options))
    if found:
        refusal(found, LANS)
        assert lease_from_json(lease_to_json(found)) == found
