"""DOOR: answers web's questions about what this role remembers, one line of JSON each.

A question with `bells` has no end: an empty line comes whenever there is more to see.
"""

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

LONGEST_QUESTION = 1 << 16
PATIENCE_SECONDS = 5.0
BELL_SECONDS = 0.5
"""Between two bells of one stream."""

Told = Callable[[Mapping[str, Any]], list[Any]]


class Memory(Protocol):
    """Something that is remembered."""

    @property
    def came(self) -> int:
        """A number that grows with what there is to tell."""

    def told(self, question: Mapping[str, Any]) -> list[Any]:
        """The answer to a question."""


async def remember(ear: socket.socket | None, memories: Mapping[str, Memory]) -> None:
    """Answer at `ear`, if there is one, until cancelled: of the memory that a question names by
    `of`."""
    if ear is None:
        await asyncio.Event().wait()
        return

    def told(question: Mapping[str, Any]) -> list[Any]:
        asked = memories.get(question.get("of", ""))
        return asked.told(question) if asked else []

    def came() -> int:
        return sum(one.came for one in memories.values())

    async with await listening(ear.dup(), told, came) as server:
        await server.serve_forever()


async def listening(
    ear: socket.socket, told: Told, came: Callable[[], int]
) -> asyncio.AbstractServer:
    """Answers until it is closed.  `told` answers a question, `came` grows with what it tells."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, ValueError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                question = dict(json.loads(await reader.readline()))
            if question.get("bells"):
                await _ring(reader, writer, came)
            else:
                writer.write(json.dumps(told(question)).encode() + b"\n")
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(answer, sock=ear, limit=LONGEST_QUESTION)


async def _ring(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, came: Callable[[], int]
) -> None:
    """Ring while somebody listens."""
    seen = came()
    while not reader.at_eof():
        await asyncio.sleep(BELL_SECONDS)
        if (now := came()) != seen:
            seen = now
            writer.write(b"\n")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await writer.drain()
