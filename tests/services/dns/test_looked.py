from hypothesis import given
from hypothesis import strategies as st

from services.dns.labels import name_in_bytes
from services.dns.looked import question, sentence
from services.dns.wire import A, read_query
from tests.services.dns.packets import answer_to

ASKED = question(name_in_bytes("www.example.com"), A)


def test_the_question_is_one() -> None:
    assert read_query(ASKED).name == name_in_bytes("www.example.com")


def test_an_answer_is_told_with_where_it_came_from() -> None:
    message = answer_to(ASKED, "www.example.com. 60 IN A 192.0.2.7")
    said = sentence("www.example.com", "A", "from what is known here", message)
    assert said == "www.example.com is answered with A 192.0.2.7, from what is known here."


def test_a_name_that_does_not_exist_is_told() -> None:
    message = answer_to(ASKED, code="NXDOMAIN")
    assert "“no such name”" in sentence("www.example.com", "A", "here", message)


def test_nothing_of_that_type_is_told() -> None:
    assert "nothing of type A" in sentence("www.example.com", "A", "here", answer_to(ASKED))


def test_the_list_that_blocks_is_named() -> None:
    said = sentence("a.example", "A", "", b"", ["https://x/y", "your own names"])
    assert said == "a.example is blocked by https://x/y, your own names."


@given(st.binary(max_size=60))
def test_any_answer_is_told(message: bytes) -> None:
    assert sentence("a.example", "A", "here", message).startswith(("a.example", "The answer"))
