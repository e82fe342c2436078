"""A config cut into what each packet role needs to know of it."""

from collections.abc import Mapping

from appliance.model.config import Network, RouterConfig
from appliance.model.slices import (
    BootNetwork,
    DhcpNetwork,
    DnsNetwork,
    DnsSlice,
    FixedAddress,
    Slices,
    TimeSlice,
)

NTP_SERVERS = 42  # RFC 2132 §8.3


def cut(config: RouterConfig, revision: int, machines: Mapping[str, str]) -> Slices:
    """The slices of `config`; `machines` are the names in the inventory by MAC."""
    return Slices(
        revision=revision,
        dhcp=tuple(_dhcp(config, network) for network in config.networks if network.dhcp),
        dns=DnsSlice(
            hostname=config.hostname,
            domain=config.domain,
            networks=tuple(
                DnsNetwork(one.name, one.bridge, one.address, _reservations(one))
                for one in config.networks
            ),
            upstreams=tuple(one.address for one in config.dns.upstreams),
            machines=tuple(sorted(machines.items())),
        ),
        boot=tuple(
            BootNetwork(one.name, one.bridge, one.address) for one in config.networks if one.netboot
        ),
        time=TimeSlice(config.time.servers, config.time.serve),
    )


def _dhcp(config: RouterConfig, network: Network) -> DhcpNetwork:
    assert network.dhcp
    return DhcpNetwork(
        name=network.name,
        link=network.bridge,
        address=network.address,
        first=network.dhcp.pool.first,
        last=network.dhcp.pool.last,
        lease_seconds=network.dhcp.pool.lease_seconds,
        domain=config.domain,
        netboot=network.netboot,
        answer_beside_others=network.dhcp.answer_beside_others,
        reservations=_reservations(network),
        options=_options(config, network),
        vendor_classes=network.dhcp.vendor_classes,
    )


def _options(config: RouterConfig, network: Network) -> tuple[tuple[int, bytes], ...]:
    """The owner's, and where the time is to be had unless they say it themselves."""
    rows = network.dhcp.options if network.dhcp else ()
    own = {one.code: bytes.fromhex(one.value) for one in rows}
    ours = {NTP_SERVERS: network.address.ip.packed} if config.time.serve else {}
    return tuple((ours | own).items())


def _reservations(network: Network) -> tuple[FixedAddress, ...]:
    rows = network.dhcp.reservations if network.dhcp else ()
    return tuple(FixedAddress(one.mac, one.address, one.name, one.quirks) for one in rows)
