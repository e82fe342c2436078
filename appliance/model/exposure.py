"""What stands on the internet's side of this router and should not, each thing found once.

Three kinds: a port that answers a stranger although nothing lets him in; something of ours that
waits there; another program that has begun to listen there, which the owner has not seen yet.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any

from appliance.model.config import RouterConfig
from appliance.model.firewall import INTERNET
from appliance.model.outside import Heard, Socket, exposed, reached_by, said, unexpected

PAGE = "Seen from outside (page Firewall)"
ABOUT_HEARD = f"Stop what answers, or allow it by a rule; {PAGE} shows what waits on the router."
ABOUT_OURS = "Start the router again. If it is still so, report it: nothing of it should be there."
ABOUT_OTHERS = (
    f"If you know it, look from outside once, on {PAGE}; from then on it is known. If not, "
    "the command ss -lntup on the router names it."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing; `name` tells it from the others, `todo` is what the owner can do."""

    name: str
    what: str
    todo: str


def heard(config: RouterConfig, answers: Iterable[Heard], now: float) -> tuple[Finding, ...]:
    """Ports that a stranger heard and that nothing lets him hear; `now` is Unix seconds."""
    found = {
        f"heard {one.protocol} {one.port}": Finding(
            f"heard {one.protocol} {one.port}", f"Seen from outside, {said(one)}.", ABOUT_HEARD
        )
        for one in unexpected(config, answers, now)
    }
    return tuple(found.values())


def ours(config: RouterConfig, sockets: Iterable[Socket]) -> tuple[Finding, ...]:
    """What of ours waits on the internet's side."""
    found = {}
    for one in exposed(config, sockets):
        name = f"ours {one.protocol} {one.port} {one.owner}"
        what = f"{one.owner} listens at {one.protocol} {one.port} on the internet’s side."
        found[name] = Finding(name, what, ABOUT_OURS)
    return tuple(found.values())


def others(config: RouterConfig, sockets: Iterable[Socket], now: float) -> tuple[Finding, ...]:
    """Programs of others among `sockets`, which the owner has not seen yet."""
    reached: dict[tuple[str, int, int], set[str]] = {}
    for one in sockets:
        key = one.protocol, one.port, one.uid
        reached.setdefault(key, set()).update(reached_by(config, one, now))
    return tuple(_other(*key, zones) for key, zones in reached.items())


def _other(protocol: str, port: int, uid: int, zones: set[str]) -> Finding:
    inside = ", ".join(sorted(zones - {INTERNET}))
    who = f"The firewall lets it be asked from {inside} alone." if inside else "Nobody may ask it."
    if INTERNET in zones:
        who = "A rule of yours lets the internet ask it."
    begun = f"Another program (user {uid}) has begun to listen at {protocol} {port}"
    return Finding(
        f"other {protocol} {port} {uid}", f"{begun} on the internet’s side. {who}", ABOUT_OTHERS
    )


def waiting(config: RouterConfig, sockets: Iterable[Socket], clients_from: int) -> Iterator[Socket]:
    """Those that wait on the internet's side.

    Not what of another program's has a port of `clients_from` or above by UDP: that is where the
    kernel puts those who ask, and wait for an answer only.
    """
    if config.wan is None:
        return
    for one in sockets:
        here = one.link in ("", config.wan.link) and not _is_loopback(one)
        asks = not one.owner and one.protocol == "udp" and one.port >= clients_from
        if here and not asks:
            yield one


def _is_loopback(one: Socket) -> bool:
    return ip_address(one.address.partition("%")[0]).is_loopback


def to_json(one: Socket) -> dict[str, Any]:
    """A socket as JSON values."""
    return asdict(one)


def from_json(stored: Mapping[str, Any]) -> Socket:
    """Read what `to_json` wrote.  Raises KeyError or TypeError on anything else."""
    return Socket(**stored)
