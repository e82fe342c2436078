"""The way out: which port it is, and how it gets its address."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from appliance.model.limits import STRICT
from appliance.model.words import Port


@dataclass(frozen=True, slots=True)
class StaticAddress:
    """The address that the provider wrote on paper."""

    __pydantic_config__ = STRICT

    address: IPv4Interface
    gateway: IPv4Address


@dataclass(frozen=True, slots=True)
class Wan:
    """The port to the internet; without `static` its address comes by DHCP."""

    __pydantic_config__ = STRICT

    port: Port
    static: StaticAddress | None = None
