"""What the box found out by itself, and a configuration leads by: here, so that plans stay pure."""

from dataclasses import dataclass, field
from ipaddress import IPv6Network

from appliance.model.foreign import NOBODY, Foreign
from appliance.model.newcomers import Admitted


@dataclass(frozen=True, slots=True)
class Delegation:
    """A prefix that the provider lends us, with what is left of its lifetimes."""

    prefix: IPv6Network
    preferred_seconds: int
    valid_seconds: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything found; the default is a box that has heard nothing yet."""

    delegation: Delegation | None = None
    ipv6: bool = True  # does this kernel have it?
    vlan: bool = True  # … and tags?
    cake: bool = True  # … and the queue that holds a speed?
    flowtable: bool = False  # … and a short way for flows that were let through?
    foreign: Foreign = NOBODY  # what runs here and is not ours
    admitted: Admitted = field(default_factory=dict)  # no newcomers where those are held back

    @property
    def delegated(self) -> IPv6Network | None:
        """The prefix that the provider lends us, if it does."""
        return self.delegation.prefix if self.delegation else None


NOTHING_FOUND = Facts()
