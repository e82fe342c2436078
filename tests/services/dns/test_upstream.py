from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.dns.reply import Reply
from services.dns.upstream import (
    FOLDS,
    MOST_IN_FLIGHT,
    TRY_SECONDS,
    Flight,
    Upstream,
)
from tests.services.dns.packets import answer_to, parsed, query, question

ID = b"\x00\x07"
LARGE = b"\xff" * 21
"""Dice by which every letter of the question changes its case."""
LINE = "www.example.com. 60 IN A 192.0.2.7"


class Told:
    """A waiter that remembers."""

    def __init__(self) -> None:
        self.replies: list[Reply | None] = []

    def hear(self, reply: Reply | None, _now: float) -> None:
        self.replies.append(reply)


def one() -> Upstream[Told]:
    return Upstream(Told.hear)


def asked(
    upstream: Upstream[Told], told: Told, slot: int = 1, dice: bytes = ID * 2
) -> bytes | None:
    return upstream.ask(query(), told, 100, slot, dice)


def answered(sent: bytes | None, **words: Any) -> bytes:
    assert sent
    return answer_to(sent, LINE, **words)


def flight(upstream: Upstream[Told], message: bytes, slot: int = 1) -> Flight[Told]:
    found = upstream.heard(slot, message)
    assert found
    return found[0]


def test_a_question_leaves_under_the_given_id() -> None:
    sent = asked(one(), Told())
    assert sent
    assert sent[:2] == ID


def test_its_answer_reaches_who_waits() -> None:
    upstream, told = one(), Told()
    found = upstream.heard(1, answered(asked(upstream, told)))
    assert found
    upstream.landed(*found, 101)
    assert told.replies == [found[1]]
    assert len(upstream) == 0


def test_an_answer_from_another_port_is_not_taken() -> None:
    upstream = one()
    assert upstream.heard(2, answered(asked(upstream, Told()))) is None


def test_an_answer_under_another_id_is_not_taken() -> None:
    upstream = one()
    message = answered(asked(upstream, Told()))
    assert upstream.heard(1, b"\0\x08" + message[2:]) is None


def test_an_answer_to_another_question_is_not_taken() -> None:
    upstream = one()
    asked(upstream, Told())
    other = answer_to(question("other.example.com"), LINE)
    assert upstream.heard(1, ID + other[2:]) is None


def test_a_question_is_no_answer() -> None:
    upstream = one()
    sent = asked(upstream, Told())
    assert sent
    assert upstream.heard(1, sent) is None


def test_after_a_broken_answer_the_real_one_is_still_taken() -> None:
    upstream, told = one(), Told()
    message = answered(asked(upstream, told))
    assert upstream.heard(1, message[:-1]) is None
    assert upstream.heard(1, message)


def test_a_second_answer_is_nobodys() -> None:
    upstream, told = one(), Told()
    message = answered(asked(upstream, told))
    found = upstream.heard(1, message)
    assert found
    upstream.landed(*found, 101)
    assert upstream.heard(1, message) is None
    upstream.landed(*found, 101)
    assert len(told.replies) == 1


def test_a_late_question_is_sent_again_from_another_place() -> None:
    upstream = one()
    asked(upstream, Told())
    assert upstream.wake_at == 100 + TRY_SECONDS[0]
    (late,), over = upstream.woken(100 + TRY_SECONDS[0])
    sent = upstream.again(late, 101, 2, b"\0\x09" * 2)
    assert over == []
    assert sent
    assert sent[:2] == b"\0\x09"
    assert upstream.heard(2, answered(sent))


def test_a_retry_is_another_id_so_the_first_one_is_worth_nothing() -> None:
    upstream = one()
    message = answered(asked(upstream, Told()))
    (late,), _ = upstream.woken(101)
    upstream.again(late, 101, 2, b"\0\x09" * 2)
    assert upstream.heard(1, message) is None


def test_after_the_last_try_its_time_is_over() -> None:
    upstream, told = one(), Told()
    asked(upstream, told)
    now = 100.0
    over: list[Flight[Told]] = []
    for number, seconds in enumerate(TRY_SECONDS):
        now += seconds
        late, over = upstream.woken(now)
        for each in late:
            upstream.again(each, now, number, bytes([9, number]) * 2)
    (ended,) = over
    upstream.landed(ended, None, now)
    assert told.replies == [None]


def test_nothing_is_held_of_an_answered_question() -> None:
    upstream = one()
    found = upstream.heard(1, answered(asked(upstream, Told())))
    assert found
    upstream.landed(*found, 101)
    assert upstream.wake_at is None


def test_an_answered_question_is_not_sent_again() -> None:
    upstream = one()
    found = upstream.heard(1, answered(asked(upstream, Told())))
    assert found
    upstream.landed(*found, 101)
    assert upstream.woken(200) == ([], [])


