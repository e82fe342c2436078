"""Foreign code that tried to reach somebody at home: whose it was, told once in a while.

The filter knows the user that sent a packet (`appliance/plan/egress.py`).  Users that fetch for one
source name it; for the others it is whatever is fetched or built at that moment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from appliance.events import SourceHeldBack
from appliance.model.foreign import BUILDERS, Foreign, fetchers
from services.drops.wire import Held

QUIET_SECONDS = 600.0
"""How long the same attempt is not told again."""
MOST = 256
"""Attempts remembered."""
FETCHES = "If that is right, name the server in the source's settings, under May also fetch from."
BUILDS = "Builds reach the internet only: make it an input of the flake, which is fetched before."


@dataclass(frozen=True, slots=True)
class Doing:
    """The sources that are fetched and that are built right now."""

    fetched: tuple[str, ...] = ()
    built: tuple[str, ...] = ()


@dataclass(slots=True)
class Strays:
    """What was told lately; `doing` looks it up in the file of the role build."""

    foreign: Callable[[], Foreign]
    doing: Callable[[], Doing]
    _told: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def met(self, held: Held, now: float) -> tuple[SourceHeldBack, ...]:
        """What there is to tell of a packet that was refused at `now` (Unix seconds)."""
        builds = held.uid is not None and BUILDERS[0] <= held.uid <= BUILDERS[1]
        sources = self._sources(held.uid, builds=builds)
        target = _target(held)
        fresh = [one for one in sources if self._is_news((one, target, str(builds)), now)]
        work, way = ("A build", BUILDS) if builds else ("What fetches", FETCHES)
        whose = "this source" if len(sources) == 1 else f"one of {len(sources)} sources"
        said = f"{work} for {whose}"
        return tuple(SourceHeldBack(one, said, target, way) for one in fresh)

    def _sources(self, uid: int | None, *, builds: bool) -> tuple[str, ...]:
        if builds:
            return self.doing().built
        foreign = self.foreign()
        names: Mapping[int, str] = {number: name for name, number in foreign.users}
        name = names.get(uid or -1, "")
        own = [source for source, user in fetchers(foreign.sources).items() if user == name]
        return tuple(own) or (self.doing().fetched if name == "fetch" else ())

    def _is_news(self, attempt: tuple[str, str, str], now: float) -> bool:
        if now - self._told.get(attempt, -QUIET_SECONDS) < QUIET_SECONDS:
            return False
        if len(self._told) >= MOST:
            self._told.pop(min(self._told, key=self._told.__getitem__))
        self._told[attempt] = now
        return True


def _target(held: Held) -> str:
    port = f", port {held.port}" if held.port is not None else ""
    return f"{held.destination}{port}"
