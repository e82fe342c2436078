from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dns.private import AAAA, HTTPS, WITH_ADDRESSES, A


def private(text: str) -> bool:
    address = ip_address(text)
    return WITH_ADDRESSES[A if address.version == 4 else AAAA](address.packed)


@pytest.mark.parametrize(
    "text",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.16.0.1"),
        *("172.31.255.255", "192.168.0.1", "224.0.0.1", "255.255.255.255", "::", "::1"),
        *("fc00::1", "fdff::1", "fe80::1", "ff02::1", "::ffff:10.0.0.1", "::10.0.0.1"),
        *("64:ff9b::192.168.1.1", "2002:0a00:0001::1"),
    ],
)
def test_an_address_of_nobody_on_the_internet_is_private(text: str) -> None:
    assert private(text)


@pytest.mark.parametrize(
    "text",
    [
        *("1.1.1.1", "9.9.9.9", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.167.0.1"),
        *("192.169.0.1", "223.255.255.255", "2001:4860:4860::8888", "::ffff:1.1.1.1"),
        *("64:ff9b::1.1.1.1", "2002:0101:0101::1"),
    ],
)
def test_an_address_of_the_internet_is_not(text: str) -> None:
    assert not private(text)


def hints(*parameters: tuple[int, str]) -> bytes:
    """The data of an HTTPS record for the name itself."""
    packed = b"".join(
        key.to_bytes(2) + len(raw).to_bytes(2) + raw
        for key, text in parameters
        for raw in [b"".join(ip_address(one).packed for one in text.split())]
    )
    return b"\0\1\0" + packed


def test_a_hint_into_the_lan_is_private() -> None:
    assert WITH_ADDRESSES[HTTPS](hints((4, "1.1.1.1 10.0.0.1")))
    assert WITH_ADDRESSES[HTTPS](hints((4, "1.1.1.1"), (6, "fd00::1")))


def test_a_hint_to_the_internet_is_not() -> None:
    assert not WITH_ADDRESSES[HTTPS](hints((4, "1.1.1.1"), (6, "2001:db9::1")))


@given(st.sampled_from(sorted(WITH_ADDRESSES)), st.binary(max_size=80))
def test_any_bytes_have_an_answer(kind: int, data: bytes) -> None:
    assert WITH_ADDRESSES[kind](data) in (True, False)
