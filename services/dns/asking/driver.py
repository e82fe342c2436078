"""The door to a group of upstreams: races run on the clients of each."""

import asyncio
from collections.abc import Iterable
from typing import Generic

from appliance.model.dns import Dns, Upstream
from services.dns.client import Client
from services.dns.labels import name_in_bytes, suffixes
from services.dns.race import Health, Race, Races
from services.dns.reply import Reply
from services.dns.tls.client import TlsClient
from services.dns.upstream import Told, Waiter
from services.dns.wire import Query

Put = tuple[Race[Waiter], int]
"""A question, and the number of the upstream that it was put to."""


def client(upstream: Upstream, told: Told[Waiter]) -> Client[Waiter] | TlsClient[Waiter]:
    """The client that an upstream needs."""
    if upstream.tls_name:
        return TlsClient(upstream.address, upstream.tls_name, told)
    return Client(upstream.address, told)


class Group(Generic[Waiter]):
    """Upstreams of which the best is asked."""

    def __init__(self, upstreams: Iterable[Upstream], told: Told[Waiter]) -> None:
        self._loop = asyncio.get_running_loop()
        self.upstreams = tuple(upstreams)
        self._clients = [client(one, self._told) for one in self.upstreams]
        self._races = Races(len(self._clients), told)
        self._several = len(self._clients) > 1
        self._timer: asyncio.TimerHandle | None = None

    def ask(self, query: Query, waiter: Waiter, now: float) -> None:
        """Ask; `waiter` is told once, of the reply or None."""
        begun = self._races.ask(query, waiter, now)
        if begun is None:
            return
        race, starters = begun
        for number in starters:
            self._clients[number].ask(query, (race, number), now)
        if self._several:
            self._arm()

    @property
    def heard(self) -> Upstream | None:
        """Who said something last."""
        last = self._races.last
        return None if last is None else self.upstreams[last]

    def health(self) -> tuple[tuple[Upstream, Health], ...]:
        """Each upstream with how it does."""
        return tuple(zip(self.upstreams, self._races.health, strict=True))

    def close(self) -> None:
        """Send everybody off and close every client."""
        self._races.clear(self._loop.time())
        if self._timer:
            self._timer.cancel()
        for one in self._clients:
            one.close()

    def _told(self, put: Put[Waiter], reply: Reply | None, now: float) -> None:
        race, number = put
        after = self._races.told(race, number, reply, now)
        if after is not None:
            self._clients[after].ask(race.query, (race, after), now)

    def _arm(self) -> None:
        if self._timer is None and (wake_at := self._races.wake_at) is not None:
            self._timer = self._loop.call_at(wake_at, self._woken)

    def _woken(self) -> None:
        self._timer, now = None, self._loop.time()
        for race, number in list(self._races.woken(now)):
            self._clients[number].ask(race.query, (race, number), now)
        self._arm()


class Ways(Generic[Waiter]):
    """Whom to ask for which name: the servers of its domain, else those for everything."""

    def __init__(self, settings: Dns, told: Told[Waiter]) -> None:
        self._rest = Group(settings.upstreams, told)
        self._domains = {
            name_in_bytes(one.domain): Group(one.upstreams, told) for one in settings.forwardings
        }
        self._private = frozenset(map(name_in_bytes, settings.private_answers))

    def ask(self, query: Query, waiter: Waiter, now: float) -> None:
        """Ask; `waiter` is told once, of the reply or None."""
        asked = self.group(query.name)[1] if self._domains else self._rest
        asked.ask(query, waiter, now)

    def group(self, name: bytes) -> tuple[bytes, Group[Waiter]]:
        """The domain that has servers of its own, and those; b"" for everything else."""
        if self._domains:
            for one in suffixes(name):
                if one in self._domains:
                    return one, self._domains[one]
        return b"", self._rest

    def heard(self, name: bytes) -> str:
        """Which server said something last, of those that are asked for this name."""
        last = self.group(name)[1].heard
        return "" if last is None else str(last.address)

    def may_be_private(self, name: bytes) -> bool:
        """May this name have a private address?"""
        return bool(self.group(name)[0]) or not self._private.isdisjoint(suffixes(name))

    def groups(self) -> tuple[Group[Waiter], ...]:
        """All of them."""
        return (self._rest, *self._domains.values())

    def close(self) -> None:
        """Send everybody off."""
        for group in self.groups():
            group.close()
