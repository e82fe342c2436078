"""Binary caches (substituters): who may have built something already.

An owner names them as `URL=KEY`, with spaces between; the public key is the one that the cache
signs with, as its page prints it.  Nix manual, "substituters" and "trusted-public-keys".
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from appliance.errors import Problem, Refused

URL = re.compile(r"(https|http|ssh-ng|ssh|file)://[A-Za-z0-9._~:/?=&@%\[\]-]+")
KEY = re.compile(r"[A-Za-z0-9._-]+:[A-Za-z0-9+/]{43}=")
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Cache:
    """One cache; what it gives counts only when it is signed with `key`."""

    url: str
    key: str

    @property
    def server(self) -> tuple[str, int] | None:
        """Host and port to ask whether it is there; None where that cannot be asked by TCP."""
        split = urlsplit(self.url)
        if split.scheme not in PORTS or not split.hostname:
            return None
        return split.hostname, split.port or PORTS[split.scheme]


def caches(text: str) -> tuple[Cache, ...]:
    """Read `URL=KEY URL=KEY`; () for an empty text.  Raises Refused."""
    return tuple(_cache(word) for word in text.split())


def _cache(word: str) -> Cache:
    match = re.fullmatch(f"(?P<url>{URL.pattern})=(?P<key>{KEY.pattern})", word)
    try:
        if match is not None and urlsplit(match["url"]).port != 0:
            return Cache(match["url"], match["key"])
    except ValueError:  # a port that is no number
        pass
    raise Refused(
        Problem(
            ("caches",),
            f"{word!r} is not a cache. Write its address and its public key as "
            "https://cache.example.org=cache.example.org-1:KEY, with spaces between caches.",
        )
    )
