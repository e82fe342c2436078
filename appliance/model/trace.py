"""A conversation whose packets the kernel is asked about, one by one, for a while."""

from collections.abc import Mapping
from dataclasses import dataclass

SECONDS = 60
"""The longest that one is watched."""
PACKETS = 50
"""The most packets that are shown of one: then it is over."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Who begins it and what is asked for.

    `source` is a network or `internet`, `destination` the same or `router`.  `senders` are MACs or
    addresses, `receivers` addresses, each () for anybody there; `port` is None for a ping.
    """

    source: str
    senders: tuple[str, ...]
    destination: str
    receivers: tuple[str, ...]
    protocol: str  # tcp, udp or icmp
    port: int | None

    @property
    def words(self) -> str:
        """The conversation in one line.

        >>> Flow("lan", ("10.77.0.5",), "internet", (), "tcp", 443).words
        'tcp 443 from 10.77.0.5 (lan) to internet'
        """
        what = "ping" if self.port is None else f"{self.protocol} {self.port}"
        begins = _place(self.senders, self.source)
        return f"{what} from {begins} to {_place(self.receivers, self.destination)}"

    def fields(self) -> Mapping[str, str]:
        """As a wish says it; `flow_from` reads it again."""
        return {
            "source": self.source,
            "senders": " ".join(self.senders),
            "destination": self.destination,
            "receivers": " ".join(self.receivers),
            "protocol": self.protocol,
            "port": "" if self.port is None else str(self.port),
        }


def flow_from(said: Mapping[str, str]) -> Flow:
    """The flow that `fields` wrote.

    >>> ping = Flow("lan", (), "router", ("10.77.0.1", "fd77::1"), "icmp", None)
    >>> flow_from(ping.fields()) == ping
    True
    """
    return Flow(
        said["source"],
        tuple(said["senders"].split()),
        said["destination"],
        tuple(said["receivers"].split()),
        said["protocol"],
        int(said["port"]) if said["port"] else None,
    )


def _place(who: tuple[str, ...], place: str) -> str:
    return f"{', '.join(who)} ({place})" if who else place
