from ipaddress import IPv4Interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.dns import Dns, Record
from appliance.model.slices import DnsNetwork, DnsSlice
from services.dns.answer import (
    PRIVATE_SECONDS,
    Answer,
    Behind,
    Silence,
    answer,
    answered,
    failed,
    from_reply,
    keepable,
    kept_out,
)
from services.dns.blocked import Blocked, Hashes, hash_of
from services.dns.cache import Cache
from services.dns.labels import name_in_bytes
from services.dns.wire import LONGEST, Query
from services.dns.zone import Zone, names
from tests.services.dns.packets import addresses, answer_to, code, parsed, query, question, reply

SLICE = DnsSlice(
    "nixie", "lan", (DnsNetwork("lan", "br-lan", IPv4Interface("10.77.0.1/24")),), Dns()
)
ZONE = Zone(SLICE, names(SLICE, ()))


def decide(
    message: bytes, cache: Cache | None = None, now: float = 100
) -> Answer | Query | Silence:
    return answer(message, network="lan", zone=ZONE, cache=cache or Cache(), now=now)


def said(message: bytes, cache: Cache | None = None, now: float = 100) -> bytes:
    found = decide(message, cache, now)
    assert isinstance(found, Answer)
    return found.message


def changed(message: bytes, at: int, value: int) -> bytes:
    return message[:at] + bytes([value]) + message[at + 1 :]


def test_our_own_name_is_answered() -> None:
    assert addresses(said(question("nixie.lan"))) == ["10.77.0.1"]


def test_what_is_not_ours_is_asked_upstream() -> None:
    assert isinstance(decide(question()), Query)


@pytest.mark.parametrize(("limit", "number"), [(0, 0), (LONGEST, 60)])
def test_an_answer_is_as_long_as_its_way_allows(limit: int, number: int) -> None:
    cache, lines = Cache(), [f"www.example.com. 60 IN A 192.0.2.{n}" for n in range(60)]
    cache.put(query().key, reply(*lines), 100)
    found = answer(question(), "lan", ZONE, cache, 100, limit=limit)
    assert isinstance(found, Answer)
    assert len(addresses(found.message)) == number


def test_what_was_asked_before_is_answered_from_the_cache() -> None:
    cache = Cache()
    cache.put(query().key, reply("www.example.com. 60 IN A 192.0.2.7"), 100)
    message = said(question("WWW.example.COM"), cache, 110)
    assert (addresses(message), parsed(message).rr[0].ttl) == (["192.0.2.7"], 50)


def test_a_local_answer_may_be_given_again_as_it_is() -> None:
    found = decide(question("nixie.lan"))
    assert isinstance(found, Answer)
    assert found.ends > 100
    assert found.ttls == ()


def test_a_refusal_is_not_given_again() -> None:
    found = decide(question("nixie.lan", "ANY"))
    assert isinstance(found, Answer)
    assert found.ends == 0


@pytest.mark.parametrize("kind", ["ANY", "AXFR", "IXFR"])
def test_whole_zones_and_any_are_refused(kind: str) -> None:
    assert code(said(question("nixie.lan", kind))) == "REFUSED"


def test_another_class_is_refused() -> None:
    message = question("version.bind", "TXT")
    assert code(said(message[:-1] + b"\3")) == "REFUSED"


def test_an_update_is_not_implemented() -> None:
    assert code(said(changed(question(), 2, 5 << 3))) == "NOTIMP"


def test_a_client_of_none_of_our_networks_is_refused() -> None:
    found = answer(question("nixie.lan"), network=None, zone=ZONE, cache=Cache(), now=0)
    assert isinstance(found, Answer)
    assert code(found.message) == "REFUSED"


def test_before_the_first_slice_everybody_is_refused() -> None:
    found = answer(question("nixie.lan"), network="lan", zone=None, cache=Cache(), now=0)
    assert isinstance(found, Answer)
    assert code(found.message) == "REFUSED"


def test_without_the_wish_for_recursion_nobody_is_asked() -> None:
    assert code(said(changed(question(), 2, 0))) == "REFUSED"


def test_an_unknown_edns_version_gets_badvers() -> None:
    message = question(edns=1232)
    assert parsed(said(changed(message, len(message) - 5, 1))).ar[0].ttl >> 24 == 1


def test_an_answer_is_met_with_silence() -> None:
    assert isinstance(decide(answer_to(question())), Silence)


def test_an_answer_that_was_cut_is_not_given_again() -> None:
    lines = [f"www.example.com. 60 IN A 192.0.2.{number}" for number in range(60)]
    found = from_reply(query(), reply(*lines), 100, 100, 160)
    assert (parsed(found.message).header.tc, found.ends) == (1, 0)


