"""DOOR: places that builds take: one on this router, one on each builder, one for what comes home.

Whoever waits is asked again whenever a place comes free; nothing is awaited between looking for a
place and taking it.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

HERE = ""
"""Builds of this router; builders have their ids."""
ARRIVALS = "arrivals"
"""Where parts come home, which is one folder."""
TABLE = "table"
"""Where an image is made of its parts, and published."""


class Places:
    """Who is at work, of one router."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._freed = asyncio.Event()

    def full(self, wanted: Collection[str]) -> bool:
        """None of these is free."""
        return self._taken.issuperset(wanted)

    @asynccontextmanager
    async def one_of(self, *wanted: str) -> AsyncIterator[str]:
        """Take the first of these that is free, and wait while none is; gives which."""
        while (place := self._free(wanted)) is None:
            await self._freed.wait()
        self._taken.add(place)
        try:
            yield place
        finally:
            self._taken.discard(place)
            self._freed.set()
            self._freed = asyncio.Event()

    def _free(self, wanted: Sequence[str]) -> str | None:
        return next((one for one in wanted if one not in self._taken), None)
