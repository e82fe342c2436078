"""Requests and answers of dyndns2, the update protocol that Dyn's Remote Access API wrote down.

A GET with the name and its addresses, and a line that begins with a code in answer.  After most
codes a client has to be silent until its owner changed something; after `dnserr` and `911` for half
an hour.  Services that answer otherwise have their words in `model/public_names.SERVICES`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urlencode

from appliance.model.public_names import SERVICES, PublicName, Service
from services.public_names.verdict import Then, Verdict

AGENT = "Nixie - Router - 1.0"
"""Company, device, version: a client without a name of its own is refused (badagent)."""
LONGEST_SHOWN = 160
ADDRESS_LONGEST = 45
FOUND = range(200, 300)
MEANT_FOR_US = range(400, 500)


@dataclass(frozen=True, slots=True)
class Get:
    """One request; with `password` it says who asks (RFC 7617)."""

    host: str
    port: int
    path: str
    user: str = ""
    password: str = ""
    by_ipv4: bool = False  # it has to come from our IPv4 address


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means; `what` goes on after the server's name."""

    then: Then
    what: str


CODES: Mapping[str, Code] = {
    "good": Code(Then.PUBLISHED, "published it."),
    "nochg": Code(Then.PUBLISHED, "had it already."),
    "nohost": Code(Then.STOP, "does not know this name in your account. Make it there first."),
    "notfqdn": Code(Then.STOP, "takes this for no whole name. Write it with its domain."),
    "badauth": Code(Then.STOP, "does not accept user and secret. Type them once more."),
    "abuse": Code(
        Then.STOP, "has blocked this name for too many updates. Have it freed at the service."
    ),
    "badagent": Code(
        Then.STOP, "does not accept this router’s program. Use another service, or report it."
    ),
    "!donator": Code(Then.STOP, "wants to be paid for this. See your account there."),
    "!yours": Code(Then.STOP, "says that this name is somebody else’s. Write your own."),
    "!active": Code(Then.STOP, "says that this name is not switched on. Do that there first."),
    "numhost": Code(Then.STOP, "has too many, or too few, names under this one. Look there."),
    "badsys": Code(Then.STOP, "does not know this kind of name. Look at the name’s kind there."),
    "badip": Code(Then.STOP, "does not take this address. Publish another family."),
    "dnserr": Code(Then.LATER, "has trouble with its own name servers."),
    "servererror": Code(Then.LATER, "has trouble of its own."),
    "911": Code(Then.LATER, "has trouble of its own."),
}
"""The codes of dyndns2, and a few that others added."""
STATUSES: Mapping[int, str] = {401: "badauth", 403: "badauth"}
"""HTTP says it where the answer has no code of its own."""
HINTS: Mapping[str, str] = {
    "good 127.0.0.1": "badagent"  # Dyn's way to say that it ignores this program
}


def gets(one: PublicName, secret: str, v4: str, v6: str) -> tuple[Get, ...]:
    """The requests that publish these addresses; "" is one that the name does not get."""
    service = SERVICES[one.service]
    if one.seen:
        return (_get(one, service, secret, {"v4": service.sees, "v6": "", "both": ""}),)
    if service.apart:
        alone = [{"v4": v4, "v6": "", "both": v4}, {"v4": "", "v6": v6, "both": v6}]
        return tuple(_get(one, service, secret, known) for known in alone if known["both"])
    both = ",".join(text for text in (v4, v6) if text)
    return (_get(one, service, secret, {"v4": v4, "v6": v6, "both": both}),)


def verdict(one: PublicName, status: int, body: bytes) -> Verdict:
    """What an answer means; `body` is what came of it, and may be anything."""
    server, said = server_of(one), _first_line(body)
    code, address = _code(SERVICES[one.service], said), _address(said)
    if code in ("good", "nochg") and status not in FOUND:
        code = ""
    known = CODES.get(code) or CODES.get(STATUSES.get(status, ""))
    if known is not None:
        shown = f" It said: “{said}”." if said and known.then is not Then.PUBLISHED else ""
        return Verdict(known.then, f"{server} {known.what}{shown}", address)
    shown = f"“{f'{status} {said}'.strip()}”."
    if status in FOUND:
        return Verdict(Then.LATER, f"{server} answers something else than dyndns2: {shown}")
    then = Then.LATER if status in MEANT_FOR_US else Then.AGAIN
    return Verdict(then, f"{server} cannot do it now: {shown}")


def server_of(one: PublicName) -> str:
    """The server's name, for sentences.

    >>> server_of(PublicName("", "a.example.org", "duckdns", {}))
    'www.duckdns.org'
    """
    return SERVICES[one.service].host or one.settings["server"].partition("/")[0]


def _get(one: PublicName, service: Service, secret: str, known: Mapping[str, str]) -> Get:
    address, _, own_path = one.settings["server"].partition("/")
    host, port = split_port(service.host or address, 443)
    filled = {**known, "name": one.name, "label": one.name.partition(".")[0], "secret": secret}
    pairs = urlencode(list(_pairs(service, filled, seen=one.seen)), quote_via=quote, safe=",:")
    user = {"user": one.settings["user"], "name": one.name}.get(service.user, "")
    path = f"/{own_path}" if own_path else service.path
    password = secret if service.user else ""
    return Get(host, port, f"{path}?{pairs}", user, password, by_ipv4=one.seen)


def _pairs(service: Service, filled: Mapping[str, str], *, seen: bool) -> Iterator[tuple[str, str]]:
    """The parameters.  Without the IPv4 address the service takes the one that it sees."""
    for name, pattern in service.query:
        told = pattern.format_map(filled)
        if told or (service.absent and not (seen and pattern == "{v4}")):
            yield name, told or service.absent


def split_port(text: str, usual: int) -> tuple[str, int]:
    """A host and its port; an IPv6 address stands in brackets.

    >>> split_port("[2001:db8::1]:8443", 443), split_port("dyn.example.org", 443)
    (('2001:db8::1', 8443), ('dyn.example.org', 443))
    """
    host, colon, port = text.rpartition(":")
    if colon and port.isdecimal() and (text.startswith("[") or ":" not in host):
        return host.strip("[]"), int(port)
    return text.strip("[]"), usual


def _first_line(body: bytes) -> str:
    """What is shown of an answer: its first line that has something, visible ASCII, cut."""
    text = body[:4096].decode("ascii", "replace").replace("\N{REPLACEMENT CHARACTER}", "?")
    lines = (" ".join(line.split()) for line in text.splitlines())
    line = next((line for line in lines if line), "")
    return "".join(letter for letter in line if letter.isprintable())[:LONGEST_SHOWN]


def _code(service: Service, said: str) -> str:
    """The code of dyndns2 that an answer's line means, "" for none."""
    lower = said.lower()
    if lower in HINTS:
        return HINTS[lower]
    own = next((code for words, code in service.words.items() if lower.startswith(words)), "")
    return own or lower.partition(" ")[0]


def _address(said: str) -> str:
    """The address that a server named after its code, "" for none."""
    for word in said.replace(",", " ").split()[1:3]:
        try:
            return str(ip_address(word[:ADDRESS_LONGEST]))
        except ValueError:
            continue
    return ""
