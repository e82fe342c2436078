import struct

import pytest

from services.clock.tracking import ANSWER, OWN_CLOCK, QUESTION, question, synchronised

SERVER = 0xC0000201  # 192.0.2.1


def answer(*, source: int = SERVER, leap: int = 0, number: int = 7, status: int = 0) -> bytes:
    head = struct.pack("!BBBBHHHHHHIII", 6, 2, 0, 0, 33, 5, status, 0, 0, 0, number, 0, 0)
    return head + struct.pack("!I20xHH", source, 3, leap) + bytes(48)


def test_a_question_is_as_long_as_its_answer() -> None:
    assert QUESTION.size == 104 == len(answer())


def test_a_question_asks_for_tracking() -> None:
    assert question(7)[:12] == bytes.fromhex("060100000021000000000007")


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
