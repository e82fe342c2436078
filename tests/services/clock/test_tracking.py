import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clock.tracking import (
    ANSWER,
    OWN_CLOCK,
    QUESTION,
    Standing,
    question,
    standing,
    synchronised,
)

SERVER = 0xC0000201  # 192.0.2.1
ONE, MINUS_ONE = 0x04800000, 0x05800000


def answer(*, source: int = SERVER, leap: int = 0, number: int = 7, status: int = 0) -> bytes:
    head = struct.pack("!BBBBHHHHHHIII", 6, 2, 0, 0, 33, 5, status, 0, 0, 0, number, 0, 0)
    figures = (ONE, 0, 0, 0, 0, 0, MINUS_ONE, ONE, ONE)  # as chrony writes numbers
    when = (0x7FFFFFFF, 1_800_000_000, 500_000_000)
    return head + struct.pack("!I20xHHIII9I", source, 3, leap, *when, *figures)


def test_a_question_is_as_long_as_its_answer() -> None:
    assert QUESTION.size == 104 == len(answer())


def test_a_question_asks_for_tracking() -> None:
    assert question(7)[:12] == bytes.fromhex("060100000021000000000007")


def test_an_answer_says_how_the_clock_stands() -> None:
    assert standing(answer(), 7) == Standing(
        source=SERVER,
        stratum=3,
        leap=0,
        set_at=1_800_000_000.5,
        slow_by=1.0,
        root_delay=-1.0,
        root_dispersion=1.0,
    )


def test_a_chronyd_that_follows_a_server_is_synchronised() -> None:
    assert synchronised(answer(), 7)


@pytest.mark.parametrize(
    "said",
    [
        answer(leap=3),
        answer(source=OWN_CLOCK),
        answer(source=0),
        answer(number=8),
        answer(status=2),
        answer()[: ANSWER.size - 1],
        b"",
    ],
    ids=["unsynchronised", "its own clock", "no source", "another", "refused", "cut off", "empty"],
)
def test_anything_else_is_not(said: bytes) -> None:
    assert not synchronised(said, 7)


@given(st.binary(max_size=140))
def test_no_bytes_make_the_clock_believed(answer: bytes) -> None:
    assert not synchronised(answer, 7) or answer[0] == 6
