"""One address and its holder, as the pool remembers them."""

from typing import Final

NEVER: Final = -1.0

OFFERED, BOUND, RELEASED, DECLINED = range(4)
STATES: Final = ("offered", "bound", "released", "declined")


class Lease:
    """One address and its holder.  Times are Unix seconds; `client` is the key it is found by."""

    __slots__ = (
        "address", "asked", "boot", "chain_until", "client", "ends_at", "given_at", "hostname",
        "mac", "queued", "regular", "state", "vendor",
    )  # fmt: skip

    def __init__(self, address: int, mac: bytes, client: bytes) -> None:
        self.address = address
        self.mac = mac
        self.client = client
        self.boot = False  # held by a stage of a network boot
        self.chain_until = 0.0  # until then another client-id on this MAC is the same machine
        self.state = OFFERED
        self.given_at = NEVER  # first confirmed to this MAC
        self.ends_at = 0.0
        self.hostname = ""
        self.vendor, self.asked = "", b""  # what it says that it is, and which options it wants
        self.queued = 0.0  # the end for which it stands in the heap; 0.0: it does not
        self.regular = False
