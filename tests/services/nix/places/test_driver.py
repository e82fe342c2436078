"""Places that builds take and wait for."""

import asyncio

from services.nix.places.driver import HERE, Places


def test_the_first_that_is_free_is_taken() -> None:
    async def work() -> list[str]:
        places = Places()
        async with places.one_of("kiln", "oven") as first, places.one_of("kiln", "oven") as second:
            return [first, second]

    assert asyncio.run(work()) == ["kiln", "oven"]


def test_who_finds_none_waits_until_one_comes_free() -> None:
    async def work() -> str:
        places = Places()
        async with places.one_of("kiln"):
            async with places.one_of("oven"):
                assert places.full(["kiln", "oven"])
                waiting = asyncio.create_task(taken(places, "kiln", "oven"))
                await asyncio.sleep(0)
                assert not waiting.done()
            return await waiting

    assert asyncio.run(work()) == "oven"


def test_a_place_is_never_taken_twice() -> None:
    async def work() -> int:
        places, most, now = Places(), 0, 0

        async def one() -> None:
            nonlocal most, now
            async with places.one_of(HERE):
                now += 1
                most = max(most, now)
                await asyncio.sleep(0)
                now -= 1

        await asyncio.gather(*(one() for _ in range(20)))
        return most

    assert asyncio.run(work()) == 1


def test_who_gives_up_waiting_takes_no_place() -> None:
    async def work() -> bool:
        places = Places()
        async with places.one_of(HERE):
            waiting = asyncio.create_task(taken(places, HERE))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        return places.full([HERE])

    assert not asyncio.run(work())


async def taken(places: Places, *wanted: str) -> str:
    async with places.one_of(*wanted) as place:
        return place
