"""DOOR: answers every A question with one address after a while: `… ADDRESS MILLISECONDS`."""

import asyncio
import socket
import sys
from collections import deque
from contextlib import suppress

from services.dns.wire import question_end

TAIL = bytes.fromhex("c00c00010001000151800004cb007105")  # A 203.0.113.5, for a day
TICK_SECONDS = 0.001
DRAIN = 256
SO_RCVBUFFORCE = 33  # socket(7); Python does not name it


class Upstream:
    """One socket, and the answers that are not due yet."""

    def __init__(self, here: socket.socket, seconds: float) -> None:
        self._here, self._seconds = here, seconds
        self._loop = asyncio.get_running_loop()
        self._due: deque[tuple[float, bytes, tuple[str, int]]] = deque()

    def readable(self) -> None:
        """Take what came; it is answered later."""
        at = self._loop.time() + self._seconds
        for _ in range(DRAIN):
            try:
                asked, client = self._here.recvfrom(4096)
            except BlockingIOError:
                return
            question = asked[12 : question_end(asked)]
            head = asked[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
            self._due.append((at, head + question + TAIL, client))

    async def answer(self) -> None:
        """Send what is due, until cancelled."""
        while True:
            moment = self._loop.time()
            while self._due and self._due[0][0] <= moment:
                _, said, client = self._due.popleft()
                with suppress(OSError):
                    self._here.sendto(said, client)
            await asyncio.sleep(TICK_SECONDS)


async def serve(address: str, seconds: float) -> None:
    """Answer until killed."""
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    here.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    here.bind((address, 53))
    upstream = Upstream(here, seconds)
    asyncio.get_running_loop().add_reader(here, upstream.readable)
    print("ready", flush=True)
    await upstream.answer()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], float(sys.argv[2]) / 1000))