def test_a_failure_is_kept_for_a_second() -> None:
    assert keepable(failed(query())) == 1


def test_a_failure_of_the_upstream_is_passed_on() -> None:
    found = from_reply(query(), reply(code="SERVFAIL"), 100, 100, 101)
    assert code(found.message) == "SERVFAIL"


HEAD = question()[:12]


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda tail: HEAD + tail))
def test_no_message_does_anything_but_answer_ask_or_be_silent(message: bytes) -> None:
    found = decide(message)
    if isinstance(found, Answer):
        assert found.message[:2] == message[:2]
        assert found.message[2] & 0x80
    else:
        assert isinstance(found, Query | Silence)


@given(st.data())
def test_no_mutated_question_gets_an_answer_longer_than_it_may(data: st.DataObject) -> None:
    message = bytearray(question("nixie.lan", edns=1232))
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    found = decide(bytes(message))
    assert not isinstance(found, Answer) or len(found.message) <= 1232


ADS = Blocked({"ads": Hashes(b"", hash_of(name_in_bytes("ads.example")).to_bytes(8, "little"))})


def blocked(message: bytes, zone: Zone = ZONE) -> Answer | Query | Silence:
    return answer(message, network="lan", zone=zone, cache=Cache(), now=100, blocked=ADS)


def test_a_blocked_name_does_not_exist() -> None:
    said_so = blocked(question("www.ads.example"))
    assert isinstance(said_so, Answer)
    assert (said_so.blocked, code(said_so.message)) == (True, "NXDOMAIN")


def test_a_client_forgets_soon_that_a_name_was_blocked() -> None:
    said_so = blocked(question("ads.example"))
    assert isinstance(said_so, Answer)
    (soa,) = parsed(said_so.message).auth
    assert (str(soa.rname), soa.ttl) == ("ads.example.", 10)


def test_who_can_read_it_is_told_that_the_name_is_blocked() -> None:
    said_so = blocked(question("ads.example", edns=1232))
    assert isinstance(said_so, Answer)
    (opt,) = parsed(said_so.message).ar
    assert [(one.code, bytes(one.data)) for one in opt.rdata] == [(15, b"\0\x0f")]


def test_our_own_names_are_never_blocked() -> None:
    said_so = blocked(question("nixie.lan"))
    assert isinstance(said_so, Answer)
    assert not said_so.blocked


ALIAS = DnsSlice(
    "nixie",
    "lan",
    SLICE.networks,
    Dns(records=(Record("site", "CNAME", "www.example.com"), Record("ad", "CNAME", "ads.example"))),
)
ALIASES = Zone(ALIAS, names(ALIAS, ()))


def test_an_alias_does_not_hide_a_blocked_name() -> None:
    said_so = blocked(question("ad.lan"), ALIASES)
    assert isinstance(said_so, Answer)
    assert said_so.blocked


def test_the_answer_to_an_alias_names_both() -> None:
    ask = blocked(question("Site.lan", edns=1232), ALIASES)
    assert isinstance(ask, Behind)
    found = answered(ask, reply("www.example.com. 60 IN A 192.0.2.7"), 100, 60)
    told = parsed(found.message)
    assert str(told.q.qname) == "Site.lan."
    assert [(str(one.rname), str(one.rdata)) for one in told.rr] == [
        ("site.lan.", "www.example.com."),
        ("www.example.com.", "192.0.2.7"),
    ]


def test_an_alias_is_answered_from_what_is_known() -> None:
    cache = Cache()
    cache.put(query().key, reply("www.example.com. 60 IN A 192.0.2.7"), 100)
    known = answer(question("site.lan"), network="lan", zone=ALIASES, cache=cache, now=110)
    assert isinstance(known, Answer)
    assert [one.ttl for one in parsed(known.message).rr] == [300, 50]


def test_a_reply_that_leads_into_the_lan_becomes_nothing_for_a_minute() -> None:
    evil = reply("www.example.com. 60 IN A 10.77.0.1")
    assert evil.private
    kept = kept_out(evil)
    assert (kept.counts, kept.seconds, kept.flags & 0xF) == ((0, 0, 0), PRIVATE_SECONDS, 0)


@given(st.binary(max_size=120))
def test_any_answer_to_an_alias_can_be_given(noise: bytes) -> None:
    ask = blocked(question("site.lan"), ALIASES)
    assert isinstance(ask, Behind)
    broken = reply("www.example.com. 60 IN A 192.0.2.7")
    broken.records = broken.records[:3] + noise
    assert parsed(answered(ask, broken, 100, 60).message).header.id == 0x1234
