"""Names: ours are answered here, the rest is asked of upstreams."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Final

from appliance.model.limits import STRICT, Between, Matches
from appliance.model.words import Mac

LABEL: Final = r"[a-z0-9_]([a-z0-9_\-]{0,61}[a-z0-9_])?"  # RFC 1035 §2.3.1, and RFC 8552's "_"
LONGEST_NAME: Final = 253
LONGEST_TTL: Final = 86_400

DomainName = Annotated[str, Matches(rf"{LABEL}(\.{LABEL})*", "nas.example.com")]
RecordKind = Annotated[str, Matches("A|AAAA|CNAME|MX|TXT|SRV", "A, AAAA, CNAME, MX, TXT or SRV")]
RecordValue = Annotated[str, Matches(r"[ -~]{1,1000}", "10.77.0.9")]

ListUrl = Annotated[
    str,
    Matches(r"https?://[A-Za-z0-9.\-]{1,253}(:[0-9]{1,5})?/[!-~]{0,500}", "https://a.example/b"),
]


@dataclass(frozen=True, slots=True)
class Upstream:
    """A name server; with `tls_name` it is asked over TLS, and proves to be that one."""

    __pydantic_config__ = STRICT

    address: IPv4Address | IPv6Address
    tls_name: DomainName | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the owner's.  A `name` without a dot lies below the router's domain."""

    __pydantic_config__ = STRICT

    name: DomainName
    kind: RecordKind
    value: RecordValue
    seconds: Annotated[int, Between(1, LONGEST_TTL)] = 300


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Names in `domain` are asked of other servers, whose answers may be private addresses."""

    __pydantic_config__ = STRICT

    domain: DomainName
    upstreams: tuple[Upstream, ...]


@dataclass(frozen=True, slots=True)
class BlockList:
    """A list of names on the web that are not answered: a hosts file, or a domain on each line."""

    __pydantic_config__ = STRICT

    url: ListUrl


@dataclass(frozen=True, slots=True)
class Blocking:
    """Which names are not answered, and for whom they are nevertheless."""

    __pydantic_config__ = STRICT

    lists: tuple[BlockList, ...] = ()
    names: tuple[DomainName, ...] = ()  # the owner's own; each with everything below it
    allowed: tuple[DomainName, ...] = ()  # whatever a list says; each with everything below it
    exempt: tuple[Mac, ...] = ()  # devices for which nothing is blocked
    refresh_hours: Annotated[int, Between(1, 720)] = 24


@dataclass(frozen=True, slots=True)
class Dns:
    """What the dns role does beyond the names that it learns by itself."""

    __pydantic_config__ = STRICT

    upstreams: tuple[Upstream, ...] = ()
    records: tuple[Record, ...] = ()
    forwardings: tuple[Forwarding, ...] = ()
    private_answers: tuple[DomainName, ...] = ()  # names of the internet that may lead into the LAN
    queries_per_second: Annotated[int, Between(10, 1_000_000)] = 1_000  # of each client
    blocking: Blocking = field(default_factory=Blocking)


def groups(dns: Dns) -> Iterator[tuple[tuple[str | int, ...], tuple[Upstream, ...]]]:
    """Who is asked beside each other, with their place in the configuration: those for everything,
    then those of each domain."""
    yield ("dns", "upstreams"), dns.upstreams
    for at, one in enumerate(dns.forwardings):
        yield ("dns", "forwardings", at, "upstreams"), one.upstreams


@dataclass(frozen=True, slots=True)
class Data:
    """A record's value taken apart: whole numbers, then what they belong to."""

    numbers: tuple[int, ...]
    rest: str


def data(kind: str, value: str) -> Data:
    """Read a record's value.  Raises ValueError with a sentence.

    >>> data("MX", "10 mail.lan"), data("A", "10.77.0.9")
    (Data(numbers=(10,), rest='mail.lan'), Data(numbers=(), rest='10.77.0.9'))
    """
    count, like, check = FORMS[kind]
    words = value.split(None, count)
    if len(words) == count + 1 and all(one.isascii() and one.isdigit() for one in words[:count]):
        numbers = tuple(map(int, words[:count]))
        if all(one < 65_536 for one in numbers) and check(words[-1]):
            return Data(numbers, words[-1])
    raise ValueError(f"{value!r} is no value for {kind}; write it like {like}")


def full_name(name: str, domain: str) -> str:
    """The whole name of a record.

    >>> full_name("nas", "lan"), full_name("nas.example.com", "lan")
    ('nas.lan', 'nas.example.com')
    """
    return name if "." in name else f"{name}.{domain}"


def _is_name(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    return len(text) <= LONGEST_NAME and all(map(_LABEL.fullmatch, labels))


def _is_address(kind: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            kind(text)
        except ValueError:
            return False
        return True

    return check


_LABEL = re.compile(LABEL)
FORMS: Mapping[str, tuple[int, str, Callable[[str], bool]]] = {
    "A": (0, "10.77.0.9", _is_address(IPv4Address)),
    "AAAA": (0, "fd00::9", _is_address(IPv6Address)),
    "CNAME": (0, "nas.lan", _is_name),
    "MX": (1, "10 mail.lan", _is_name),
    "TXT": (0, "any text", lambda _: True),
    "SRV": (3, "0 5 5060 phone.lan", _is_name),
}
"""Kind to how many numbers come first, an example, and what the rest has to be."""
