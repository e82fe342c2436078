"""Names on the internet that follow this router's address, and the services that publish them.

Standard library only.  A name's secret (a password, a token, a key) is none of this: it lies with
the role that publishes.  The update protocol of Dyn, which most services speak, is called dyndns2;
the other one is RFC 2136 with TSIG (RFC 8945).
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from appliance.errors import Problem, Refused

DNS_SERVER: Final = "rfc2136"
OWN_SERVER: Final = "dyndns2"
BOTH: Final = "both"
SEEN: Final = "seen"
PUBLISHES: Mapping[str, str] = {
    BOTH: "IPv4 and, where there is one, IPv6",
    "ipv4": "IPv4 alone",
    "ipv6": "IPv6 alone",
    SEEN: "The IPv4 address that the service sees, for a router behind another one",
}
ALGORITHMS: Mapping[str, str] = {
    "hmac-sha256": "sha256",
    "hmac-sha384": "sha384",
    "hmac-sha512": "sha512",
    "hmac-sha224": "sha224",
    "hmac-sha1": "sha1",
}
"""RFC 8945 §6, without MD5 and truncation → the digest's name in `hashlib`."""
FIELDS: tuple[str, ...] = (
    "publishes", "refresh_days", "server", "user", "zone", "key", "algorithm", "ttl",
)  # fmt: skip
"""The settings of a name, all of them text; those that its service does not know are empty."""
DEFAULTS: Mapping[str, str] = {
    "publishes": BOTH,
    "refresh_days": "24",  # services forget names after 28 to 35 days without a word
    "algorithm": "hmac-sha256",
    "ttl": "300",
}
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?")
SERVER = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
PATH = re.compile(r"(/[A-Za-z0-9._~/-]{0,200})?")
LONGEST_NAME = 253
LARGEST_PORT = 65_535
LEAST_TTL, LARGEST_TTL = 30, 86_400
LONGEST_REFRESH_DAYS = 90
USER_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Service:
    """Who publishes names, and how it is told.

    `query` are the request's parameters; {name}, {label} (the name's first part), {secret}, {v4},
    {v6} and {both} are filled in, and one whose address is not there is left out, or sent as
    `absent`.  With `apart` each family is a request of its own, which {both} stands for then.
    """

    label: str
    host: str = ""  # "": the owner says it
    path: str = "/nic/update"
    query: tuple[tuple[str, str], ...] = (("hostname", "{name}"), ("myip", "{both}"))
    absent: str = ""
    apart: bool = False
    sees: str = ""  # what stands for {v4} where the service shall take the address that it sees
    user: str = "user"  # "name": the name itself is the user; "": it is not told apart from others
    words: Mapping[str, str] = field(default_factory=dict)  # what it says → the code of dyndns2
    secret: str = "The password that you have there."
    under: str = ""  # names are below this, "" anywhere


_EACH = (("hostname", "{name}"), ("myip", "{v4}"), ("myipv6", "{v6}"))
SERVICES: Mapping[str, Service] = {
    "desec": Service(
        "deSEC (dedyn.io)",
        "update.dedyn.io",
        "/",
        (("hostname", "{name}"), ("myipv4", "{v4}"), ("myipv6", "{v6}")),
        absent="preserve",  # a family that is left out would be taken off the name
        user="name",
        secret="A token of your account.",
    ),
    "duckdns": Service(
        "Duck DNS",
        "www.duckdns.org",
        "/update",
        (("domains", "{label}"), ("token", "{secret}"), ("ip", "{v4}"), ("ipv6", "{v6}")),
        user="",
        words={"ok": "good", "ko": "badauth"},
        secret="The token of your account.",
        under="duckdns.org",
    ),
    "dyn": Service("Dyn", "members.dyndns.org"),
    "dynv6": Service(
        "dynv6",
        "dynv6.com",
        "/api/update",
        (("hostname", "{name}"), ("token", "{secret}"), ("ipv4", "{v4}"), ("ipv6", "{v6}")),
        sees="auto",
        user="",
        words={
            "addresses updated": "good",
            "addresses unchanged": "nochg",
            "invalid authentication": "badauth",
            "unauthorized": "badauth",
            "zone not found": "nohost",
        },
        secret="The token (HTTP) of your account.",
    ),
    "he": Service(
        "Hurricane Electric (dns.he.net)",
        "dyn.dns.he.net",
        apart=True,
        user="name",
        secret="The key of this very record.",
    ),
    "inwx": Service("INWX", "dyndns.inwx.com", query=_EACH),
    "no-ip": Service("No-IP", "dynupdate.no-ip.com", query=_EACH),
    "ovh": Service(
        "OVH DynHost",
        "dns.eu.ovhapis.com",
        query=(("system", "dyndns"), ("hostname", "{name}"), ("myip", "{both}")),
        apart=True,
    ),
    OWN_SERVER: Service("Another service or server (dyndns2)"),
    DNS_SERVER: Service(
        "A name server (RFC 2136)", secret="The key in base64, as tsig-keygen prints it."
    ),
}


