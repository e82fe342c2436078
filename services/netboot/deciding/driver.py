"""DOOR: a decision about one machine, from the inventory's table and from what boot.db remembers.

The same for whoever asks, by HTTP or by TFTP.
"""

import time
from typing import Any

from appliance.model.lan_cache import PATH as CACHE
from services.netboot.choice import Decision, Page, Run, decide, pick
from services.netboot.driver import Recorder
from services.netboot.follow import World
from services.netboot.newest import instead, waits
from services.netboot.parameters import NOBODY, Told, Who

WAIT_SECONDS = 5  # Retry-After of a machine that waits for a build
SINCE = "newest_since"
"""The fact of a boot that says since when it waits for the newest image."""


class Deciding:
    """What machines get."""

    def __init__(self, world: World, recorder: Recorder) -> None:
        self._world = world
        self._recorder = recorder

    def decided(self, network: str, mac: str, facts: dict[str, Any]) -> Decision:
        """What the machine gets; `facts` learns since when it waits."""
        table, images = self._world.table, self._world.image
        machine = table.machine(network, mac)
        if machine is not None and machine.once is not None:
            self._recorder.onces.asks(machine.once, machine.id, mac, time.time())
        stands, onces = self._recorder.standings, self._recorder.onces.state
        decision = decide(table, network, mac, images, stands, onces)
        if isinstance(decision, Run) and machine is not None and machine.waits_seconds:
            return self._newest(network, mac, machine.waits_seconds, decision, facts)
        return decision

    def picked(self, network: str, mac: str, key: str, allowed: frozenset[str]) -> Decision:
        """What the entry of a menu means that offered `allowed`."""
        table, stands = self._world.table, self._recorder.standings
        return pick(table, network, mac, key, self._world.image, allowed, stands)

    def told(self, base: str, network: str, mac: str, boot: str) -> Told:
        """What a command line says of this router; `base` is our address, `boot` is id.secret."""
        facts = self._world.caches(network)
        machine = self._world.table.machine(network, mac)
        who = NOBODY
        if machine is not None:
            who = Who(machine.machine_id, f"{base}/id/{boot}" if machine.keeps_identity else "")
        return Told(f"{base}/up/{boot}", f"{base}{CACHE}={facts.key}" if facts else "", who)

    def _newest(
        self, network: str, mac: str, most: float, decision: Run, facts: dict[str, Any]
    ) -> Decision:
        """The decision, or what the machine waits for before that."""
        at, host = time.time(), decision.host.id
        attempt = self._recorder.attempts.current(network, mac)
        began = attempt.facts.get(SINCE) if attempt is not None and not attempt.over else None
        if began is None:
            began = facts[SINCE] = at
            self._recorder.wants(host, at)
        stand = self._world.stand(host)
        why = waits(stand, began, at, most, self._world.table.at)
        if not why:
            return decision
        way_out = instead(began, at, most, decision.generation.number)
        return Page(why, way_out, WAIT_SECONDS, reason="waiting")
