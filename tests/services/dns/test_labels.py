from hypothesis import given
from hypothesis import strategies as st

from services.dns.labels import name_in_bytes, parts, suffixes

LABELS = st.lists(st.text("abcdefghij-_", min_size=1, max_size=63), min_size=1, max_size=3)


@given(LABELS)
def test_a_name_has_the_parts_it_was_made_of(labels: list[str]) -> None:
    assert [one.decode() for one in parts(name_in_bytes(".".join(labels)))] == labels


@given(LABELS)
def test_above_a_name_are_the_names_that_end_it(labels: list[str]) -> None:
    above = [name_in_bytes(".".join(labels[at:])) for at in range(len(labels))]
    assert suffixes(name_in_bytes(".".join(labels))) == above


def test_above_the_root_is_nothing() -> None:
    assert (suffixes(b"\0"), parts(b"\0")) == ([], ())
