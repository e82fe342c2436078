"""The door to the clock: does chronyd follow a server, and does somebody else keep it?"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from services.clock.tracking import Standing, question, standing

PORT = 323
ANSWER_SECONDS = 1.0
INTERVAL_SECONDS = 5.0
KEEPERS = frozenset({"systemd-timesyn", "chronyd", "ntpd", "openntpd"})  # comm has 15 characters


def keepers() -> tuple[str, ...]:
    """The programs of this machine that keep its clock already."""
    found = set()
    for comm in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):
            found.add(comm.read_text().strip())
    return tuple(sorted(found & KEEPERS))


class Follower:
    """Whether chronyd, in this network namespace, is synchronised; asked every few seconds."""

    def __init__(self) -> None:
        self.synchronised = False

    async def changes(self) -> AsyncIterator[None]:
        """Yield whenever it is so, or no longer so."""
        number = 0
        while True:
            number = (number + 1) & 0xFFFFFFFF
            told = await asked(number)
            fresh = told is not None and told.synchronised
            if fresh != self.synchronised:
                self.synchronised = fresh
                yield
            await asyncio.sleep(INTERVAL_SECONDS)


async def asked(number: int) -> Standing | None:
    """How chronyd in this network namespace stands; None when none answers question `number`."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.setblocking(False)
        try:
            asker.connect(("127.0.0.1", PORT))
            async with asyncio.timeout(ANSWER_SECONDS):
                await loop.sock_sendall(asker, question(number))
                return standing(await loop.sock_recv(asker, 512), number)
        except (OSError, TimeoutError):
            return None
