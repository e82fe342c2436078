"""Where the owner is told of things while not looking: channels, and what each tells of.

Standard library only.  A channel's secret (a password, a key, a token) is none of this: it lies
with the role that sends.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from appliance.errors import Problem, Refused

MAIL: Final = "mail"
WEBHOOK: Final = "webhook"
NTFY: Final = "ntfy"
KINDS: Mapping[str, str] = {MAIL: "Mail", WEBHOOK: "Webhook", NTFY: "ntfy"}
SECURITIES: Mapping[str, str] = {
    "tls": "TLS from the first byte (usually port 465)",
    "starttls": "STARTTLS (usually port 587)",
    "none": "Nothing: without a password, on a network of your own",
}
TOPICS: Mapping[str, str] = {
    "device": "A new device is on a network",
    "internet": "The internet goes away, or comes back",
    "name": "A name on the internet does not follow this router, or does again",
    "exposed": "Something waits on the internet’s side that should not, or is gone again",
    "change": "A change was undone, or refused",
    "boot": "A boot fell short, or a generation is bad and an earlier one is served",
    "build": "A build failed",
    "role": "A part of the router does not run",
    "disk": "The disk is nearly full",
    "network": "DHCP is in trouble: another server, an empty pool; too many connections",
}
FIELDS: Mapping[str, tuple[str, ...]] = {
    MAIL: ("host", "port", "security", "user", "sender", "recipient"),
    WEBHOOK: ("url",),
    NTFY: ("url",),
}
"""Kind → the settings that it has, all of them text."""
ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,190}")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:\-]{0,252}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Channel:
    """One place where the owner is told."""

    id: str
    kind: str
    name: str
    settings: Mapping[str, str]
    topics: tuple[str, ...]


def checked(kind: str, settings: Mapping[str, str]) -> dict[str, str]:
    """The settings of a channel, each in its place.  Raises Refused with every problem."""
    if kind not in KINDS:
        raise Refused(Problem(("kind",), f"Choose one of {', '.join(KINDS)}."))
    told = {name: settings.get(name, "").strip() for name in FIELDS[kind]}
    problems = _mail(told) if kind == MAIL else _web(told["url"])
    if problems:
        raise Refused(*(Problem((place,), what) for place, what in problems.items()))
    return told


def _mail(told: Mapping[str, str]) -> dict[str, str]:
    found = {}
    if not HOST.fullmatch(told["host"]):
        found["host"] = "Write the mail server’s name, like mail.example.com."
    if not (told["port"].isdecimal() and 0 < int(told["port"]) < 65_536):
        found["port"] = "A port is a number up to 65535: 465 for TLS, 587 for STARTTLS."
    if told["security"] not in SECURITIES:
        found["security"] = f"Choose one of {', '.join(SECURITIES)}."
    if told["security"] == "none" and told["user"]:
        found["user"] = "A password is not sent in the clear: choose TLS or STARTTLS, or no user."
    for name in ("sender", "recipient"):
        if not ADDRESS.fullmatch(told[name]):
            found[name] = "Write one mail address, like you@example.com."
    return found


def _web(url: str) -> dict[str, str]:
    what = "Write an address that begins with https:// or http://, without a user in it."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return {"url": what}
    good = parts.scheme in ("https", "http") and parts.hostname and "@" not in parts.netloc
    return {} if good and port != 0 and url.isascii() and url.isprintable() else {"url": what}
