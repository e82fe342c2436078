"""The door that evaluations wait at: it reads how much memory is free."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from services.nix.driver import memory_available, processors
from services.nix.schedule import grant

ELSEWHERE = 2
"""Evaluations at once that take another computer's memory."""


class Gate:
    """Lets evaluations begin as memory allows, those of every source counted together.

    `asked` is what the owner gives each, in bytes; None leaves it to what is free.
    """

    def __init__(self, asked: int | None = None) -> None:
        self.elsewhere = asyncio.Semaphore(ELSEWHERE)  # those that builders do
        self.alone = asyncio.Lock()  # what met a full disk and is tried again
        self.writers = 0  # fetches and evaluations that put files into the store now
        self._asked = asked
        self._granted: list[int] = []
        self._ended = asyncio.Condition()

    @contextmanager
    def writer(self) -> Iterator[None]:
        """Count one for as long as it lasts."""
        self.writers += 1
        try:
            yield
        finally:
            self.writers -= 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[int]:
        """Wait for a turn; gives the memory that the evaluation may take, in bytes."""
        async with self._ended:
            while (memory := self._grant()) is None:
                await self._ended.wait()
            self._granted.append(memory)
        try:
            yield memory
        finally:
            self._granted.remove(memory)
            async with self._ended:
                self._ended.notify_all()

    def _grant(self) -> int | None:
        return grant(memory_available(), self._granted, processors(), self._asked)
