"""What became of traced packets, as `net` tells it from memory (recall/open.py)."""

from dataclasses import dataclass
from typing import Any

from appliance.model.trace import Flow, flow_from


@dataclass(frozen=True, slots=True)
class Traced:
    """One packet.  `accepted` is None while, or where, no rule of the filter was asked.

    `by` is the id of the rule that decided; `elsewhere` the family, table and chain of another
    program's that refused it.  `port` is the sender's.
    """

    at: float
    source: str
    destination: str
    port: int | None
    accepted: bool | None
    by: str
    elsewhere: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One conversation with its packets, newest first.

    `until` is Unix seconds; `over`: nothing more will be seen; `problem` is why nothing can be.
    """

    wish: str
    flow: Flow
    until: float
    over: bool
    problem: str
    packets: tuple[Traced, ...]


def trace(told: list[Any] | None) -> Trace | None:
    """What net told of its memory; None for no trace, or when it does not tell."""
    for one in told or ():
        packets = tuple(Traced(**packet) for packet in one["packets"])
        return Trace(**{**one, "flow": flow_from(one["flow"]), "packets": packets})
    return None
