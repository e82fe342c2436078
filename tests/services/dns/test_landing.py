from services.dns.answer import Answer, Why
from services.dns.cache import Cache
from services.dns.counts import Counts
from services.dns.landing import Landing
from services.dns.reply import Reply
from tests.services.dns.packets import addresses, code, query, reply

QUERY = query()
GOOD = reply("www.example.com. 60 IN A 203.0.113.5")
NEWER = reply("www.example.com. 60 IN A 203.0.113.6")
INSIDE = reply("www.example.com. 60 IN A 192.168.1.1")
BAD = reply(code="SERVFAIL")


class Place:
    """A landing with its cache and its counts."""

    def __init__(self, *, private: bool = False) -> None:
        self.cache, self.counts = Cache(), Counts()
        self._landing = Landing(self.cache, self.counts, lambda _: private)

    def said(self, found: Reply | None, now: float = 100) -> Answer:
        return self._landing.answer(QUERY, found, now)

    def stale(self, now: float) -> Answer | None:
        return self._landing.stale(QUERY, now)


def test_a_good_reply_is_the_answer() -> None:
    said = Place().said(GOOD)
    assert (addresses(said.message), said.why) == (["203.0.113.5"], Why.UPSTREAM)


def test_a_good_reply_is_kept() -> None:
    place = Place()
    place.said(GOOD)
    assert place.cache.found(QUERY.key, 159)


def test_all_who_waited_are_answered_from_what_was_kept_first() -> None:
    place = Place()
    place.said(GOOD)
    assert addresses(place.said(NEWER).message) == ["203.0.113.5"]


def test_silence_is_a_failure() -> None:
    said = Place().said(None)
    assert (code(said.message), said.why) == ("SERVFAIL", Why.FAILED)


def test_a_failure_is_counted_once_for_all_who_waited() -> None:
    place = Place()
    place.said(BAD)
    place.said(BAD)
    assert place.counts.failed == 1


def test_an_old_answer_is_better_than_a_failure() -> None:
    place = Place()
    place.said(GOOD)
    said = place.said(BAD, 200)
    assert (addresses(said.message), said.why) == (["203.0.113.5"], Why.STALE)


def test_an_address_of_the_lan_is_taken_out() -> None:
    said = Place().said(INSIDE)
    assert (addresses(said.message), said.why) == ([], Why.PRIVATE)


def test_an_address_of_the_lan_stays_where_the_owner_allowed_it() -> None:
    assert addresses(Place(private=True).said(INSIDE).message) == ["192.168.1.1"]


def test_an_address_of_the_lan_is_taken_out_of_a_failure_too() -> None:
    failing = reply("www.example.com. 60 IN A 192.168.1.1", code="SERVFAIL")
    assert addresses(Place().said(failing).message) == []


def test_who_waited_long_enough_gets_an_old_answer() -> None:
    place = Place()
    place.said(GOOD)
    said = place.stale(200)
    assert said
    assert (addresses(said.message), place.counts.stale) == (["203.0.113.5"], 1)


def test_without_an_old_answer_there_is_none_to_give() -> None:
    place = Place()
    assert (place.stale(200), place.counts.stale) == (None, 0)
