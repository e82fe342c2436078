"""Boots, folded from what was seen: a machine without socket, clock or file.

One attempt at a time per (network, MAC).  Facts come in as they were seen, with the time they were
seen at; facts of another role come up to a quarter of a second late, so it is the time of a fact
that decides where it belongs, not its arrival.

A boot begins when the firmware comes to DHCP, and a new one begins when it comes again after
something was loaded.  A boot falls short only when that happens: silence alone proves nothing,
except that a firmware which got an address and fetched nothing has given up after a while, and a
host which says itself that a unit it needs is not active did not come up well.  At its
menu or shell a machine waits for a person, for ever if need be.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from appliance.model.health import unwell
from appliance.model.images import Part
from services.netboot.attempt import Attempt, Chosen, Step

ASKING_SECONDS = 180.0  # firmware gives up after a minute; two PXE rounds fit
LOADING_SECONDS = 900.0
STARTING_SECONDS = 3600.0
HELD_SECONDS = 3600.0
DHCP_ROUND_SECONDS = 150.0  # a firmware's repeated DISCOVERs belong together
LOCAL_SECONDS = 60.0  # sent to its own disk and back so soon: there was nothing to start
LOCAL_FAILED_SECONDS = 180.0  # the same when iPXE said that the disk did not start
MACHINES = 4096  # remembered at a time; whoever was silent for longest makes room
FOREIGN_SERVERS = 16  # remembered per network
FIRMWARE_STAGES = ("pxe", "http", "rpi", "uboot")

SILENCE: Mapping[str, tuple[float, str]] = {
    "asking": (ASKING_SECONDS, "short"),
    "loading": (LOADING_SECONDS, "short"),
    "starting": (STARTING_SECONDS, "left"),
    "held": (HELD_SECONDS, "left"),
    "menu": (math.inf, "left"),
}
"""How many seconds of silence end a boot in that state, and how."""

ANSWERS = frozenset({"OFFER", "ACK", "NOTHING"})
"""Steps of ours in the DHCP exchange."""

NEXT: Mapping[str, str] = {
    "run": "loading",
    "page": "loading",
    "hold": "held",
    "menu": "menu",
    "shell": "menu",
}
"""What a script of that kind leads to; any other ends the boot at the machine's own disk."""


