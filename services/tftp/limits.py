"""How much one client may ask for: TFTP answers a small packet with larger ones, unproved.

A bucket per client address refills with time; a client without a token is met with silence, so a
forged flood is not multiplied.  The number of running transfers is bounded too; one that nobody
ever acknowledged makes room for the next.
"""

from services.tftp.transfer import Transfer

REQUESTS_AT_ONCE = 128
REQUESTS_PER_SECOND = 64.0
TRANSFERS_PER_CLIENT = 64
TRANSFERS = 512
CLIENTS_REMEMBERED = 4096


class Limits:
    """Remembers who asked how often; `now` is monotonic seconds."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}

    def admits(self, client: str, now: float) -> bool:
        """May `client` ask once more?"""
        tokens, at = self._buckets.pop(client, (float(REQUESTS_AT_ONCE), now))
        tokens = min(float(REQUESTS_AT_ONCE), tokens + (now - at) * REQUESTS_PER_SECOND)
        allowed = tokens >= 1.0
        self._buckets[client] = (tokens - 1.0 if allowed else tokens, now)
        while len(self._buckets) > CLIENTS_REMEMBERED:
            self._buckets.pop(next(iter(self._buckets)))
        return allowed


class Full(Exception):
    """No transfer can make room."""


def makes_room(running: list[tuple[str, Transfer]], client: str) -> int | None:
    """Index of the transfer that must go before `client` starts one more, None when there is room.

    `running` holds (client, transfer), oldest first.  Raises Full.
    """
    own = [index for index, (owner, _) in enumerate(running) if owner == client]
    if len(own) >= TRANSFERS_PER_CLIENT:
        crowd = own
    elif len(running) >= TRANSFERS:
        crowd = list(range(len(running)))
    else:
        return None
    for index in crowd:
        if not running[index][1].heard:
            return index
    raise Full
