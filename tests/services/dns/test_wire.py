import contextlib

import dnslib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dns.wire import (
    AAAA,
    FORMERR,
    A,
    Malformed,
    Query,
    ask,
    bad_version,
    compose,
    question_of,
    read_query,
    refusal,
)
from tests.services.dns.packets import answer_to, code, parsed, query, question

ROUND = b"\x124\1\0\0\1\0\0\0\0\0\0"


def test_a_question_is_read() -> None:
    found = read_query(question("WWW.Example.com", "AAAA"))
    assert (found.name, found.type) == (b"\3www\7example\3com\0", AAAA)


def test_the_letter_case_asked_is_kept_for_the_echo() -> None:
    assert b"WWW" in read_query(question("WWW.Example.com")).question


def test_without_edns_an_answer_may_have_512_bytes() -> None:
    assert query().limit == 512


def test_more_than_1232_bytes_are_never_sent() -> None:
    assert query(edns=4096).limit == 1232


def test_an_edns_size_below_512_counts_as_512() -> None:
    assert query(edns=100).limit == 512


def test_who_wants_signatures_asks_something_else() -> None:
    plain, signed = question(edns=1232), question(edns=1232, do=True)
    assert read_query(plain).key != read_query(signed).key


BROKEN = {
    "nothing": b"",
    "a header only": ROUND,
    "two questions": question()[:4] + b"\0\2" + question()[6:],
    "an answer inside": question()[:6] + b"\0\1" + question()[8:],
    "a name without end": ROUND + b"\3www\7exam",
    "a pointer in the question": ROUND + b"\xc0\x0c\0\1\0\1",
    "a label of unknown kind": ROUND + b"\x41" + b"x" * 65 + b"\0\0\1\0\1",
    "a name of 256 bytes": ROUND + (b"\x3f" + b"x" * 63) * 4 + b"\0\0\1\0\1",
    "no class": ROUND + b"\3www\0\0\1",
    "bytes behind": question() + b"x",
    "a record cut short": question(edns=1232)[:-3],
    "two OPT records": question()[:10] + b"\0\2" + question()[12:] + (b"\0\0\x29" + bytes(8)) * 2,
    "an OPT with a name": question()[:10] + b"\0\1" + question()[12:] + b"\1x\0\0\x29" + bytes(8),
    "data longer than the message": question(edns=1232)[:-2] + b"\0\7",
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_read_is_refused_by_name(case: str) -> None:
    with pytest.raises(Malformed):
        read_query(BROKEN[case])


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda tail: ROUND + tail))
def test_no_question_makes_the_parser_do_anything_else(message: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert isinstance(read_query(message), Query)


def test_edns_is_answered_with_edns() -> None:
    assert [one.rtype for one in parsed(compose(query(edns=1232), 0, (0, 0, 0), b"")).ar] == [41]


def test_an_answer_echoes_id_question_and_the_wish_for_recursion() -> None:
    said = parsed(compose(read_query(question("WwW.example.com")), 0, (0, 0, 0), b""))
    assert (said.header.id, said.header.rd, said.header.ra) == (0x1234, 1, 1)
    assert str(said.q.qname) == "WwW.example.com."


def test_a_message_of_which_only_the_header_is_sound_is_refused_with_its_id() -> None:
    said = refusal(ROUND, FORMERR)
    assert said
    assert (said[:2], code(said)) == (b"\x124", "FORMERR")


def test_an_answer_is_never_answered() -> None:
    assert refusal(answer_to(question()), FORMERR) is None


def test_a_stump_is_never_answered() -> None:
    assert refusal(b"\x124\1\0\0\1", FORMERR) is None


def test_an_unknown_edns_version_gets_badvers() -> None:
    said = parsed(bad_version(query(edns=1232)))
    assert said.ar[0].ttl >> 24 == 1


def asked(identity: bytes, client: Query) -> bytes:
    return ask(identity, client, client.question)


def test_the_question_upstream_is_ours_with_their_name() -> None:
    sent = parsed(asked(b"\xab\xcd", query("Host.Example.com", "AAAA")))
    assert (sent.header.id, str(sent.q.qname), sent.q.qtype) == (0xABCD, "Host.Example.com.", 28)


def test_the_question_upstream_asks_for_1232_bytes() -> None:
    (opt,) = parsed(asked(b"\0\0", query())).ar
    assert isinstance(opt, dnslib.RR)
    assert opt.rclass == 1232


def test_the_question_of_an_answer_is_compared_without_letter_case() -> None:
    assert question_of(question("WWW.example.com")) == question_of(question("www.EXAMPLE.com"))


def test_the_class_and_type_of_an_answers_question_count() -> None:
    assert question_of(question(kind="A")) != question_of(question(kind="AAAA"))
    assert A == 1