class Attempts:
    """All boots in progress.  Methods take a fact and return the attempt it belongs to."""

    def __init__(self) -> None:
        self._current: dict[tuple[str, str], Attempt] = {}
        self._closed: list[Attempt] = []
        self.foreign: dict[str, dict[str, str]] = {}
        """Other boot servers: network to server to "proxy" or "binl"."""

    def resume(self, attempt: Attempt) -> None:
        """Go on with a boot that was in progress when the role stopped."""
        self._current[attempt.network, attempt.mac] = attempt

    def current(self, network: str, mac: str) -> Attempt | None:
        """The newest boot of that machine."""
        return self._current.get((network, mac))

    def by_id(self, ident: str) -> Attempt | None:
        """A boot that is still remembered."""
        return next((one for one in self._current.values() if one.id == ident), None)

    def closed(self) -> list[Attempt]:
        """Boots that a newer one has replaced since the last call; they want storing too."""
        gone, self._closed = self._closed, []
        return gone

    def __iter__(self) -> Iterator[Attempt]:
        return iter(tuple(self._current.values()))

    # ── facts ────────────────────────────────────────────────────────────────────────────────────

    def asked(
        self, network: str, mac: str, at: float, ident: str, facts: Mapping[str, Any]
    ) -> Attempt:
        """A boot-class DHCP packet.  `facts`: firmware, stage, arch_code, version, bus_id …"""
        firmware = str(facts["firmware"])
        attempt = self._for_question(network, mac, at, ident, firmware)
        if _is_firmware(firmware) or attempt.firmware == "":
            attempt.firmware = firmware
        kept = ("arch_code", "version", "bus_id", "uuid", "features", "vendor_class")
        attempt.facts.update({key: facts[key] for key in kept if facts.get(key) not in (None, "")})
        if network in self.foreign:
            attempt.facts["foreign"] = dict(self.foreign[network])
        attempt.began_at = min(attempt.began_at, at)
        stage = str(facts.get("stage", "")).upper()
        attempt.add(Step(0, "dhcp", stage, at, at, detail={"firmware": firmware}))
        return attempt

    def answered(
        self, network: str, mac: str, at: float, ident: str, facts: Mapping[str, Any]
    ) -> Attempt:
        """What DHCP said to it: stage, address, file; or why nothing, and that as a `reason`."""
        attempt = self.current(network, mac) or self._begin(network, mac, at, ident)
        told = ("address", "file", "why", "reason")
        detail = {key: facts[key] for key in told if facts.get(key)}
        status = "refused" if "why" in detail else "ok"
        attempt.facts.update({k: v for k, v in detail.items() if k in ("address", "file")})
        name = str(facts.get("stage") or "nothing").upper()
        attempt.add(Step(0, "dhcp", name, at, at, status=status, detail=detail))
        return attempt

    def foreign_heard(self, network: str, server: str, kind: str) -> list[Attempt]:
        """Another boot server was heard; returns the attempts that now know it."""
        known = self.foreign.setdefault(network, {})
        if server not in known and len(known) >= FOREIGN_SERVERS:
            return []
        known[server] = kind
        asking = [one for one in self if one.network == network and one.state == "asking"]
        for attempt in asking:
            attempt.facts["foreign"] = dict(known)
        return asking

    def foreign_gone(self, network: str, server: str) -> None:
        """That server is not there any more."""
        self.foreign.get(network, {}).pop(server, None)

    def fetched(self, network: str, mac: str, ident: str, step: Step) -> Attempt:
        """A loader or an autoexec.ipxe was asked for, by TFTP or HTTP."""
        attempt = self._open(network, mac, step.began_at, ident)
        if attempt.state in ("asking", "held"):
            attempt.state = "loading"
        if step.bytes and step.ended_at is not None:
            step.reaches(step.bytes, step.ended_at)
        last = attempt.last()
        if last is not None and step.status == last.status == "missing":
            # Loaders try many names on purpose; a row of misses is one line.
            last.detail["others"] = [*last.detail.get("others", []), step.name][:20]
            last.ended_at = step.ended_at
            attempt.touch(last)
        else:
            attempt.add(step)
        return attempt

    def scripted(self, network: str, mac: str, at: float, ident: str, chosen: Chosen) -> Attempt:
        """The script of this boot was made."""
        attempt = self._open(network, mac, at, ident)
        held = attempt.state == "held" and chosen.kind == "hold"
        last = attempt.last()
        if last is not None and last.kind == "hold" and not held:
            last.status = "ok"
            attempt.touch(last)
        if not held:
            _told(attempt, at, chosen)
        attempt.script_at = at
        _chosen(attempt, chosen, at)
        return attempt

    def picked(self, attempt: Attempt, at: float, key: str, chosen: Chosen) -> None:
        """A menu entry was taken."""
        name = chosen.name or chosen.kind
        attempt.add(Step(0, "menu", name, at, at, detail={"entry": key, "kind": chosen.kind}))
        _chosen(attempt, chosen, at)

    def waited(self, attempt: Attempt, at: float) -> None:
        """A held machine asked once more."""
        step = attempt.last()
        if step is None or step.kind != "hold":
            step = attempt.add(Step(0, "hold", "waiting", at, status="running", bytes=0))
        step.ended_at, step.bytes = at, (step.bytes or 0) + 1
        attempt.touch(step)

    def part_ended(self, attempt: Attempt, step: Step, part: Part) -> None:
        """A part was sent, or as much of it as the machine took; `step` was added before.

        Ranges count as the whole once they add up to it.  A machine that asks for the rest of what
        broke off has the beginning.  A first stage fetches its store when the firmware has done its
        work, so that one is not waited for.
        """
        attempt.touch(step)
        sha256 = part.sha256
        if step.status == "ok" and sha256 in attempt.awaited:
            attempt.awaited[sha256] -= step.bytes or 0
            if attempt.awaited[sha256] <= 0 or _resumed(attempt, step, part):
                del attempt.awaited[sha256]
        at = step.ended_at or step.began_at
        if set(attempt.awaited) - {attempt.facts.get("store")}:
            return
        if attempt.image is None or attempt.sent_at is not None:
            return
        if "up" in attempt.facts:
            return  # it phoned home before its TCP had acknowledged the last bytes
        attempt.sent_at = at
        if attempt.watched:
            attempt.goes_on("starting")
        else:
            attempt.end("served", at)

    def reported(self, attempt: Attempt, at: float, what: str, errno: str) -> None:
        """iPXE said that a command failed, or a first stage that it has no `store`."""
        attempt.add(Step(0, "report", what, at, at, status="refused", detail={"errno": errno}))
        if what != "store" and attempt.state in ("starting", "served"):
            attempt.goes_on("loading")
            attempt.sent_at = None

    def phoned_home(
        self, attempt: Attempt, at: float, said: Mapping[str, Any], expected: str | None
    ) -> None:
        """The booted host spoke.  `expected` is the image's toplevel.

        It fell short when a unit that it names for this is not active.
        """
        toplevel = str(said.get("toplevel", ""))
        attempt.toplevel = toplevel
        attempt.facts["up"] = dict(said)
        if expected and toplevel != expected:
            attempt.facts["expected"] = expected
        attempt.add(Step(0, "up", str(said.get("hostname", "")), at, at, detail=dict(said)))
        end = "short" if unwell(said.get("health")) else "up"
        attempt.state, attempt.ended_at, attempt.diagnosis = end, at, None

    def woken(self, now: float) -> list[Attempt]:
        """Close what has been silent for too long; returns the attempts that changed."""
        changed = []
        for attempt in self:
            silent = now - attempt.last_at
            if attempt.over:
                if silent > STARTING_SECONDS:
                    del self._current[attempt.network, attempt.mac]
                continue
            limit, end = SILENCE[attempt.state]
            if silent > limit:
                attempt.end(end, now)
                changed.append(attempt)
        return changed

    # ── which boot a fact belongs to ─────────────────────────────────────────────────────────────

    def _for_question(
        self, network: str, mac: str, at: float, ident: str, firmware: str
    ) -> Attempt:
        attempt = self.current(network, mac)
        if attempt is None:
            return self._begin(network, mac, at, ident)
        if attempt.script_at is not None:
            if at <= attempt.script_at:
                return attempt  # told late
            return self._begin(network, mac, at, ident)
        if attempt.over:
            return self._begin(network, mac, at, ident)
        came_back = _is_firmware(firmware) and attempt.loaded and at > attempt.last_at
        given_up = not attempt.loaded and at - attempt.last_at > DHCP_ROUND_SECONDS
        if came_back or given_up:
            return self._begin(network, mac, at, ident)
        return attempt

    def _open(self, network: str, mac: str, at: float, ident: str) -> Attempt:
        """The boot in progress, or a new one without DHCP: another server may have led here."""
        attempt = self.current(network, mac)
        if attempt is None or attempt.over:
            return self._begin(network, mac, at, ident)
        return attempt

    def _begin(self, network: str, mac: str, at: float, ident: str) -> Attempt:
        before = self.current(network, mac)
        if before is not None and _came_back(before, at):
            self._closed.append(before)
        if before is None and len(self._current) >= MACHINES:
            self._make_room(at)
        attempt = Attempt(ident, network, mac, "", at, last_at=at)
        self._current[network, mac] = attempt
        return attempt

    def _make_room(self, at: float) -> None:
        silent = min(self._current.values(), key=lambda one: one.last_at)
        del self._current[silent.network, silent.mac]
        if not silent.over:
            silent.end("left", at)
            self._closed.append(silent)


