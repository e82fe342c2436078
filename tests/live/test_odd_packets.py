"""Packets in odd clothes get no further than plain ones: in pieces, behind headers of IPv6."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from tests.live.firewall_room import Dress, Room, checksum, firewall_room
from tests.live.test_isolation import HOME, KNOCKS, SSH, packet

pytestmark = pytest.mark.live

PLAIN_V4, PLAIN_V6 = 20, 40  # bytes of the two headers
FRAGMENT, HOPS, ROUTING, OPTIONS = 44, 0, 43, 60  # RFC 8200 §4.1


def cut_v4(whole: bytes) -> Sequence[bytes]:
    """The transport's header alone, then the rest (RFC 791 §3.2)."""
    kind, head, body = whole[:2], whole[2 : 2 + PLAIN_V4], whole[2 + PLAIN_V4 :]
    return (
        kind + _head(head, len(body[:8]), flags=0x2000) + body[:8],
        kind + _head(head, len(body[8:]), flags=1) + body[8:],
    )


def cut_v6(whole: bytes) -> Sequence[bytes]:
    """The transport's header alone, then the rest (RFC 8200 §4.5)."""
    body, follows = whole[2 + PLAIN_V6 :], whole[8]
    ident = whole[-4:]
    first = struct.pack("!BBH", follows, 0, 1) + ident + body[:8]
    second = struct.pack("!BBH", follows, 0, 8) + ident + body[8:]
    return tuple(_after(whole, FRAGMENT, piece) for piece in (first, second))


def behind(header: int, content: bytes) -> Dress:
    """With a header of that number before the transport's; `content` are its last six bytes."""

    def dress(whole: bytes) -> Sequence[bytes]:
        extra = bytes((whole[8], 0)) + content
        return (_after(whole, header, extra + whole[2 + PLAIN_V6 :]),)

    return dress


def _head(head: bytes, size: int, *, flags: int) -> bytes:
    """An IPv4 header for `size` bytes more."""
    made = head[:2] + struct.pack("!H", PLAIN_V4 + size) + head[4:6] + struct.pack("!H", flags)
    made += head[8:10] + b"\0\0" + head[12:]
    return made[:10] + checksum(made) + made[12:]


def _after(whole: bytes, header: int, rest: bytes) -> bytes:
    """The IPv6 header of `whole`, then others and what they carry."""
    return whole[:6] + struct.pack("!HB", len(rest), header) + whole[9 : 2 + PLAIN_V6] + rest


PADDED = bytes((1, 4, 0, 0, 0, 0))  # PadN
CLOTHES: Mapping[str, tuple[int, Dress]] = {
    "in pieces": (4, cut_v4),
    "in pieces, by IPv6": (6, cut_v6),
    "with options for each hop": (6, behind(HOPS, PADDED)),
    "with options for its end": (6, behind(OPTIONS, PADDED)),
    "with a routing header": (6, behind(ROUTING, bytes(6))),
}


@pytest.fixture(scope="module")
def home() -> Iterator[Room]:
    with firewall_room() as made:
        assert made.apply(replace(HOME, forwards=(replace(SSH, protocol="udp"),))) == ()
        yield made


@pytest.mark.parametrize("clothes", CLOTHES)
def test_what_may_pass_passes_in_any_clothes(home: Room, clothes: str) -> None:
    family, dress = CLOTHES[clothes]
    knock = packet("lan", "internet", family, "udp 8080")
    assert home.arrives(knock, dress) == "internet"


@pytest.mark.parametrize("target", ["router", "lan", "visitors"])
@pytest.mark.parametrize("clothes", CLOTHES)
def test_nothing_comes_from_the_internet_in_any_clothes(
    home: Room, clothes: str, target: str
) -> None:
    family, dress = CLOTHES[clothes]
    for what in ("udp 53", "udp 22", "tcp 443"):
        assert home.arrives(packet("internet", target, family, what), dress) is None


@pytest.mark.parametrize("clothes", ["in pieces", "in pieces, by IPv6"])
def test_a_forward_is_for_its_port_in_pieces_as_well(home: Room, clothes: str) -> None:
    family, dress = CLOTHES[clothes]
    version = ", by IPv6" if family == 6 else ""
    knock = replace(KNOCKS[f"the internet{version}"], protocol="udp")
    assert home.arrives(knock, dress) == "lan"
    assert home.arrives(replace(knock, port=23), dress) is None
