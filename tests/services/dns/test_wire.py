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
    Reply,
    aged,
    ask,
    bad_version,
    compose,
    question_of,
    read_query,
    read_reply,
    refusal,
)
from tests.services.dns.packets import addresses, answer_to, code, parsed, query, question

SOA = "example.com. 900 IN SOA ns. admin. 1 2 3 4 300"
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


@given(st.data())
def test_no_answer_makes_the_parser_do_anything_else(data: st.DataObject) -> None:
    whole = bytearray(answer_to(question(), "www.example.com. 60 IN A 192.0.2.7", authority=SOA))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Malformed):
        assert isinstance(read_reply(bytes(whole[: data.draw(st.integers(0, len(whole)))])), Reply)


def test_a_pointer_loop_is_stepped_over() -> None:
    looped = answer_to(question())[:6] + b"\0\1" + answer_to(question())[8:]
    at = len(looped).to_bytes(2)
    record = bytes([0xC0 | at[0], at[1]]) + b"\0\1\0\1\0\0\0\x3c\0\4" + bytes(4)
    assert read_reply(looped + record).counts == (1, 0, 0)


def test_an_answer_is_kept_for_its_shortest_ttl() -> None:
    said = answer_to(question(), "www.example.com. 60 IN A 1.2.3.4", "x.com. 30 IN A 1.2.3.5")
    assert read_reply(said).seconds == 30


def test_a_negative_answer_is_kept_as_its_soa_says() -> None:
    assert read_reply(answer_to(question(), code="NXDOMAIN", authority=SOA)).seconds == 300


def test_a_negative_answer_without_soa_is_not_kept() -> None:
    assert read_reply(answer_to(question(), code="NXDOMAIN")).seconds == 0


def test_a_negative_answer_is_kept_an_hour_at_most() -> None:
    long = "example.com. 99999 IN SOA ns. admin. 1 2 3 4 99999"
    assert read_reply(answer_to(question(), authority=long)).seconds == 3600


def test_a_cut_answer_is_not_kept() -> None:
    said = answer_to(question(), "www.example.com. 60 IN A 1.2.3.4", cut=True)
    assert read_reply(said).seconds == 0


def test_a_ttl_with_its_top_bit_set_is_zero() -> None:
    said = answer_to(question(), "www.example.com. 4000000000 IN A 1.2.3.4")
    assert read_reply(said).seconds == 0


def test_the_upstreams_own_opt_is_not_passed_on() -> None:
    said = answer_to(question(), "www.example.com. 60 IN A 1.2.3.4", edns=True)
    found = read_reply(said)
    assert found.counts == (1, 0, 0)
    assert addresses(compose(query(), 0, found.counts, found.records)) == ["1.2.3.4"]


def test_edns_is_answered_with_edns() -> None:
    assert [one.rtype for one in parsed(compose(query(edns=1232), 0, (0, 0, 0), b"")).ar] == [41]


def test_an_answer_echoes_id_question_and_the_wish_for_recursion() -> None:
    said = parsed(compose(read_query(question("WwW.example.com")), 0, (0, 0, 0), b""))
    assert (said.header.id, said.header.rd, said.header.ra) == (0x1234, 1, 1)
    assert str(said.q.qname) == "WwW.example.com."


def test_what_is_too_long_for_udp_is_cut_to_its_question() -> None:
    lines = [f"www.example.com. 60 IN A 192.0.2.{number}" for number in range(60)]
    found = read_reply(answer_to(question(), *lines))
    said = parsed(compose(query(), 0, found.counts, found.records))
    assert (said.header.tc, said.rr) == (1, [])


def test_what_is_too_long_for_udp_goes_by_tcp_whole() -> None:
    lines = [f"www.example.com. 60 IN A 192.0.2.{number}" for number in range(60)]
    found = read_reply(answer_to(question(), *lines))
    assert len(addresses(compose(query(), 0, found.counts, found.records, tcp=True))) == 60


def test_the_places_of_ttls_hold_in_the_message_for_any_client() -> None:
    found = read_reply(answer_to(question(), "www.example.com. 60 IN A 192.0.2.7"))
    ((at, seconds),) = found.ttls
    said = compose(query(edns=1232), 0, found.counts, found.records)
    assert (int.from_bytes(said[at : at + 4]), seconds) == (60, 60)


def test_ttls_age() -> None:
    found = read_reply(answer_to(question(), "www.example.com. 60 IN A 1.2.3.4"))
    said = parsed(compose(query(), 0, found.counts, aged(found, 25)))
    assert said.rr[0].ttl == 35


def test_a_ttl_never_gets_below_zero() -> None:
    found = read_reply(answer_to(question(), "www.example.com. 60 IN A 1.2.3.4"))
    said = parsed(compose(query(), 0, found.counts, aged(found, 99)))
    assert said.rr[0].ttl == 0


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


def test_the_question_upstream_is_ours_with_their_name() -> None:
    sent = parsed(ask(b"\xab\xcd", query("Host.Example.com", "AAAA")))
    assert (sent.header.id, str(sent.q.qname), sent.q.qtype) == (0xABCD, "Host.Example.com.", 28)


def test_the_question_upstream_asks_for_1232_bytes() -> None:
    (opt,) = parsed(ask(b"\0\0", query())).ar
    assert isinstance(opt, dnslib.RR)
    assert opt.rclass == 1232


def test_the_question_of_an_answer_is_compared_without_letter_case() -> None:
    assert question_of(question("WWW.example.com")) == question_of(question("www.EXAMPLE.com"))


def test_the_class_and_type_of_an_answers_question_count() -> None:
    assert question_of(question(kind="A")) != question_of(question(kind="AAAA"))
    assert A == 1
