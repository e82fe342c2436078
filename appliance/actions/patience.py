"""How often somebody may guess: a budget per address, whatever names are tried, and one over all.

A machine with memory; time is an argument.  A try counts when it begins, so that guesses sent at
once gain nothing.  IPv6 addresses count by their /64, which is what one household gets.  The
budget over all is for strangers only: an address where somebody signed in before is never held up
by what others do.  The box's own socket has no address, and whoever reaches it is root already.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from threading import Lock

FREE_TRIES = 4
LONGEST_SECONDS = 300.0
REMEMBERED = 4096  # addresses
NAMES = 16  # told apart at one address
FORGET_SECONDS = 3600.0
CEILING = 60  # tries a minute of all strangers together


@dataclass(frozen=True, slots=True)
class Pause:
    """How long to wait instead of trying; `crowd` when it is because of others."""

    seconds: float
    crowd: bool


@dataclass(slots=True)
class _Tries:
    """What one address tried: how often under which name, and when last."""

    last: float
    names: dict[str, int] = field(default_factory=dict)


class Patience:
    """Remembers tries; a success forgets those under its name, and makes its address known."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._minute: tuple[int, int] = (0, 0)
        self._lock = Lock()
        for address in known:
            self._meet(_neighbourhood(address))

    def begin(self, address: str, name: str, now: float) -> Pause | None:
        """Count a try.  Returns None, or how long to wait instead of trying."""
        if not address:
            return None
        place = _neighbourhood(address)
        with self._lock:
            tries = self._at(place, now)
            wait = _pause(sum(tries.names.values())) - (now - tries.last)
            if wait > 0:
                return Pause(wait, crowd=False)
            if place not in self._known and not self._room(now):
                return Pause(60 - now % 60, crowd=True)
            name = name.lower()
            if len(tries.names) >= NAMES and name not in tries.names:
                name = ""
            tries.names[name] = tries.names.get(name, 0) + 1
            tries.last = now
            self._tries[place] = tries
            self._tries.move_to_end(place)
            while len(self._tries) > REMEMBERED:
                self._tries.popitem(last=False)
            return None

    def succeeded(self, address: str, name: str) -> None:
        """Somebody knew the secret: their tries are forgotten, others' from there are not."""
        if not address:
            return
        place = _neighbourhood(address)
        with self._lock:
            self._meet(place)
            tries = self._tries.get(place)
            if tries is not None:
                tries.names.pop(name.lower(), None)

    def _at(self, place: str, now: float) -> _Tries:
        """The tries of an address; none after a quiet hour.  A clock set back begins anew."""
        tries = self._tries.get(place)
        if tries is None or now - tries.last > FORGET_SECONDS:
            return _Tries(now)
        tries.last = min(tries.last, now)
        return tries

    def _room(self, now: float) -> bool:
        """Whether a stranger may try in this minute; counts them when so."""
        minute, tries = self._minute
        if minute != int(now // 60):
            minute, tries = int(now // 60), 0
        self._minute = (minute, tries + 1)
        return tries < CEILING

    def _meet(self, place: str) -> None:
        self._known[place] = None
        self._known.move_to_end(place)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


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
