"""When somebody is sent to look from outside by itself, and what there is to tell of it.

The kernel's list of sockets costs next to nothing and is looked at every few seconds; who is in two
lists in a row is there, who is in none of two is gone.  A stranger costs a second of processor
time: one is sent some time after the start, after each change that is kept, when somebody else
begins to listen, and once a day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appliance.model import exposure
from appliance.model.config import RouterConfig
from appliance.model.exposure import Finding
from appliance.model.outside import Seen, Socket

LISTED_SECONDS = 10.0
"""Between two lists of sockets."""
START_SECONDS = 30.0
"""After the start: by then everything of ours is there."""
APART_SECONDS = 30.0
"""Between two strangers, at least: a program that comes and goes sends no crowd."""
AGAIN_SECONDS = 300.0
"""While something answers."""
FAILED_SECONDS = 600.0
DAY_SECONDS = 86_400.0
JITTER_SECONDS = 7_200.0
"""So much sooner or later, that a houseful of routers does not look at once."""
TOLD_FAILURES = 2
"""So many in a row are told: one may be due to a busy minute."""


@dataclass(frozen=True, slots=True)
class News:
    """What came up, and what is over."""

    found: tuple[Finding, ...] = ()
    over: tuple[Finding, ...] = ()


class Watch:
    """The memory of it.  Times are monotonic seconds but for `wall`, which is Unix seconds."""

    def __init__(
        self,
        known: frozenset[Socket] | None,
        told: Iterable[Finding],
        now: float,
        *,
        clients_from: int = 32_768,
    ) -> None:
        """`known` are the listeners of others that are no news, None before the first list; `told`
        is what was told and not over before the restart."""
        self.known = known
        self._told: Mapping[str, Finding] = {one.name: one for one in told}
        self._heard = tuple(one for one in self._told.values() if one.name.startswith("heard "))
        self._clients_from = clients_from
        self._lists = 0
        self._last: frozenset[Socket] = frozenset()
        self._there: frozenset[Socket] = frozenset()
        self._asked: frozenset[Socket] = frozenset()  # who was there at the last look
        self._config: RouterConfig | None = None  # at the last look
        self._look_at = self._not_before = now + START_SECONDS
        self.failures = 0

    def listed(self, config: RouterConfig, sockets: Iterable[Socket]) -> None:
        """Take the newest list of sockets."""
        fresh = frozenset(exposure.waiting(config, sockets, self._clients_from))
        self._there = (self._there & (fresh | self._last)) | (fresh & self._last)
        self._last, self._lists = fresh, self._lists + 1
        if self.known is None:
            self.known = frozenset(one for one in fresh if not one.owner)

    def due(self, config: RouterConfig, now: float) -> bool:
        """Is it time to send somebody?"""
        if config.wan is None or now < self._not_before:
            return False
        begun = self._there - self._asked
        left = self._asked - self._there if self._heard else frozenset()
        return now >= self._look_at or config != self._config or bool(begun or left)

    def looked(
        self, config: RouterConfig, seen: Seen, now: float, wall: float, jitter: float
    ) -> None:
        """Somebody came back; `jitter` is a number from -1 to 1."""
        self.failures = 0
        if seen.answered:
            self._heard = exposure.heard(config, seen.heard, wall)
        pause = AGAIN_SECONDS if self._heard else DAY_SECONDS + JITTER_SECONDS * jitter
        self._rest(config, now, pause)

    def failed(self, config: RouterConfig, now: float) -> bool:
        """Nobody came back; is that to be told?"""
        self.failures += 1
        self._rest(config, now, FAILED_SECONDS)
        return self.failures == TOLD_FAILURES

    def met(self, config: RouterConfig, seen: Seen) -> None:
        """The owner has looked: who is there is no news any more."""
        shown = exposure.waiting(config, seen.sockets, self._clients_from)
        there = self._there | self._last | frozenset(shown)
        self.known = frozenset(one for one in there if not one.owner)

    def news(self, config: RouterConfig, wall: float) -> News:
        """What there is to tell since the last time."""
        if self._lists < 2:
            return News()  # who is there is not known yet
        found = {one.name: one for one in self._findings(config, wall)}
        told, self._told = self._told, found
        return News(
            tuple(one for name, one in found.items() if name not in told),
            tuple(one for name, one in told.items() if name not in found),
        )

    def _findings(self, config: RouterConfig, wall: float) -> tuple[Finding, ...]:
        if config.wan is None:
            return ()
        known = self.known or frozenset()
        answers = {one.name.removeprefix("heard ") for one in self._heard}
        fresh = [
            one
            for one in sorted(self._there - known, key=str)
            if not one.owner and f"{one.protocol} {one.port}" not in answers
        ]
        return (
            *self._heard,
            *exposure.ours(config, self._there),
            *exposure.others(config, fresh, wall),
        )

    def _rest(self, config: RouterConfig, now: float, pause: float) -> None:
        self._config, self._asked = config, self._there
        self._look_at, self._not_before = now + pause, now + APART_SECONDS
