import contextlib

from hypothesis import given
from hypothesis import strategies as st

from services.dns.reply import Reply, aged, read_reply
from services.dns.wire import LONGEST, Malformed, compose
from tests.services.dns.packets import addresses, answer_to, parsed, query, question

SOA = "example.com. 900 IN SOA ns. admin. 1 2 3 4 300"


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


def test_what_is_too_long_for_udp_is_cut_to_its_question() -> None:
    lines = [f"www.example.com. 60 IN A 192.0.2.{number}" for number in range(60)]
    found = read_reply(answer_to(question(), *lines))
    said = parsed(compose(query(), 0, found.counts, found.records))
    assert (said.header.tc, said.rr) == (1, [])


def test_what_is_too_long_for_udp_goes_by_tcp_whole() -> None:
    lines = [f"www.example.com. 60 IN A 192.0.2.{number}" for number in range(60)]
    found = read_reply(answer_to(question(), *lines))
    client = query()
    client.limit = LONGEST
    assert len(addresses(compose(client, 0, found.counts, found.records))) == 60


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