def foreign_kind(what: str) -> str | None:
    """How a foreign DHCP server steers machines that boot, from the names of the fields it sets.

    Option 60 without 43 makes UEFI wait for that server on port 4011 (BINL, G13); None: not at all.

    >>> foreign_kind("option 60"), foreign_kind("a boot file, option 60, option 43")
    ('binl', 'proxy')
    """
    fields = what.split(", ") if what else []
    if "option 60" in fields and "option 43" not in fields:
        return "binl"
    return "proxy" if fields else None


def _is_firmware(firmware: str) -> bool:
    return firmware.startswith(FIRMWARE_STAGES)


def _told(attempt: Attempt, at: float, chosen: Chosen) -> None:
    """Write the script down; the same page once more is the same line."""
    detail = {
        "kind": chosen.kind,
        "sentence": chosen.sentence,
        "way_out": chosen.way_out,
        "reason": chosen.reason,
    }
    said: dict[str, Any] = {name: text for name, text in detail.items() if text}
    last = attempt.last()
    if last is not None and last.kind == "script" and _same_page(last.detail, detail):
        last.ended_at = at
        last.detail = {**said, "times": last.detail.get("times", 1) + 1}
        attempt.touch(last)
    else:
        attempt.add(Step(0, "script", chosen.name or chosen.kind, at, at, detail=said))


