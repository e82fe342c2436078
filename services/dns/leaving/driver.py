"""The door that datagrams leave by: those of one turn of the loop together, at its end.

Who gets them is woken once and finds the others waiting.  Sent one by one, each as soon as it is
made, every one of them wakes a sleeper, which costs both sides as much as the datagram itself.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

What = TypeVar("What")


class Leaving(Generic[What]):
    """What `send` is given when the turn is over, in the order in which it was put."""

    def __init__(self, send: Callable[[list[What]], None]) -> None:
        self._loop, self._send = asyncio.get_running_loop(), send
        self._waiting: list[What] = []

    def put(self, what: What) -> None:
        """Send this when the turn is over."""
        if not self._waiting:
            self._loop.call_soon(self._leave)
        self._waiting.append(what)

    def _leave(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._send(waiting)
