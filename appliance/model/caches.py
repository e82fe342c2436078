"""Caches (substituters): other people's stores that may have built something already.

Standard library only.  An address is http or https and nothing else, of a form that no shell, no
nix.conf and no netrc could read otherwise; the password for it is none of this: it lies with the
role `web`, and only jobs of the broker are handed it.  Nix manual, "substituters".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from appliance.errors import Problem, Refused

URL = re.compile(r"https?://(?P<server>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?P<port>:\d{1,5})?(/[\w.~-]+)*")
KEY = re.compile(r"[A-Za-z0-9._-]{1,120}:[A-Za-z0-9+/]{43}=")
USER = re.compile(r"[A-Za-z0-9._@+-]{1,64}")
PASSWORD = re.compile(r"[!#-\[\]-~]{1,1024}")
"""Nothing that a netrc file could read otherwise: no space, no quotation mark, no backslash."""
PORTS = {"https": 443, "http": 80}
LARGEST_PORT = 65_535
URL_LONGEST = 512
MOST_KEYS = 8
STEP = 10
"""Between the priorities that Nix is told: of two caches, the one of the smaller is asked first."""


@dataclass(frozen=True, slots=True)
class Cache:
    """One cache; what it gives counts only when it is signed with one of `keys`.

    `credential` is the name of the file with its password, None for one that gives to everybody.
    """

    id: str
    url: str
    keys: tuple[str, ...]
    user: str = ""
    credential: str | None = None
    enabled: bool = True

    @property
    def name(self) -> str:
        """How it is called where a word must do.

        >>> Cache("c", "https://cache.example.org/lan", ()).name
        'cache.example.org/lan'
        """
        return self.url.partition("://")[2]

    @property
    def server(self) -> tuple[str, int]:
        """Host and port."""
        split = urlsplit(self.url)
        return split.hostname or "", split.port or PORTS[split.scheme]


USUAL = Cache(
    "nixos",
    "https://cache.nixos.org",
    ("cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGsPJBuXXA=",),
)
"""The one that a router begins with; migration 0009 has it too."""


@dataclass(frozen=True, slots=True)
class Said:
    """A cache as its owner says it.  An empty `password` leaves the one that is kept."""

    url: str
    keys: str
    user: str = ""
    password: str = ""


class Asked(NamedTuple):
    """What our daemon is told of one cache: a private one only has its keys trusted."""

    url: str
    keys: tuple[str, ...]
    private: bool = False


def checked(said: Said) -> Said:
    """The same, plain.  Raises Refused with every problem beside its place."""
    told = Said(plain_url(said.url), " ".join(said.keys.split()), said.user.strip(), said.password)
    wrong = [*_of_url(told.url), *_of_keys(told.keys.split()), *_of_password(told)]
    if wrong:
        raise Refused(*(Problem((place,), what) for place, what in wrong))
    return told


def plain_url(text: str) -> str:
    """An address as it is kept: small letters where they mean the same, no slash at the end.

    >>> plain_url(" HTTPS://Cache.Example.org/ ")
    'https://cache.example.org'
    """
    scheme, sign, rest = text.strip().partition("://")
    server, slash, path = rest.partition("/")
    return f"{scheme.lower()}{sign}{server.lower()}{slash}{path}".rstrip("/")


def wanted(caches: Iterable[Cache]) -> tuple[Asked, ...]:
    """What the daemon shall be told, in the order in which they are asked."""
    return tuple(
        Asked(one.url, one.keys, private=one.credential is not None)
        for one in caches
        if one.enabled
    )


def addresses(asked: Iterable[Asked]) -> dict[str, str]:
    """Address → how Nix is told of it, with the priority of its place; without private ones.

    >>> addresses([Asked("http://a", ()), Asked("http://b", (), True), Asked("http://c", ())])
    {'http://a': 'http://a?priority=10', 'http://c': 'http://c?priority=30'}
    """
    return {
        one.url: f"{one.url}?priority={STEP * place}"
        for place, one in enumerate(asked, 1)
        if not one.private
    }


def trusted(asked: Iterable[Asked]) -> tuple[str, ...]:
    """The keys, each once."""
    return tuple(dict.fromkeys(key for one in asked for key in one.keys))


def _of_url(url: str) -> Iterator[tuple[str, str]]:
    if "@" in url:
        yield "url", "Leave user and password out of the address; they have fields of their own."
    elif not _is_url(url):
        yield (
            "url",
            "Write the address of a cache as https://cache.example.org: http or https, a name or "
            "an address, and no more than a port and a plain path.",
        )


def _is_url(url: str) -> bool:
    found = URL.fullmatch(url) if len(url) <= URL_LONGEST and url.isascii() else None
    if found is None or {".", ".."} & set(url.split("/")):
        return False
    try:
        return (
            bool(urlsplit(url).hostname) and 1 <= int((found["port"] or ":1")[1:]) <= LARGEST_PORT
        )
    except ValueError:  # no IPv6 address
        return False


def _of_keys(keys: list[str]) -> Iterator[tuple[str, str]]:
    strange = [key for key in keys if not KEY.fullmatch(key)]
    if not keys:
        yield "keys", "Write its public key: its page or its owner has it, as cache.example.org-1:…"
    elif strange:
        yield (
            "keys",
            f"{strange[0][:80]!r} is not a public key. One is a name, a colon and 44 characters "
            "that end with =, as in trusted-public-keys.",
        )
    elif len(keys) > MOST_KEYS:
        yield "keys", f"A cache has at most {MOST_KEYS} keys."


def _of_password(told: Said) -> Iterator[tuple[str, str]]:
    if told.user and not USER.fullmatch(told.user):
        yield "user", "The user name has characters that no cache takes."
    if told.password and not told.user:
        yield "user", "A password goes with a user name. Where only a token is asked for, any does."
    if told.password and not PASSWORD.fullmatch(told.password):
        yield "password", 'A password is one word without white space, " and \\.'
