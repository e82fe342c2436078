"""What differs between the IPv6 of two configurations, in sentences; `compare.py` calls this."""

from collections.abc import Iterator

from appliance.model.config import Network, RouterConfig


def sites(before: RouterConfig, after: RouterConfig) -> Iterator[str]:
    """The prefix of our own."""
    if before.ula != after.ula:
        yield (
            f"The networks have addresses of {after.ula} among themselves."
            if after.ula
            else f"The networks lose their own IPv6 prefix {before.ula}."
        )


def networks(before: Network, after: Network) -> Iterator[str]:
    """IPv6 on one network."""
    name, old, new = after.name, before.ipv6, after.ipv6
    if old == new:
        return
    if old is None or new is None:
        yield f"{name} {'gets' if new else 'loses'} IPv6."
        return
    if old.subnet != new.subnet:
        number = "the lowest free number" if new.subnet is None else f"number {new.subnet}"
        yield f"{name} takes {number} among the IPv6 networks."
    if old.suffix != new.suffix:
        yield f"The router's IPv6 addresses on {name} end in {new.suffix} (was {old.suffix})."
