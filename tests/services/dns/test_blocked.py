import random
from array import array

from hypothesis import given
from hypothesis import strategies as st

from services.dns.blocked import Blocked, Hashes, hash_of
from services.dns.wire import name_in_bytes


def packed(*names: str) -> bytes:
    return array("Q", sorted(hash_of(name_in_bytes(one)) for one in names)).tobytes()


def blocked(*, exact: tuple[str, ...] = (), below: tuple[str, ...] = (), **more: object) -> Blocked:
    return Blocked({"ads": Hashes(packed(*exact), packed(*below))}, **more)  # type: ignore[arg-type]


def found(one: Blocked, name: str) -> tuple[str, ...]:
    return one.lists_with(name_in_bytes(name))


def test_a_name_of_a_list_is_blocked_by_it() -> None:
    assert found(blocked(exact=("ads.example",)), "ads.example") == ("ads",)


def test_an_exact_name_says_nothing_of_those_below_it() -> None:
    assert found(blocked(exact=("ads.example",)), "www.ads.example") == ()


def test_a_domain_is_blocked_with_all_below_it() -> None:
    one = blocked(below=("ads.example",))
    assert found(one, "ads.example") == found(one, "a.b.ads.example") == ("ads",)


def test_what_only_ends_alike_is_not_blocked() -> None:
    assert found(blocked(below=("ads.example",)), "goodads.example") == ()


def test_an_allowed_name_is_answered_with_all_below_it() -> None:
    one = blocked(below=("example",), allowed=("good.example",))
    assert found(one, "www.good.example") == ()
    assert found(one, "bad.example") == ("ads",)


def test_the_root_is_never_blocked() -> None:
    assert blocked(below=("example",)).lists_with(b"\0") == ()


def test_two_hundred_thousand_names_take_eight_bytes_each() -> None:
    dice = random.Random(1)
    hashes = sorted(dice.getrandbits(64) for _ in range(200_000))
    assert len(array("Q", hashes).tobytes()) == 1_600_000


@given(st.sets(st.integers(0, 2**64 - 1)), st.integers(0, 2**64 - 1))
def test_a_hash_is_found_exactly_when_it_is_there(every: set[int], one: int) -> None:
    hashes = Hashes(array("Q", sorted(every)).tobytes(), b"")
    assert hashes.has([one]) == (one in every)
    assert all(hashes.has([each]) for each in every)