def test_a_cut_answer_is_asked_by_tcp_while_no_clock_runs() -> None:
    upstream, told = one(), Told()
    found = upstream.heard(1, answered(asked(upstream, told), cut=True))
    assert found
    assert found[0].wants_tcp
    upstream.by_tcp(found[0])
    assert upstream.woken(200) == ([], [])
    upstream.landed(found[0], found[1], 300)
    assert len(told.replies) == 1


def test_a_port_that_nobody_listens_on_names_its_questions() -> None:
    upstream = one()
    asked(upstream, Told())
    assert len(upstream.refused(1)) == 1
    assert upstream.refused(2) == []


def test_too_many_questions_in_flight_are_sent_off() -> None:
    upstream, told = one(), Told()
    for number in range(MOST_IN_FLIGHT):
        upstream.ask(query(f"n{number}.example.com"), Told(), 100, 1, number.to_bytes(2) * 2)
    assert upstream.ask(query("one.too.many"), told, 100, 2, ID * 2) is None
    assert told.replies == [None]


def test_an_id_that_is_taken_is_drawn_again() -> None:
    upstream = one()
    asked(upstream, Told())
    sent = upstream.ask(query("other.example.com"), Told(), 100, 1, ID + b"\0\x09")
    assert sent
    assert sent[:2] == b"\0\x09"


def test_two_ids_that_are_taken_send_the_waiter_off_rather_than_confuse_two() -> None:
    upstream, told = one(), Told()
    asked(upstream, Told())
    assert upstream.ask(query("other.example.com"), told, 100, 1, ID * 2) is None
    assert told.replies == [None]


def test_another_upstream_sends_everybody_off() -> None:
    upstream, told = one(), Told()
    asked(upstream, told)
    upstream.clear(101)
    assert (told.replies, len(upstream), upstream.wake_at) == ([None], 0, None)


def test_another_upstream_sends_off_who_waits_for_tcp() -> None:
    upstream, told = one(), Told()
    upstream.by_tcp(flight(upstream, answered(asked(upstream, told), cut=True)))
    upstream.clear(101)
    assert (told.replies, len(upstream)) == ([None], 0)


def test_the_sent_question_is_a_whole_message() -> None:
    sent = asked(one(), Told())
    assert sent
    assert str(parsed(sent).q.qname) == "www.example.com."


def scrambled_question() -> bytes:
    sent = asked(one(), Told(), dice=ID * 2 + LARGE)
    assert sent
    return sent


def test_the_question_leaves_in_a_letter_case_that_was_diced() -> None:
    assert str(parsed(scrambled_question()).q.qname) == "WWW.EXAMPLE.COM."


def folded(upstream: Upstream[Told]) -> tuple[Flight[Told], Reply]:
    """An answer that repeats the question in small letters."""
    sent = asked(upstream, Told(), dice=ID * 2 + LARGE)
    assert sent
    found = upstream.heard(1, answer_to(ID + question()[2:], LINE))
    assert found
    return found


def test_an_answer_in_another_letter_case_is_asked_again_by_tcp() -> None:
    assert folded(one())[0].wants_tcp


def test_an_answer_in_the_same_letter_case_is_taken() -> None:
    upstream = one()
    sent = asked(upstream, Told(), dice=ID * 2 + LARGE)
    found = upstream.heard(1, answered(sent))
    assert found
    assert not found[0].wants_tcp


def test_a_broken_answer_casts_no_doubt_on_the_real_one() -> None:
    upstream = one()
    sent = asked(upstream, Told(), dice=ID * 2 + LARGE)
    assert upstream.heard(1, answer_to(ID + question()[2:], LINE)[:-1]) is None
    found = upstream.heard(1, answered(sent))
    assert found
    assert not found[0].wants_tcp


def test_an_upstream_that_folds_letters_is_believed_once_tcp_has_confirmed_it() -> None:
    upstream = one()
    for _ in range(FOLDS):
        flight, reply = folded(upstream)
        upstream.confirmed(flight)
        upstream.landed(flight, reply, 101)
    assert not folded(upstream)[0].wants_tcp


@given(st.binary(max_size=200), st.integers(0, 60), st.binary(max_size=20))
def test_what_an_upstream_says_is_the_answer_or_nothing(noise: bytes, at: int, more: bytes) -> None:
    upstream, told = one(), Told()
    right = answered(asked(upstream, told))
    for message in (noise, right[:2] + noise, right[:at] + more + right[at + len(more) :]):
        found = upstream.heard(1, message)
        assert found is None or found[0].query.key == query().key
    found = upstream.heard(1, right)
    assert found
    upstream.landed(*found, 101)
    assert len(told.replies) == 1
