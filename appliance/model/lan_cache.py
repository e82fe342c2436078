"""The router as a binary cache: on which networks it is one, and what it gives away there.

Standard library only: `boot` reads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from typing import Annotated, Any, Final

from appliance.model.firewall import LAN
from appliance.model.limits import Matches

BY_ZONE: Final = "by-zone"
SERVED: Final = "served"
OFF: Final = "off"
CHOICES: Mapping[str, str] = {
    BY_ZONE: "on in the zone lan, off elsewhere",
    SERVED: "on",
    OFF: "off",
}
"""What may be said of the binary cache on a network, and how it is said."""

LanCache = Annotated[str, Matches("|".join(CHOICES), "by-zone, served or off")]

PATH: Final = "/cache"
PLACE: Final = "published/cache.json"
"""Where `build` says what it gives away, below the state directory."""
PRIORITY: Final = 30
"""Of two caches that have a path, Nix asks the one with the lower number first; the public
cache of NixOS has 40."""


def serves(choice: str, zone: str) -> bool:
    """Is the router a binary cache on a network of that zone?"""
    return choice == SERVED or (choice == BY_ZONE and zone == LAN)


def url(address: IPv4Address) -> str:
    """What Nix calls the cache on the network where our address is that one.

    >>> url(IPv4Address("10.77.0.1"))
    'http://10.77.0.1/cache'
    """
    return f"http://{address}{PATH}"


def settings(urls: Sequence[str], key: str) -> str:
    """The lines of a NixOS configuration by which a machine uses it."""
    named = " ".join(f'"{one}"' for one in urls)
    return (
        "nix.settings = {\n"
        f"  substituters = [ {named} ];\n"
        f'  trusted-public-keys = [ "{key}" ];\n'
        "};"
    )


@dataclass(frozen=True, slots=True)
class CacheFacts:
    """What is given away.  `key` is the public key, `name:base64`; /nix lies on disk in `root`."""

    key: str
    root: str
    paths: int = 0
    size: int = 0  # bytes of all archives
    problem: str = ""  # why it is older than the images


def to_json(facts: CacheFacts) -> dict[str, Any]:
    """The form in PLACE."""
    return asdict(facts)


def from_json(stored: Any) -> CacheFacts | None:
    """Read it back; None for anything else."""
    try:
        return CacheFacts(
            str(stored["key"]),
            str(stored["root"]),
            int(stored["paths"]),
            int(stored["size"]),
            str(stored["problem"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
