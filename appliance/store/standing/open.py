"""The door to run/supervisor.json: how each process stands, and what it is missing.

The supervisor writes the file whole; where systemd supervises there is none.
"""

import json
from dataclasses import dataclass
from pathlib import Path

FINE = frozenset({"runs", "is starting", "is being stopped", "waits for what it needs"})


@dataclass(frozen=True, slots=True)
class Standing:
    """One process.  `problems` are sentences: sockets that it could not have."""

    name: str
    state: str  # "runs", "is starting", "failed and is started again soon" …
    why: str  # the last failure as a sentence, "" when it never failed
    problems: tuple[str, ...]

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong right now, as whole sentences."""
        down = () if self.state in FINE else (f"{self.name} does not run. {self.why}".strip(),)
        return (*down, *self.problems)


def standings(state: Path) -> tuple[Standing, ...]:
    """Every process; () when there is no such file, or it cannot be read."""
    try:
        roles = json.loads((state / "run/supervisor.json").read_text())["roles"]
        return tuple(
            Standing(
                name,
                str(one["state"]),
                str(one["why"]),
                tuple(dict.fromkeys(map(str, one["problems"].values()))),
            )
            for name, one in roles.items()
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ()
