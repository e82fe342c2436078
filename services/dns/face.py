"""One link that names are answered on: its network, its clients' budgets, the answers given lately.

Who is of the network, and asks no more than is allowed, has a budget for this second; a cached
answer costs one look-up of it.  Others are refused: we are no open resolver.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from services.dns.cache import Answers
from services.dns.foreign import LINK

Subnet = IPv4Network | IPv6Network
LINK_LOCAL = IPv6Network("fe80::/10")
"""Whoever has such an address is on this very link."""
MOST_CLIENTS = 4_096
"""Client addresses remembered per link as belonging to its network."""


class Face:
    """One link."""

    def __init__(self, link: str) -> None:
        self.link = link
        self.name: str | None = None
        self.subnets: tuple[Subnet, ...] = ()
        self.foreign = link == LINK  # it is foreign code that asks there
        self.filtered = True  # is anything blocked for its clients?
        self.answers = Answers()
        self.budgets: dict[str, int] = {}  # client to the questions it has left this second
        self.allowance = 0  # questions a second of each client
        self.refill_at = 0.0

    def belong(
        self,
        name: str | None,
        subnets: tuple[Subnet, ...],
        allowance: int,
        *,
        filtered: bool = True,
    ) -> None:
        """The link's network now, None when it has none any more; with the subnets it had before,
        while somebody is still there."""
        self.filtered = filtered
        if (self.name, self.subnets, self.allowance) != (name, subnets, allowance):
            self.name, self.subnets, self.allowance = name, subnets, allowance
            self.budgets.clear()
        self.answers.clear()

    def refill(self, now: float) -> None:
        """A new second begins: everybody has a whole budget."""
        self.refill_at = now + 1.0
        self.budgets = dict.fromkeys(self.budgets, self.allowance)

    def knows(self, client: str) -> bool:
        """Is this a client of our network?"""
        if client in self.budgets:
            return True
        address = ip_address(client)
        if not any(address in subnet for subnet in self.subnets):
            return False
        if len(self.budgets) >= MOST_CLIENTS:
            self.budgets.clear()
        self.budgets[client] = self.allowance - 1
        return True

    def spend(self, client: str) -> bool:
        """Take a question off a client's budget; False when there is nothing left."""
        left = self.budgets.get(client, 1)
        if client in self.budgets and left:
            self.budgets[client] = left - 1
        return left > 0


def face_of(client: str, faces: Iterable[Face]) -> Face | None:
    """The link behind which a client of that address would be."""
    address = ip_address(client)
    return next((one for one in faces if any(address in subnet for subnet in one.subnets)), None)
