import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clock.tracking import OWN_CLOCK, Standing, standing
from services.clock.wire import EPOCH, answer

ASKED_AT = bytes(range(8))
QUESTION = bytes([4 << 3 | 3, 0, 6]) + bytes(37) + ASKED_AT
KNOWS = Standing(0xC0000201, 3, 0, 900.0, 0.25, 0.5, 0.125)
NOW = 1_000.0


def told(standing: Standing | None = KNOWS, question: bytes = QUESTION) -> tuple[int, ...]:
    said = answer(question, standing, NOW - 1, NOW)
    assert said is not None
    return struct.unpack("!BBbbIII4Q", said)


def seconds(stamp: int) -> float:
    return stamp / (1 << 32) - EPOCH


def test_an_answer_is_as_long_as_its_question() -> None:
    said = answer(QUESTION, KNOWS, NOW, NOW)
    assert said is not None
    assert len(said) == len(QUESTION)


def test_a_client_is_told_who_set_the_clock() -> None:
    first, stratum, poll, _, delay, dispersion, source, *_ = told()
    assert (first >> 6, first >> 3 & 7, first & 7) == (0, 4, 4)
    assert (stratum, poll, source) == (3, 6, KNOWS.source)
    assert (delay, dispersion) == (1 << 15, 1 << 13)  # 16 bits of a fraction


def test_the_times_are_what_chronyd_believes() -> None:
    *_, set_at, asked_at, received, sent = told()
    assert [seconds(one) for one in (set_at, received, sent)] == [900.0, NOW - 0.75, NOW + 0.25]
    assert asked_at.to_bytes(8) == ASKED_AT


@pytest.mark.parametrize("standing", [None, replace(KNOWS, leap=3), replace(KNOWS, source=0)])
def test_before_anybody_set_the_clock_it_is_told_as_it_is(standing: Standing | None) -> None:
    first, stratum, _, _, _, _, source, _, _, _, sent = told(standing)
    assert (first >> 6, stratum, source) == (0, 10, OWN_CLOCK)
    assert seconds(sent) == NOW


def test_an_older_client_is_answered_in_its_version() -> None:
    first, *_ = told(question=bytes([3 << 3 | 3]) + QUESTION[1:])
    assert first >> 3 & 7 == 3


@pytest.mark.parametrize(
    "question",
    [
        b"",
        QUESTION[:-1],
        bytes([4 << 3 | 4]) + QUESTION[1:],
        bytes([2 << 3 | 6]) + QUESTION[1:],
        bytes([2 << 3 | 7]) + QUESTION[1:],
        bytes([7 << 3 | 3]) + QUESTION[1:],
    ],
    ids=["empty", "cut off", "a server", "control", "private", "a version to come"],
)
def test_nobody_but_a_client_is_answered(question: bytes) -> None:
    assert answer(question, KNOWS, NOW, NOW) is None


def test_a_time_after_2036_turns_over() -> None:
    said = answer(QUESTION, None, 2_200_000_000.0, 2_200_000_000.0)
    assert said is not None
    assert struct.unpack("!I", said[40:44]) == ((2_200_000_000 + EPOCH) & 0xFFFFFFFF,)


@given(st.binary(max_size=120) | st.binary(min_size=47, max_size=80).map(lambda end: b"\x23" + end))
def test_no_question_gets_more_than_it_brought(question: bytes) -> None:
    said = answer(question, KNOWS, NOW, NOW)
    assert said is None or len(said) == 48 <= len(question)


@given(st.binary(min_size=104, max_size=104))
def test_whatever_chronyd_says_there_is_an_answer(told: bytes) -> None:
    head = struct.pack("!BBBBHHH", 6, 2, 0, 0, 33, 5, 0)
    found = standing(head + told[10:16] + struct.pack("!I", 7) + told[20:], 7)
    assert found is not None
    said = answer(QUESTION, found, NOW, NOW)
    assert said is not None
    assert len(said) == 48
