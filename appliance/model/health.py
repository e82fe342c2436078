"""The units that must be active for a start to count as good, as a machine tells of them.

A host names them in `nixie.health.units`; its phone-home waits for them, then says how each stands:
"nginx.service=active,mill.service=failed", and what the ones that are not active said last.
"""

from collections.abc import Mapping
from dataclasses import dataclass

ACTIVE = "active"  # systemctl(1), is-active
LINES_KEPT = 40

STATES: Mapping[str, str] = {
    "failed": "failed",
    "activating": "was still starting when its time was over",
    "inactive": "was not started, has ended, or is not there",
    "deactivating": "was stopping",
}
"""How a unit stands, in words."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One named unit; `state` is what systemctl calls it."""

    name: str
    state: str

    @property
    def said(self) -> str:
        """A sentence."""
        return f"{self.name} {STATES.get(self.state, f'is {self.state}')}."


def unwell(told: object) -> tuple[Unit, ...]:
    """Those of a phone-home's `health` that are not active.

    >>> [one.name for one in unwell("nginx.service=active,mill.service=failed")]
    ['mill.service']
    >>> unwell(""), unwell(None)
    ((), ())
    """
    if not isinstance(told, str):
        return ()
    pairs = (one.rpartition("=") for one in told.split(",") if "=" in one)
    return tuple(Unit(name, state) for name, _, state in pairs if state != ACTIVE)


def last_lines(text: str) -> str:
    """The end of what units said, printable."""
    lines = ("".join(c for c in line if c.isprintable()) for line in text.splitlines())
    return "\n".join([line[:200] for line in lines if line.strip()][-LINES_KEPT:])
