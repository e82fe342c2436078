"""What pppd's hook put down, read; a report of another session, or of an earlier start of the
machine, says nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address


@dataclass(frozen=True, slots=True)
class Up:
    """The session is there."""

    local: IPv4Address
    remote: IPv4Address
    name_servers: tuple[IPv4Address, ...] = ()
    since: float = 0.0  # CLOCK_BOOTTIME
    mtu: int | None = None  # bytes; what both ends agreed on


@dataclass(frozen=True, slots=True)
class Over:
    """pppd ended, with this exit code (pppd(8), EXIT STATUS)."""

    code: int


Report = Up | Over


def report(text: str, *, boot: str, session: str) -> Report | None:
    """The newest word about `session` in this run of the machine; None when there is none yet."""
    said = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if (said.get("boot"), said.get("session")) != (boot, session):
        return None
    try:
        return READERS[said["state"]](said) if said.get("state") in READERS else None
    except (KeyError, ValueError):
        return None


def _up(said: dict[str, str]) -> Up:
    servers = (said.get("dns1", ""), said.get("dns2", ""))
    return Up(
        IPv4Address(said["local"]),
        IPv4Address(said["remote"]),
        tuple(dict.fromkeys(IPv4Address(one) for one in servers if one)),
        float(said["uptime"]),
        int(said["mtu"]) if said.get("mtu") else None,
    )


def _over(said: dict[str, str]) -> Over:
    return Over(int(said["code"]))


READERS: Mapping[str, Callable[[dict[str, str]], Report]] = {"up": _up, "ended": _over}
