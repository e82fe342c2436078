from hypothesis import given
from hypothesis import strategies as st

from services.dns.wire import HEADER_SIZE
from services.supervisor.standby.driver import no_answer
from tests.services.dns.packets import question

ASKED = question()


def test_a_question_is_answered_with_servfail_under_its_id() -> None:
    said = no_answer(ASKED)
    assert said
    assert said[:2] == ASKED[:2]
    assert said[3] & 15 == 2
    assert said[HEADER_SIZE:].startswith(ASKED[HEADER_SIZE:])


def test_an_answer_is_not_answered() -> None:
    assert no_answer(no_answer(ASKED) or b"") is None


@given(st.binary(max_size=120) | st.binary(max_size=80).map(lambda end: ASKED[:HEADER_SIZE] + end))
def test_nothing_gets_more_than_it_brought(message: bytes) -> None:
    said = no_answer(message)
    assert said is None or len(said) <= max(len(message), HEADER_SIZE) + 11  # our OPT record
