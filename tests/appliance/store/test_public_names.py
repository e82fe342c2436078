from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import pytest

from appliance.store import notices, public_names
from appliance.store.open import writer
from appliance.store.public_names import Outcome, Record

DONE = Record("home.example.org", Outcome.PUBLISHED, "good", "203.0.113.5", "2001:db8::5")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Connection]:
    with closing(writer(tmp_path / "notice.db", notices.MIGRATIONS)) as connection:
        yield connection


def test_what_became_of_a_name_is_read_back(own: Connection) -> None:
    public_names.write(own, "a", DONE)
    assert public_names.records(own) == {"a": DONE}


def test_names_that_are_no_more_are_forgotten(own: Connection) -> None:
    for ident in ("a", "b"):
        public_names.write(own, ident, DONE)
    public_names.forget(own, ["a"])
    assert list(public_names.records(own)) == ["b"]


def test_a_row_of_another_layout_is_as_good_as_none(own: Connection) -> None:
    for ident, body in (("a", "{}"), ("b", "no json"), ("c", '{"outcome": "new", "x": 1}')):
        own.execute("INSERT INTO public_name VALUES (?, ?)", (ident, body))
    assert set(public_names.records(own).values()) == {Record()}


def test_wishes_are_looked_at_once(own: Connection) -> None:
    assert public_names.asked(own) == 0
    public_names.write_asked(own, 7)
    assert public_names.asked(own) == 7


def test_where_a_name_leads_is_what_was_published() -> None:
    assert DONE.addresses == ("203.0.113.5", "2001:db8::5")


def test_where_the_server_named_another_address_the_name_leads_there() -> None:
    seen = Record("n", Outcome.PUBLISHED, v4="192.168.1.7", told="198.51.100.7")
    assert seen.addresses == ("198.51.100.7",)
