import tracemalloc

from services.dns.cache import MOST_BYTES, STALE_SECONDS, STALE_TTL, Answers, Cache
from services.dns.reply import read_reply
from services.dns.wire import read_query
from tests.services.dns.packets import parsed, query, question, reply

KEY = query().key
REPLY = reply("www.example.com. 60 IN A 192.0.2.7")


def test_an_answer_is_kept_until_its_time_is_over() -> None:
    cache = Cache()
    cache.put(KEY, REPLY, now=100)
    assert cache.found(KEY, 159.9)
    assert cache.found(KEY, 160) is None


def test_what_may_not_be_kept_is_not() -> None:
    cache = Cache()
    cache.put(KEY, reply(), now=100)
    assert len(cache) == 0


def test_a_fresh_answer_takes_the_place_of_the_old_one() -> None:
    cache = Cache()
    cache.put(KEY, REPLY, now=100)
    cache.put(KEY, REPLY, now=150)
    assert cache.found(KEY, 200)


def test_a_full_cache_forgets_the_oldest() -> None:
    cache = Cache(most_bytes=4000)
    keys = [query(f"n{number}.example.com").key for number in range(20)]
    for key in keys:
        cache.put(key, REPLY, now=100)
    assert cache.found(keys[0], 100) is None
    assert cache.found(keys[-1], 100)


ASKED = question("n000000.bench.example")
ANSWERED = b"\x81\x80\0\1\0\1\0\0\0\0"
RECORD = bytes.fromhex("c00c000100010000012c0004cb007105")


def filled(cache: Cache, count: int) -> list[bytes]:
    """Keep an answer of one record for each of `count` names; their keys."""
    keys = []
    for number in range(count):
        asked = ASKED.replace(b"n000000", b"n%06d" % number)
        keys.append(read_query(asked).key)
        cache.put(keys[-1], read_reply(asked[:2] + ANSWERED + asked[12:] + RECORD), 100.0)
    return keys


def test_ten_thousand_answers_are_kept() -> None:
    cache = Cache()
    keys = filled(cache, 10_000)
    assert all(cache.found(key, 101) for key in keys)


def test_the_cache_weighs_what_it_counts() -> None:
    cache = Cache()
    tracemalloc.start()
    try:
        filled(cache, 12_000)
        weight, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.9 < weight / MOST_BYTES < 1.1


def test_a_cache_that_was_emptied_takes_entries_again() -> None:
    cache = Cache(most_bytes=900)
    cache.put(KEY, REPLY, now=100)
    cache.clear()
    cache.put(KEY, REPLY, now=100)
    assert cache.found(KEY, 100)


def kept() -> tuple[Answers, bytes, bytes]:
    answers, asked = Answers(), question()
    said = b"\0\0" + bytes(range(40))
    answers.put(asked, said, ((6, 60),), 100, 160)
    return answers, asked, said


def test_the_same_bytes_get_the_same_answer_under_their_own_id() -> None:
    answers, asked, said = kept()
    assert answers.get(b"\xab\xcd" + asked[2:], 100) == b"\xab\xcd" + said[2:]


def test_other_letter_case_is_another_question() -> None:
    answers, _, _ = kept()
    assert answers.get(question("WWW.example.com"), 100) is None


def test_a_repeated_answer_has_aged() -> None:
    answers, asked, _ = kept()
    said = answers.get(asked, 125)
    assert said
    assert int.from_bytes(said[6:10]) == 35


def test_an_answer_is_given_again_until_its_end() -> None:
    answers, asked, _ = kept()
    assert answers.get(asked, 160) is None


def test_answers_that_grow_too_many_are_all_forgotten() -> None:
    answers = Answers(most_bytes=4000)
    for number in range(20):
        answers.put(question(f"n{number}.example.com"), bytes(50), (), 0, 100)
    assert answers.get(question("n0.example.com"), 1) is None


def test_a_composed_answer_ages_at_the_right_places() -> None:
    from services.dns.answer import from_reply

    asked = question(edns=1232)
    said = from_reply(read_query(asked), REPLY, 100, 100, 160)
    answers = Answers()
    answers.put(asked, said.message, said.ttls, said.born, said.ends)
    later = answers.get(asked, 110)
    assert later
    assert [one.ttl for one in parsed(later).rr] == [50]


def test_what_is_over_can_still_be_given_for_a_day() -> None:
    cache = Cache()
    cache.put(KEY, REPLY, now=100)
    old = cache.stale(KEY, 160 + STALE_SECONDS - 1)
    assert old
    assert [ttl for _, ttl in old.ttls] == [STALE_TTL]
    assert cache.stale(KEY, 160 + STALE_SECONDS) is None


def test_a_failure_is_never_given_again() -> None:
    cache = Cache()
    cache.put(KEY, reply(code="SERVFAIL"), now=100, seconds=1)
    assert cache.stale(KEY, 102) is None


def test_a_stale_answer_that_is_kept_spares_the_next_questions() -> None:
    cache = Cache()
    cache.put(KEY, REPLY, now=100)
    assert cache.keep_stale(KEY, 200)
    assert cache.found(KEY, 200 + STALE_TTL - 1)
    assert cache.found(KEY, 200 + STALE_TTL) is None


def test_keeping_a_stale_answer_does_not_make_it_younger() -> None:
    cache = Cache()
    cache.put(KEY, REPLY, now=100)
    cache.keep_stale(KEY, 160 + STALE_SECONDS - 1)
    assert cache.stale(KEY, 160 + STALE_SECONDS) is None
