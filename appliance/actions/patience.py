"""How often somebody may guess: per address and name, with a ceiling over all.

A machine with memory; time is an argument.  A try counts when it begins, so that guesses sent at
once gain nothing.  IPv6 addresses count by their /64, which is what one household gets.
"""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from threading import Lock

FREE_TRIES = 4
LONGEST_SECONDS = 300.0
REMEMBERED = 4096  # keys
FORGET_SECONDS = 3600.0
CEILING = 60  # tries a minute over all addresses


class Patience:
    """Remembers tries; a success forgets its key."""

    def __init__(self) -> None:
        self._tries: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._minute: tuple[int, int] = (0, 0)
        self._lock = Lock()

    def begin(self, address: str, name: str, now: float) -> float:
        """Count a try.  Returns 0, or the seconds to wait instead of trying."""
        key = (_neighbourhood(address), name.lower())
        with self._lock:
            count, last = self._tries.get(key, (0, now))
            if now - last > FORGET_SECONDS:
                count = 0
            wait = _pause(count) - (now - last)
            if wait > 0:
                return wait
            minute, tries = self._minute
            tries = tries + 1 if minute == int(now // 60) else 1
            self._minute = (int(now // 60), tries)
            if tries > CEILING:
                return 60 - now % 60
            self._tries[key] = (count + 1, now)
            self._tries.move_to_end(key)
            while len(self._tries) > REMEMBERED:
                self._tries.popitem(last=False)
            return 0.0

    def succeeded(self, address: str, name: str) -> None:
        """Forget the tries of somebody who knew the secret."""
        with self._lock:
            self._tries.pop((_neighbourhood(address), name.lower()), None)


def _pause(tries: int) -> float:
    """Seconds between tries after so many: none for the first few, then doubling."""
    return 0.0 if tries < FREE_TRIES else min(2.0 ** (tries - FREE_TRIES + 1), LONGEST_SECONDS)


def _neighbourhood(address: str) -> str:
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(read, IPv6Address):
        return str(read.ipv4_mapped or IPv6Address(int(read) >> 64 << 64))
    return str(read)
