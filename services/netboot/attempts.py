"""Boots, folded from what was seen: a machine without socket, clock or file.

One attempt at a time per (network, MAC).  Facts come in as they were seen, with the time they were
seen at; facts of another role come up to a quarter of a second late, so it is the time of a fact
that decides where it belongs, not its arrival.

A boot begins when the firmware comes to DHCP, and a new one begins when it comes again after
something was loaded.  A boot falls short only when that happens: silence alone proves nothing,
except that a firmware which got an address and fetched nothing has given up after a while.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from services.netboot.attempt import Attempt, Chosen, Step

ASKING_SECONDS = 180.0  # firmware gives up after a minute; two PXE rounds fit
LOADING_SECONDS = 900.0
STARTING_SECONDS = 3600.0
DHCP_ROUND_SECONDS = 150.0  # a firmware's repeated DISCOVERs belong together
FIRMWARE_STAGES = ("pxe", "http", "rpi")


class Attempts:
    """All boots in progress.  Methods take a fact and return the attempt it belongs to."""

    def __init__(self) -> None:
        self._current: dict[tuple[str, str], Attempt] = {}
        self._closed: list[Attempt] = []

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
        """A boot-class DHCP packet.  `facts`: firmware, stage, arch, version, bus_id, uuid …"""
        firmware = str(facts["firmware"])
        attempt = self._for_question(network, mac, at, ident, firmware)
        if _is_firmware(firmware) or attempt.firmware == "":
            attempt.firmware = firmware
        kept = ("arch", "version", "bus_id", "uuid", "features", "vendor_class")
        attempt.facts.update({key: facts[key] for key in kept if facts.get(key)})
        attempt.began_at = min(attempt.began_at, at)
        stage = str(facts.get("stage", "")).upper()
        attempt.add(Step(0, "dhcp", stage, at, at, detail={"firmware": firmware}))
        return attempt

    def answered(
        self, network: str, mac: str, at: float, facts: Mapping[str, Any]
    ) -> Attempt | None:
        """What DHCP said to it: stage, address, file; or why nothing."""
        attempt = self.current(network, mac)
        if attempt is None:
            return None
        detail = {key: facts[key] for key in ("address", "file", "why") if facts.get(key)}
        status = "refused" if "why" in detail else "ok"
        attempt.facts.update({k: v for k, v in detail.items() if k in ("address", "file")})
        name = str(facts.get("stage") or "nothing").upper()
        attempt.add(Step(0, "dhcp", name, at, at, status=status, detail=detail))
        return attempt

    def fetched(self, network: str, mac: str, ident: str, step: Step) -> Attempt:
        """A loader or an autoexec.ipxe was asked for, by TFTP or HTTP."""
        attempt = self._open(network, mac, step.began_at, ident)
        if attempt.state in ("asking", "held"):
            attempt.state = "loading"
        last = attempt.steps[-1] if attempt.steps else None
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
        last = attempt.steps[-1] if attempt.steps else None
        if last is not None and last.kind == "hold" and not held:
            last.status = "ok"
            attempt.touch(last)
        if not held:
            detail = {"sentence": chosen.sentence, "reason": chosen.reason}
            told = {name: text for name, text in detail.items() if text}
            attempt.add(Step(0, "script", chosen.name or chosen.kind, at, at, detail=told))
        attempt.script_at = at
        self._chosen(attempt, chosen, at)
        return attempt

    def picked(self, attempt: Attempt, at: float, key: str, chosen: Chosen) -> None:
        """A menu entry was taken."""
        name = chosen.name or chosen.kind
        attempt.add(Step(0, "menu", name, at, at, detail={"entry": key}))
        self._chosen(attempt, chosen, at)

    def waited(self, attempt: Attempt, at: float) -> None:
        """A held machine asked once more."""
        step = attempt.steps[-1] if attempt.steps else None
        if step is None or step.kind != "hold":
            step = attempt.add(Step(0, "hold", "waiting", at, status="running", bytes=0))
        step.ended_at, step.bytes = at, (step.bytes or 0) + 1
        attempt.touch(step)

    def part_ended(self, attempt: Attempt, step: Step, sha256: str, size: int) -> None:
        """A part was sent, or as much of it as the machine took; `step` was added before.

        Ranges count as the whole once they add up to it.
        """
        attempt.touch(step)
        sent = sum(
            one.bytes or 0
            for one in attempt.steps
            if one.kind == "part" and one.name == step.name and one.status == "ok"
        )
        if step.status == "ok" and sent >= size:
            attempt.awaited.pop(sha256, None)
        at = step.ended_at or step.began_at
        if attempt.awaited or attempt.image is None or attempt.sent_at is not None:
            return
        attempt.sent_at = at
        if attempt.watched:
            attempt.state = "starting"
        else:
            attempt.end("served", at)

    def reported(self, attempt: Attempt, at: float, what: str, errno: str) -> None:
        """iPXE said that a command failed."""
        attempt.add(Step(0, "report", what, at, at, status="refused", detail={"errno": errno}))
        if attempt.state in ("starting", "served"):
            attempt.state, attempt.sent_at, attempt.ended_at = "loading", None, None

    def phoned_home(
        self, attempt: Attempt, at: float, said: Mapping[str, Any], expected: str | None
    ) -> None:
        """The booted host spoke.  `expected` is the image's toplevel."""
        toplevel = str(said.get("toplevel", ""))
        attempt.toplevel = toplevel
        attempt.facts["up"] = dict(said)
        if expected and toplevel != expected:
            attempt.facts["expected"] = expected
        attempt.add(Step(0, "up", str(said.get("hostname", "")), at, at, detail=dict(said)))
        attempt.state, attempt.ended_at, attempt.diagnosis = "up", at, None

    def woken(self, now: float) -> list[Attempt]:
        """Close what has been silent for too long; returns the attempts that changed."""
        limits = {
            "asking": ASKING_SECONDS,
            "loading": LOADING_SECONDS,
            "starting": STARTING_SECONDS,
        }
        changed = []
        for attempt in self:
            silent = now - attempt.last_at
            if attempt.over:
                if silent > STARTING_SECONDS:
                    del self._current[attempt.network, attempt.mac]
            elif silent > limits.get(attempt.state, STARTING_SECONDS):
                attempt.end("left" if attempt.state in ("starting", "held") else "short", now)
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
        if before is not None and not before.over:
            self._came_back(before, at)
            self._closed.append(before)
        attempt = Attempt(ident, network, mac, "", at, last_at=at)
        self._current[network, mac] = attempt
        return attempt

    @staticmethod
    def _came_back(before: Attempt, at: float) -> None:
        """The firmware asks again, so what went before did not hold."""
        answered = any(step.name == "ACK" for step in before.steps)
        was_going = {"starting": True, "loading": before.loaded, "asking": answered}
        before.end("short" if was_going.get(before.state) else "left", at)

    @staticmethod
    def _chosen(attempt: Attempt, chosen: Chosen, at: float) -> None:
        attempt.intent = chosen.intent or chosen.kind
        attempt.intent_id = chosen.intent_id
        attempt.machine = chosen.machine
        if chosen.kind == "run":
            attempt.host, attempt.name = chosen.host, chosen.name
            attempt.image, attempt.generation = chosen.image, chosen.generation
            attempt.watched, attempt.awaited = chosen.watched, dict(chosen.parts)
            attempt.sent_at = None
            attempt.facts.update(
                toplevel=chosen.toplevel, watched=chosen.watched, parts=dict(chosen.parts)
            )
            attempt.state = "loading"
        elif chosen.kind == "hold":
            attempt.state = "held"
        elif chosen.kind in ("local", "deny"):
            attempt.end("local", at)
        else:
            attempt.state = "loading"


def _is_firmware(firmware: str) -> bool:
    return firmware.startswith(FIRMWARE_STAGES)
