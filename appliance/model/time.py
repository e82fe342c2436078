"""The time: who is asked for it, and whether the networks get it here."""

from dataclasses import dataclass
from typing import Annotated

from appliance.model.limits import STRICT, Matches

NtpServer = Annotated[
    str, Matches(r"[A-Za-z0-9][A-Za-z0-9.:\-]{0,252}", "0.nixos.pool.ntp.org or 192.0.2.123")
]
POOL = tuple(f"{number}.nixos.pool.ntp.org" for number in range(4))


@dataclass(frozen=True, slots=True)
class Time:
    """NTP.  Without servers the router's own clock is served as it is."""

    __pydantic_config__ = STRICT

    servers: tuple[NtpServer, ...] = POOL
    serve: bool = True  # on the networks, and told to them by DHCP (option 42)
