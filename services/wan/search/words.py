"""What a search came to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from appliance.events import WanFound
from services.dhcp.wire import Message
from services.wan.offer import lease


@dataclass(frozen=True, slots=True)
class Heard:
    """What one port showed; `server` and `address` are "" when nobody offered anything."""

    link: str
    cable: bool
    server: str = ""
    address: str = ""

    def offered(self, message: Message) -> "Heard":
        """The first offer counts."""
        given = lease(message)
        if self.server or given is None:
            return self
        return replace(self, server=str(given.server), address=str(given.address))


def found(wish: str, heard: Sequence[Heard]) -> WanFound:
    """The answer to the wish: which cable is the internet, or what is missing.

    >>> found("1", [Heard("eth1", True, "192.0.2.1", "192.0.2.7/24"), Heard("eth2", False)]).what
    'The internet is the cable in eth1: 192.0.2.1 offers 192.0.2.7/24 there.'
    """
    ports = tuple(_port(one) for one in heard)
    with_offer = [one for one in heard if one.server]
    if len(with_offer) == 1:
        (one,) = with_offer
        what = f"The internet is the cable in {one.link}: {one.server} offers {one.address} there."
    elif with_offer:
        several = ", ".join(f"{one.link} ({one.server})" for one in with_offer)
        what = f"Several cables offer an address: {several}. Choose the one of your provider."
    elif not heard:
        what = "Every port belongs to a network already, so there was none to try."
    elif not any(one.cable for one in heard):
        tried = ", ".join(one.link for one in heard)
        what = f"There is no cable in any free port ({tried}). Plug the provider's in."
    else:
        tried = ", ".join(one.link for one in heard if one.cable)
        what = (
            f"Nobody offers an address on {tried}. "
            "The provider may want a fixed address, or its box may still be starting."
        )
    return WanFound(wish, what, ports)


def _port(one: Heard) -> str:
    if one.server:
        return f"{one.link} offer {one.server} {one.address}"
    return f"{one.link} {'silent' if one.cable else 'cut'}"
