"""The kernel's steps put together to packets."""

from dataclasses import replace

import pytest

from services.trace.packets import Packet, Packets
from services.trace.wire import ACCEPT, BY_POLICY, BY_RULE, DROP, Step, step
from tests.services.trace.seen import (
    ARRIVES,
    ARRIVES6,
    FRAME,
    FRAME6,
    GOES_ON,
    LET_IN,
    REFUSED,
)

ID = "rule:refuse"


def read(body: bytes) -> Step:
    found = step(body)
    assert found is not None
    return found


MARKED = read(ARRIVES)
LET = replace(MARKED, table="nixie", chain="forward", handle=83, verdict=ACCEPT, print=b"")


def seen(*steps: tuple[Step, str], most: int = 50) -> list[Packet]:
    packets = Packets(most)
    for one, name in steps:
        packets.told(one, name, 7.0)
    return list(packets.shown())


def outcome(*steps: tuple[Step, str]) -> tuple[bool | None, str, str]:
    (one,) = seen(*steps)
    return one.accepted, one.by, one.elsewhere


def test_who_is_refused_in_another_chain_is_refused_by_the_rule_that_led_there() -> None:
    way = ((FRAME, "trace"), (ARRIVES, "trace"), (GOES_ON, ID), (REFUSED, "refuse-tcp"))
    (one,) = seen(*((read(body), name) for body, name in way))
    assert (one.accepted, one.by, one.at) == (False, ID, 7.0)
    assert (one.source, one.port, one.destination) == ("10.78.0.20", 1025, "198.51.100.7")


def test_a_packet_is_known_though_the_kernel_counts_it_anew() -> None:
    frame, there, let_in = read(FRAME6), read(ARRIVES6), read(LET_IN)
    assert there.packet != let_in.packet
    assert outcome((frame, "trace"), (there, "trace"), (let_in, "input-dns-udp")) == (
        True,
        "input-dns-udp",
        "",
    )


def test_what_nobody_was_asked_about_is_not_judged() -> None:
    assert outcome((MARKED, "trace")) == (None, "", "")


def test_a_frame_that_nobody_refused_is_not_shown() -> None:
    assert seen((read(FRAME), "trace")) == []


def test_a_frame_that_goes_out_by_another_port_is_let_through_within_its_network() -> None:
    frame = read(FRAME)
    leaves = replace(frame, table="nixie_devices", chain="leaving", by=BY_POLICY, handle=0)
    assert outcome((frame, "trace"), (replace(leaves, verdict=ACCEPT), "")) == (
        True,
        "forward-within",
        "",
    )


def test_a_frame_of_a_blocked_device_is_refused_on_the_bridge() -> None:
    frame = read(FRAME)
    dropped = replace(frame, table="nixie_devices", chain="arriving", handle=4, verdict=DROP)
    assert outcome((frame, "trace"), (dropped, "blocked-from")) == (False, "blocked-from", "")


def test_a_refusal_after_the_filter_is_what_counts() -> None:
    later = replace(LET, family="bridge", table="nixie_devices", chain="leaving", verdict=DROP)
    assert outcome((MARKED, "trace"), (LET, "rule:let"), (later, "blocked-to")) == (
        False,
        "blocked-to",
        "",
    )


def test_another_programs_refusal_is_told_as_that() -> None:
    other = replace(LET, family="ip", table="filter", chain="FORWARD", verdict=DROP)
    assert outcome((MARKED, "trace"), (LET, "rule:let"), (other, "")) == (
        False,
        "",
        "ip filter FORWARD",
    )


def test_another_programs_acceptance_says_nothing() -> None:
    other = replace(LET, table="other", chain="forward")
    assert outcome((MARKED, "trace"), (other, "fine")) == (None, "", "")


def test_the_end_of_a_chain_refuses_by_no_rule() -> None:
    end = replace(LET, by=BY_POLICY, handle=0, verdict=DROP)
    assert outcome((MARKED, "trace"), (end, "")) == (False, "policy", "")


def test_a_rule_that_is_gone_has_no_name() -> None:
    assert outcome((MARKED, "trace"), (LET, "")) == (True, "", "")


def test_a_translation_decides_nothing() -> None:
    nat = replace(LET, chain="postrouting")
    assert outcome((MARKED, "trace"), (LET, "rule:let"), (nat, "masquerade-lan")) == (
        True,
        "rule:let",
        "",
    )


def test_what_others_mark_is_left_out() -> None:
    assert seen((LET, "rule:let")) == []


def test_the_end_of_a_marking_chain_begins_nothing() -> None:
    assert len(seen((MARKED, "trace"), (replace(MARKED, handle=0, by=BY_RULE), ""))) == 1


def test_the_next_packet_may_have_the_number_of_the_last() -> None:
    following = replace(MARKED, print=b"another")
    found = seen((MARKED, "trace"), (LET, "rule:let"), (following, "trace"))
    assert [one.accepted for one in found] == [None, True]


def test_what_a_forward_sends_on_is_one_packet_with_what_was_asked() -> None:
    sent_on = replace(MARKED, chain="sent-on")
    assert outcome((MARKED, "trace"), (sent_on, "trace"), (LET, "forward:ssh")) == (
        True,
        "forward:ssh",
        "",
    )


def test_the_newest_comes_first() -> None:
    found = seen((MARKED, "trace"), (replace(MARKED, print=b"2", port=2), "trace"))
    assert [one.port for one in found] == [2, 1025]


@pytest.mark.parametrize(("many", "full"), [(1, False), (2, True)])
def test_enough_is_enough(many: int, *, full: bool) -> None:
    packets = Packets(2)
    for number in range(many):
        packets.told(replace(MARKED, print=bytes([number])), "trace", 0.0)
    assert packets.full is full


def test_frames_without_an_end_take_no_room_without_an_end() -> None:
    packets, frame = Packets(2), read(FRAME)
    for number in range(100):
        packets.told(replace(frame, print=bytes([number]), packet=number), "trace", 0.0)
    packets.told(replace(MARKED, print=b"more", packet=100), "trace", 0.0)
    assert list(packets.shown()) == []
