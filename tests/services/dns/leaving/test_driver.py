import asyncio

from services.dns.leaving.driver import Leaving


def left(*turns: str) -> list[str]:
    """What was seen, each turn putting its letters; a dot is the end of a turn's own work."""
    seen: list[str] = []

    async def put() -> None:
        leaving = Leaving(seen.extend)
        for turn in turns:
            for letter in turn:
                leaving.put(letter)
            seen.append(".")
            await asyncio.sleep(0)

    asyncio.run(put())
    return seen


def test_what_is_put_leaves_when_the_turn_is_over() -> None:
    assert left("ab") == [".", "a", "b"]


def test_what_is_put_in_the_next_turn_leaves_too() -> None:
    assert left("a", "", "b") == [".", "a", ".", ".", "b"]
