"""Who waits for whom until there is memory to evaluate in."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from services.nix.gate.driver import Gate

ALL_THERE_IS = 1 << 50


def soon(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 60))


def test_an_evaluation_waits_until_the_one_before_has_ended() -> None:
    async def both() -> list[str]:
        gate, told = Gate(ALL_THERE_IS), []

        async def evaluate(name: str) -> None:
            async with gate.turn():
                told.append(f"{name} begins")
                await asyncio.sleep(0.01)
                told.append(f"{name} ends")

        await asyncio.gather(evaluate("one"), evaluate("other"))
        return told

    assert soon(both()) == ["one begins", "one ends", "other begins", "other ends"]


def test_an_evaluation_that_fails_leaves_its_turn_to_the_next() -> None:
    async def both() -> int:
        gate = Gate(ALL_THERE_IS)

        async def failing() -> None:
            async with gate.turn():
                raise RuntimeError

        async def evaluate() -> int:
            async with gate.turn() as memory:
                return memory

        _, memory = await asyncio.gather(failing(), evaluate(), return_exceptions=True)
        assert isinstance(memory, int)
        return memory

    assert soon(both()) == ALL_THERE_IS


def test_one_that_stops_waiting_holds_nobody_up() -> None:
    async def three() -> bool:
        gate = Gate(ALL_THERE_IS)

        async def evaluate() -> None:
            async with gate.turn():
                await asyncio.sleep(0.01)

        first, second, third = (asyncio.create_task(evaluate()) for _ in range(3))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, second, third, return_exceptions=True)
        return second.cancelled() and not third.cancelled()

    assert soon(three())