def _same_page(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """The sentence may differ: a build gets on while a machine waits for it."""
    return now["kind"] == "page" and all(
        before.get(name, "") == now[name] for name in ("kind", "reason")
    )


def _chosen(attempt: Attempt, chosen: Chosen, at: float) -> None:
    attempt.intent = chosen.intent or chosen.kind
    attempt.intent_id = chosen.intent_id
    attempt.machine = chosen.machine
    attempt.goes_on(NEXT.get(chosen.kind, "loading"))
    if chosen.kind not in NEXT:
        attempt.end("local", at)
    if chosen.kind == "run":
        attempt.host, attempt.name = chosen.host, chosen.name
        attempt.image, attempt.generation = chosen.image, chosen.generation
        attempt.watched, attempt.awaited = chosen.watched, dict(chosen.parts)
        attempt.sent_at = None
        attempt.facts.update(toplevel=chosen.toplevel, watched=chosen.watched)
        told = {"store": chosen.store, "doubts": [asdict(one) for one in chosen.doubts]}
        for name, fact in told.items():
            attempt.facts.pop(name, None)
            attempt.facts |= {name: fact} if fact else {}
    for name in ("once", "once_kind"):
        attempt.facts.pop(name, None)
    if chosen.once is not None:
        attempt.facts.update(once=chosen.once.id, once_kind=chosen.once.kind)


def _resumed(attempt: Attempt, step: Step, part: Part) -> bool:
    """It is the end of a part of which a piece went out before."""
    start, stop = step.detail.get("range", (0, 0))
    broke_off = (one for one in attempt.steps if one.name == part.name and one.status == "aborted")
    return start > 0 and stop == part.size and any(broke_off)


def _came_back(before: Attempt, at: float) -> bool:
    """The firmware asks again, so what went before did not hold; did that change its end?"""
    if before.state == "local":
        return _came_back_from_disk(before, at)
    if before.over:
        return False
    answered = any(step.kind == "dhcp" and step.name in ANSWERS for step in before.steps)
    was_going = {"starting": True, "loading": before.loaded, "asking": answered}
    before.end("short" if was_going.get(before.state) else "left", at)
    return True


def _came_back_from_disk(before: Attempt, at: float) -> bool:
    told = before.last("script", "menu")
    reported = before.last("report") is not None
    limit = LOCAL_FAILED_SECONDS if reported else LOCAL_SECONDS
    if told is None or told.detail.get("kind") != "local" or before.ended_at is None:
        return False
    if at - before.ended_at > limit:
        return False
    before.state, before.ended_at = "short", at
    return True
