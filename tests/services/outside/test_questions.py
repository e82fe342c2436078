from services.dhcp.options import MESSAGE_TYPE
from services.dhcp.wire import DISCOVER, decode
from services.outside.questions import DISCOVER as DISCOVERED
from services.outside.questions import (
    DNS_QUESTION,
    SOLICIT,
    USUAL_TCP,
    WORDS,
    questions,
)


def test_every_port_of_ours_is_asked_beside_the_usual_ones() -> None:
    asked = questions(["192.0.2.2"], [("tcp", 40_000), ("udp", 40_001)])
    there = {(one.protocol, one.port) for one in asked if one.address == "192.0.2.2"}
    assert {("tcp", 40_000), ("udp", 40_001), ("tcp", 22), ("udp", 53)} <= there
    assert len(set(USUAL_TCP)) == len(USUAL_TCP)


def test_every_address_is_asked_the_same() -> None:
    asked = questions(["192.0.2.2", "fd12::1"], [])
    first = [(one.protocol, one.port) for one in asked if one.address == "192.0.2.2"]
    assert [(one.protocol, one.port) for one in asked if one.address == "fd12::1"] == first


def test_a_server_of_each_kind_gets_words_that_it_answers() -> None:
    asked = {one.port: one.words for one in questions(["192.0.2.2"], []) if one.protocol == "udp"}
    assert {port: asked[port] for port in WORDS} == WORDS
    assert asked[500] == b"?"


def test_addresses_are_asked_for_by_dhcp_of_everybody_on_the_cable() -> None:
    shouted = {(one.address, one.port) for one in questions([], [])}
    assert shouted == {("255.255.255.255", 67), ("ff02::1:2", 547)}
    message = decode(DISCOVERED)
    assert message.options[MESSAGE_TYPE] == bytes([DISCOVER])


def test_the_words_are_whole() -> None:
    assert DNS_QUESTION[12:].startswith(b"\x05nixie\x03lan\x00")
    assert (SOLICIT[0], len(SOLICIT)) == (1, 4 + 4 + 10 + 4 + 12)
    assert len(WORDS[51820]) == 148
