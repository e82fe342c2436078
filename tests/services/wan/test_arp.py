"""ARP's question and answer, byte by byte."""

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from services.wan.arp import answered, question

MAC = bytes.fromhex("525400000001")
ANSWER = bytes.fromhex("0001080006040002525400000002cb007101525400000001cb007105")


def test_a_question_asks_who_has_the_address() -> None:
    asked = question(MAC, IPv4Address("203.0.113.1"), IPv4Address("203.0.113.5"))
    assert asked.hex() == ("0001080006040001525400000001cb007105000000000000cb007101")


def test_a_question_before_the_address_is_ours_names_none() -> None:
    assert question(MAC, IPv4Address("203.0.113.5"), None)[14:18] == bytes(4)


def test_an_answer_says_whose_it_is() -> None:
    padded = ANSWER + bytes(18)
    found = (bytes.fromhex("525400000002"), IPv4Address("203.0.113.1"))
    assert answered(padded) == answered(ANSWER) == found


def test_a_question_is_no_answer() -> None:
    assert answered(question(MAC, IPv4Address("203.0.113.1"), None)) is None


def test_a_piece_of_an_answer_is_none() -> None:
    assert all(answered(ANSWER[:size]) is None for size in range(len(ANSWER)))


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda end: ANSWER[:8] + end))
def test_any_packet_is_an_answer_or_none(packet: bytes) -> None:
    found = answered(packet)
    assert found is None or len(found[0]) == 6
