"""DOOR: answers web's questions about what this role remembers, one line of JSON each.

A question with `bells` has no end: an empty line comes whenever there is more to see.
"""

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

LONGEST_QUESTION = 1 << 16
PATIENCE_SECONDS = 5.0
BELL_SECONDS = 0.5
"""Between two bells of one stream."""

Told = Callable[[Mapping[str, Any]], list[Any]]


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
