"""What is known of one boot, and what the rules of a diagnosis ask of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.store.boots import BootRow, StepRow

LOADER_STAGES = ("script", "chain")
"""Who asks DHCP when it is a loader, not the firmware."""


@dataclass(frozen=True, slots=True)
class BootRecord:
    """One boot, ready for the rules."""

    boot: BootRow
    steps: Sequence[StepRow]
    now: float

    def of(self, *kinds: str) -> list[StepRow]:
        """The steps of these kinds, in order."""
        return [step for step in self.steps if step.kind in kinds]

    @property
    def short(self) -> bool:
        """It is over, and not well."""
        return self.boot.state == "short"

    @property
    def silent_seconds(self) -> float:
        """How long nothing was seen; counts to the end of a boot that is over."""
        last = max((step.ended_at or step.began_at for step in self.steps), default=self.now)
        return max(0.0, (self.boot.ended_at or self.now) - last)

    @property
    def loads(self) -> list[StepRow]:
        """The loaders that went out whole; a question for the size is none."""
        return [
            step
            for step in self.of("loader")
            if step.status == "ok" and not step.detail.get("probe")
        ]

    @property
    def only_dhcp(self) -> bool:
        """Nothing was ever fetched."""
        return bool(self.steps) and all(step.kind == "dhcp" for step in self.steps)

    @property
    def told(self) -> StepRow | None:
        """The last script, or what was picked in its menu."""
        return next(reversed(self.of("script", "menu")), None)

    @property
    def parts_sent(self) -> bool:
        """Kernel and initial ramdisk went out whole."""
        parts = {step.name: step.status for step in self.of("part")}
        return bool(parts) and all(status == "ok" for status in parts.values())

    def waited(self, seconds: float) -> bool:
        """It is over, or has been silent for so long."""
        return self.short or self.silent_seconds >= seconds

    def foreign(self, *kinds: str) -> tuple[str, ...]:
        """A sentence about other boot servers of these kinds, none when none was heard."""
        heard: Mapping[str, str] = self.boot.facts.get("foreign", {})
        found = sorted(server for server, kind in heard.items() if kind in kinds)
        return (f"{', '.join(found)} was heard to answer machines that boot.",) if found else ()

    def answers(self) -> tuple[str, ...]:
        """A sentence about our last answer by DHCP, none when there was none."""
        names = [step.name for step in self.of("dhcp") if step.name in ("OFFER", "ACK")]
        told = (
            f"Nixie's last answer was {name}, and no file was asked for." for name in names[-1:]
        )
        return tuple(told)

    def loader_asked_dhcp(self, since: float) -> bool:
        """A loader, not the firmware, asked for an address after `since`."""
        return any(
            step.began_at >= since and step.detail.get("firmware") in LOADER_STAGES
            for step in self.of("dhcp")
        )