@dataclass(frozen=True, slots=True)
class PublicName:
    """One name; `set_at` is when the owner said so last, in Unix seconds."""

    id: str
    name: str
    service: str
    settings: Mapping[str, str]
    set_at: float = 0.0

    @property
    def ipv4(self) -> bool:
        """Is an A record wanted?"""
        return self.settings["publishes"] != "ipv6"

    @property
    def ipv6(self) -> bool:
        """Is an AAAA record wanted?"""
        return self.settings["publishes"] in (BOTH, "ipv6")

    @property
    def seen(self) -> bool:
        """Does the service take the address that it is asked from?"""
        return self.settings["publishes"] == SEEN

    @property
    def refresh_seconds(self) -> float:
        """How long nothing is said while nothing changes."""
        return int(self.settings["refresh_days"]) * 86_400.0


def checked(name: str, service: str, settings: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The name and its settings, each in its place.  Raises Refused with every problem."""
    if service not in SERVICES:
        raise Refused(Problem(("service",), f"Choose one of {', '.join(SERVICES)}."))
    name = name.strip().lower().rstrip(".")
    told = {one: settings.get(one, "").strip() or DEFAULTS.get(one, "") for one in FIELDS}
    problems = [*_of_name(name, service), *_of_every(told)]
    if service == DNS_SERVER:
        told = {**told, "zone": told["zone"].lower().rstrip(".") or name.partition(".")[2]}
        told["key"] = told["key"].lower().rstrip(".")
        problems += _of_dns_server(name, told)
    else:
        problems += _of_service(told, service)
    if problems:
        raise Refused(*(Problem((place,), what) for place, what in problems))
    known = known_settings(service)
    return name, {one: text if one in known else "" for one, text in told.items()}


def secret_problem(service: str, secret: str) -> str:
    """What is wrong with a secret, "" for nothing.

    >>> secret_problem(DNS_SERVER, "not base64")
    'Paste the key in base64, as tsig-keygen prints it between the quotes.'
    """
    if service != DNS_SERVER or not secret:
        return ""
    try:
        good = len(b64decode(secret, validate=True)) > 0
    except (binascii.Error, ValueError):
        good = False
    return "" if good else "Paste the key in base64, as tsig-keygen prints it between the quotes."


def known_settings(service: str) -> frozenset[str]:
    """The settings that a service has."""
    there, every = SERVICES[service], {"publishes", "refresh_days"}
    if service == DNS_SERVER:
        return frozenset(every | {"server", "zone", "key", "algorithm", "ttl"})
    every |= {"user"} if there.user == "user" else set()
    return frozenset(every | (set() if there.host else {"server"}))


def is_host_name(text: str) -> bool:
    """A name of letters, digits and hyphens with at least one dot, lower case.

    >>> is_host_name("home.example.org"), is_host_name("home"), is_host_name("a..b")
    (True, False, False)
    """
    labels = text.split(".")
    return len(text) <= LONGEST_NAME and len(labels) > 1 and all(map(LABEL.fullmatch, labels))


Found = tuple[str, str]


def _of_name(name: str, service: str) -> Iterator[Found]:
    if not is_host_name(name):
        yield "name", "Write the whole name, like home.example.org; one with umlauts as xn--…"
    under = SERVICES[service].under
    if under and not re.fullmatch(rf"[a-z0-9-]+\.{re.escape(under)}", name):
        yield "name", f"Names of {SERVICES[service].label} are like home.{under}."


def _of_every(told: Mapping[str, str]) -> Iterator[Found]:
    if told["publishes"] not in PUBLISHES:
        yield "publishes", f"Choose one of {', '.join(PUBLISHES)}."
    if not _within(told["refresh_days"], 1, LONGEST_REFRESH_DAYS):
        yield "refresh_days", f"Days are a number from 1 to {LONGEST_REFRESH_DAYS}; 24 is usual."


def _of_service(told: Mapping[str, str], service: str) -> Iterator[Found]:
    there = SERVICES[service]
    if not there.host and not _is_server(told["server"]):
        yield "server", "Write the server’s name, like dyn.example.org; a path may follow."
    user = told["user"]
    if there.user == "user" and not user:
        yield "user", "Write the user that you have there."
    if ":" in user or not user.isprintable() or len(user) > USER_LONGEST:
        yield "user", f"A user has at most {USER_LONGEST} visible characters, and no colon."


def _of_dns_server(name: str, told: Mapping[str, str]) -> Iterator[Found]:
    if "/" in told["server"] or not _is_server(told["server"]):
        yield "server", "Write the name server’s name or address, like ns1.example.org."
    if not is_host_name(told["zone"]) or not f".{name}".endswith(f".{told['zone']}"):
        yield "zone", f"The zone is the end of the name: {name.partition('.')[2]} or less of it."
    if not all(map(LABEL.fullmatch, told["key"].split("."))) or len(told["key"]) > LONGEST_NAME:
        yield "key", "Write the key’s name as the server has it, like home-router."
    if told["algorithm"] not in ALGORITHMS:
        yield "algorithm", f"Choose one of {', '.join(ALGORITHMS)}."
    if not _within(told["ttl"], LEAST_TTL, LARGEST_TTL):
        yield "ttl", f"The time to live is {LEAST_TTL} to {LARGEST_TTL} seconds; 300 is usual."
    if told["publishes"] == SEEN:
        yield "publishes", "A name server is told addresses: choose IPv4, IPv6 or both."


def _is_server(text: str) -> bool:
    host, slash, path = text.partition("/")
    found = SERVER.fullmatch(host)
    port = found[2] if found else None
    fits = port is None or _within(port[1:], 1, LARGEST_PORT)
    return bool(found) and fits and PATH.fullmatch(slash + path) is not None


def _within(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most
