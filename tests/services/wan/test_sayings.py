"""What a client's messages hold."""

from ipaddress import IPv4Address

from services.dhcp.options import CLIENT_ID, MAXIMUM_SIZE, SERVER_ID, WANTED_OPTIONS
from services.dhcp.wire import DISCOVER, RELEASE, REQUEST_OP, decode
from services.wan.sayings import message

MAC = bytes.fromhex("525400000001")


def test_a_discover_asks_for_classless_routes_before_the_router() -> None:  # RFC 3442
    asked = decode(message(DISCOVER, MAC, 7, seconds=70_000))
    assert (asked.op, asked.xid, asked.chaddr, asked.secs) == (REQUEST_OP, 7, MAC, 0xFFFF)
    wanted = asked.options[WANTED_OPTIONS]
    assert wanted.index(121) < wanted.index(3)
    assert asked.options[CLIENT_ID] == b"\x01" + MAC
    assert asked.options[MAXIMUM_SIZE] == (1400).to_bytes(2, "big")


def test_a_release_asks_for_nothing() -> None:  # RFC 2131 table 5
    told = decode(message(RELEASE, MAC, 8, [(SERVER_ID, b"\1\2\3\4")], own=IPv4Address(5)))
    assert told.ciaddr == 5
    assert not {WANTED_OPTIONS, MAXIMUM_SIZE} & told.options.keys()
