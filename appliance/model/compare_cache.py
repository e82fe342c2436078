"""What becomes of the binary cache on a network, as sentences."""

from collections.abc import Iterator

from appliance.model.config import Network
from appliance.model.lan_cache import BY_ZONE


def networks(before: Network, after: Network) -> Iterator[str]:
    """Where it begins or ends, also because the network has another zone now."""
    if before.caches != after.caches:
        verb = "becomes" if after.caches else "is no longer"
        yield f"The router {verb} a binary cache on {after.name}."
    elif before.cache != after.cache:
        follows = "follows" if after.cache == BY_ZONE else "no longer follows"
        yield f"The binary cache on {after.name} {follows} the zone; for now it stays as it is."
