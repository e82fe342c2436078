"""Names: ours are answered here, the rest is asked of upstreams."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from appliance.model.limits import STRICT


@dataclass(frozen=True, slots=True)
class Upstream:
    """One name server of the internet."""

    __pydantic_config__ = STRICT

    address: IPv4Address


@dataclass(frozen=True, slots=True)
class Dns:
    """What the dns role does beyond the names that it learns by itself."""

    __pydantic_config__ = STRICT

    upstreams: tuple[Upstream, ...] = ()
