"""What the kernel tells of packets and rules, as it was seen (Linux 6.18), and what nobody does."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.netlink.wire import attribute
from services.trace.wire import ACCEPT, BY_POLICY, BY_RULE, DROP, GOTO, rule, rules_asked, step
from tests.services.trace.seen import ARRIVES, FRAME, GOES_ON, LET_IN, REFUSED, RULE

POLICY_DROPS = bytes(4) + b"".join(
    attribute(kind, value)
    for kind, value in (
        (6, b"\0\0\0\7"),
        (1, b"nixie\0"),
        (2, b"input\0"),
        (4, b"\0\0\0\1"),
        (16, bytes(4)),
    )
)


def test_where_a_packet_is_and_by_which_rule_is_read() -> None:
    found = step(LET_IN)
    assert found is not None
    assert (found.family, found.table, found.chain) == ("inet", "nixie", "input")
    assert found.rule == ("inet", "nixie", 50)
    assert (found.by, found.verdict) == (BY_RULE, ACCEPT)


def test_its_ends_are_read_where_they_are_told() -> None:
    found = step(FRAME)
    assert found is not None
    assert (found.source, found.destination) == (
        IPv4Address("10.78.0.20"),
        IPv4Address("198.51.100.7"),
    )
    assert (found.family, found.port) == ("bridge", 1025)


def test_ipv6_is_read() -> None:
    found = step(LET_IN)
    assert found is not None
    assert (found.source, found.destination) == (IPv6Address("fd77::20"), IPv6Address("fd77::1"))


def test_a_verdict_that_leads_on_is_no_number_of_its_own_sign() -> None:
    found = step(GOES_ON)
    assert found is not None
    assert (found.verdict, found.source, found.print) == (GOTO, None, b"")


def test_a_refusal_is_read() -> None:
    found = step(REFUSED)
    assert found is not None
    assert (found.verdict, found.chain) == (DROP, "refuse")


def test_what_a_chain_does_in_the_end_is_read() -> None:
    found = step(POLICY_DROPS)
    assert found is not None
    assert (found.by, found.verdict, found.handle) == (BY_POLICY, DROP, 0)


def test_one_packet_is_the_same_wherever_it_is() -> None:
    frame, packet = step(FRAME), step(ARRIVES)
    assert frame is not None
    assert packet is not None
    assert frame.packet != packet.packet  # the kernel's number changed on the way
    assert frame.print == packet.print != b""


def test_a_packet_is_the_same_with_another_receiver() -> None:
    """A forward changes that, the port that is asked, the checksum, and the hops that are left."""
    at = ARRIVES.index(bytes.fromhex("c6336407"))
    sent_on = bytearray(ARRIVES)
    sent_on[at : at + 4] = IPv4Address("10.77.0.5").packed
    sent_on[at - 8] -= 1
    port = ARRIVES.index(bytes.fromhex("138a"))
    sent_on[port : port + 2] = b"\0\x16"
    before, after = step(ARRIVES), step(bytes(sent_on))
    assert before is not None
    assert after is not None
    assert (before.print, str(after.destination)) == (after.print, "10.77.0.5")


def test_the_next_packet_is_another() -> None:
    at = ARRIVES.index(bytes.fromhex("4500003800010000"))
    following = bytearray(ARRIVES)
    following[at + 5] += 1  # its identification (RFC 791 §3.1)
    before, after = step(ARRIVES), step(bytes(following))
    assert before is not None
    assert after is not None
    assert before.print != after.print


def test_a_rule_has_its_comment_for_a_name() -> None:
    assert rule(RULE) == (("inet", "nixie", 26), "noted:spoofed")


def test_a_rule_without_a_comment_has_no_name() -> None:
    assert rule(b"\1\0\0\0" + attribute(1, b"other\0") + attribute(3, bytes(7) + b"\2")) == (
        ("inet", "other", 2),
        "",
    )


def test_all_rules_are_asked_for() -> None:
    assert rules_asked()[4:8] == bytes.fromhex("070a0103")


@pytest.mark.parametrize("length", range(0, len(FRAME), 7))
def test_what_is_cut_off_is_read_as_far_as_it_goes_or_left_out(length: int) -> None:
    found = step(FRAME[:length])
    assert found is None or found.table in ("", "nixie_trace")


@given(st.binary(max_size=120), st.sampled_from((b"", FRAME[:60], LET_IN[:80], RULE[:40])))
def test_noise_does_nothing_but_be_read_or_left_out(noise: bytes, head: bytes) -> None:
    one = step(head + noise)
    assert one is None or one.port is None or 0 <= one.port < 65_536
    assert isinstance(rule(head + noise)[1], str)


@given(st.binary(max_size=60), st.sampled_from((1, 2, 3, 4, 5, 6, 8, 9, 16)))
def test_no_attribute_breaks_a_step(value: bytes, kind: int) -> None:
    step(FRAME + attribute(kind, value))
