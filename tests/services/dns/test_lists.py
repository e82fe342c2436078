import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.store.names import ListRow
from services.dns.blocked import Hashes, hash_of
from services.dns.labels import name_in_bytes
from services.dns.lists import FIRST_RETRY_SECONDS, RETRY_SECONDS, Names, due_at, named


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("0.0.0.0 ads.example", [("ads.example", True)]),
        ("127.0.0.1\ta.example b.example # x", [("a.example", True), ("b.example", True)]),
        (":: ads.example", [("ads.example", True)]),
        ("ads.example", [("ads.example", False)]),
        ("  ADS.Example  ", [("ads.example", False)]),
        ("*.ads.example", [("ads.example", False)]),
        ("||ads.example^", [("ads.example", False)]),
        ("||ads.example^$third-party", [("ads.example", False)]),
        ("# ads.example", []),
        ("! ads.example", []),
        ("", []),
        ("127.0.0.1 localhost", []),
        ("0.0.0.0 0.0.0.0", []),
        ("10.0.0.1", []),
        ("@@||good.example^", []),
        ("||ads.example/banner.js", []),
        ("example.com##.banner", []),
        ("-bad-.example", []),
        ("<html><body>not found</body>", []),
    ],
)  # fmt: skip
def test_a_line_names_what_it_blocks(line: str, names: list[tuple[str, bool]]) -> None:
    assert list(named(line)) == names


@given(st.text(max_size=300))
def test_any_line_is_read(line: str) -> None:
    for name, _ in named(line):
        assert name_in_bytes(name).endswith(b"\0")


def test_a_list_is_sorted_with_each_name_once() -> None:
    names = Names()
    for line in ("b.example", "a.example", "b.example", "0.0.0.0 c.example"):
        names.read(line)
    exact, below = names.packed()
    assert (len(exact), len(below)) == (8, 16)
    assert Hashes(exact, below).has([hash_of(name_in_bytes("a.example"))])


HOUR = 3600.0


def row(tried_at: float, problem: str = "") -> ListRow:
    return ListRow("https://a.example/b", 1, tried_at, tried_at, problem)


def test_a_list_that_was_never_fetched_is_due() -> None:
    assert due_at(None, 24, 1000) == 1000


def test_a_list_is_due_after_its_hours() -> None:
    assert due_at(row(1000), 24, 2000) == 1000 + 24 * HOUR


def test_one_that_failed_is_tried_soon() -> None:
    assert due_at(row(1000, "no"), 24, 1001) == 1000 + RETRY_SECONDS


def test_one_that_was_never_there_is_tried_sooner() -> None:
    never = ListRow("https://a.example/b", 0, None, 1000, "no")
    assert due_at(never, 24, 1001) == 1000 + FIRST_RETRY_SECONDS


def test_a_clock_that_was_set_back_makes_it_due() -> None:
    assert due_at(row(5000), 24, 1000) == 1000
