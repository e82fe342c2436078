"""What differs in the tags of two configurations, in sentences."""

from collections.abc import Iterator

from appliance.model.config import Network
from appliance.model.vlan import Tagged
from appliance.model.wan import Wan


def networks(before: Network, after: Network) -> Iterator[str]:
    """The tags that a network gets and loses."""
    old, new = set(before.tagged), set(after.tagged)
    for one in sorted(new - old, key=_place):
        yield f"{one.port} carries {after.name} with the tag {one.vlan}."
    for one in sorted(old - new, key=_place):
        yield f"{one.port} no longer carries {after.name} with the tag {one.vlan}."


def wans(before: Wan | None, after: Wan) -> Iterator[str]:
    """The tag that the provider sees."""
    was = before.vlan if before else None
    if was != after.vlan:
        yield f"The tag on the way to the internet becomes {after.vlan or 'none'} ({_was(was)})."


def _was(vlan: int | None) -> str:
    return f"was {vlan or 'none'}"


def _place(one: Tagged) -> tuple[str, int]:
    return one.port, one.vlan
