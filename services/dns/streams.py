"""How many TCP connections are held, of all and of each client (RFC 7766 §6.1)."""

from typing import Protocol

MOST = 64
MOST_EACH = 16
"""Of one client; its oldest is closed for a new one."""


class Closed(Protocol):
    """The writing end of a connection."""

    def close(self) -> None:
        """Hang up."""


class Streams:
    """The connections that are open."""

    def __init__(self) -> None:
        self._open: dict[str, list[Closed]] = {}

    def begin(self, client: str, writer: Closed) -> bool:
        """May this one be served?"""
        of_client = self._open.setdefault(client, [])
        if len(of_client) >= MOST_EACH:
            of_client.pop(0).close()
        elif sum(map(len, self._open.values())) >= MOST:
            self._drop_if_empty(client)
            return False
        of_client.append(writer)
        return True

    def end(self, client: str, writer: Closed) -> None:
        """It is over."""
        of_client = self._open.get(client, [])
        if writer in of_client:
            of_client.remove(writer)
        self._drop_if_empty(client)

    def _drop_if_empty(self, client: str) -> None:
        if not self._open.get(client, True):
            del self._open[client]
