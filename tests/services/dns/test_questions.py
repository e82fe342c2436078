import asyncio

from appliance.model.dns import Dns
from services.dns.answer import Answer, Why
from services.dns.asking.driver import Ways
from services.dns.questions import MOST, Questions
from tests.services.dns.packets import answer_to, question


def nobody(*_: object) -> None:
    """Who is told of replies: none come."""


def noted(*names: str, size: int = 0) -> Questions:
    """Questions of one client, put down one after the other."""
    made = Questions(lambda: 7.0)
    made.switch(on=True)

    async def put() -> None:
        ways = Ways(Dns(), nobody)
        for name in names:
            asked = question(name)
            said = answer_to(asked, f"{name} 60 IN A 192.0.2.7") + bytes(size)
            made.put("10.77.0.5", asked, Answer(said, why=Why.CACHE), None, ways)

    asyncio.run(put())
    return made


def names(of: Questions) -> list[str]:
    return [one["name"] for one in of.told({})]


def test_the_newest_is_told_first() -> None:
    assert names(noted("a.example", "b.example")) == ["b.example", "a.example"]


def test_no_more_is_told_than_was_asked_for() -> None:
    made = noted("a.example", "b.example")
    assert [one["name"] for one in made.told({"most": 1})] == ["b.example"]


def test_the_oldest_make_room() -> None:
    made = noted(*(f"{number}.example" for number in range(MOST + 1)))
    told = made.told({"most": 2 * MOST})
    assert (len(told), told[-1]["name"]) == (MOST, "1.example")


def test_an_answer_is_told_in_words() -> None:
    (told,) = noted("a.example").told({})
    assert (told["said"], told["record"], told["at"]) == ("A 192.0.2.7", "A", 7.0)


def test_of_a_long_answer_only_that_it_was_long() -> None:
    (told,) = noted("a.example", size=4_000).told({})
    assert told["said"] == "a long answer"


def test_switched_off_there_is_nothing() -> None:
    made = noted("a.example")
    made.switch(on=False)
    assert made.told({}) == []


def test_it_is_seen_to_grow_when_everything_is_forgotten() -> None:
    made = noted("a.example")
    before = made.grown()
    made.switch(on=False)
    assert made.grown() > before


def test_a_question_that_cannot_be_read_has_no_name() -> None:
    made = Questions(lambda: 7.0)
    made.switch(on=True)

    async def put() -> None:
        made.put("10.77.0.5", b"\0\1junk", Answer(b"", why=Why.REFUSED), None, Ways(Dns(), nobody))

    asyncio.run(put())
    assert names(made) == [""]
