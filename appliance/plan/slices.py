"""A config cut into what each packet role needs to know of it.

While a config is on trial, what it hands out is handed out for a minute at a time, so that an undo
strands nobody; and who holds a lease from before is answered as before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv6Network

from appliance.model.config import Network, RouterConfig
from appliance.model.pppoe import MTU
from appliance.model.prefixes import prefixes, router_address
from appliance.model.slices import (
    HELD,
    LEFT,
    TRIED,
    BootNetwork,
    DhcpNetwork,
    DnsNetwork,
    DnsSlice,
    FixedAddress,
    PppoeSlice,
    Slices,
    TimeSlice,
    WanSlice,
)
from appliance.model.stays import Stay
from appliance.model.wan import Wan

TRIAL_LEASE_SECONDS = 60

NTP_SERVERS = 42  # RFC 2132 §8.3


def cut(
    config: RouterConfig,
    revision: int,
    machines: Mapping[str, str],
    *,
    staying: Sequence[Stay] = (),
    before: RouterConfig | None = None,
    delegated: IPv6Network | None = None,
) -> Slices:
    """The slices of `config`; `machines` are the names in the inventory by MAC.

    `staying` is what stands beside it, `before` the config it would replace while it is on trial,
    `delegated` the provider's IPv6 prefix.
    """
    mine = prefixes(config, delegated)
    return Slices(
        revision=revision,
        dhcp=(*_dhcp(config, before), *_formers(staying)),
        dns=DnsSlice(
            hostname=config.hostname,
            domain=config.domain,
            networks=tuple(
                DnsNetwork(
                    one.name,
                    one.bridge,
                    one.address,
                    _reservations(one),
                    tuple(stay.address for stay in staying if stay.link == one.bridge),
                    tuple(router_address(one, it) for it in mine.get(one.name, ())),
                    one.filtered,
                )
                for one in config.networks
            ),
            settings=config.dns,
            machines=tuple(sorted(machines.items())),
        ),
        boot=tuple(
            BootNetwork(one.name, one.bridge, one.address, one.netboot, one.caches)
            for one in config.networks
            if one.netboot or one.caches
        ),
        time=TimeSlice(config.time.servers, config.time.serve, zone=config.time_zone),
        wan=_wan(config),
    )


def _wan(config: RouterConfig) -> WanSlice | None:
    if config.wan is None:
        return None
    static = config.wan.static
    return WanSlice(
        link=config.wan.link,
        address=static.address if static else None,
        gateway=static.gateway if static else None,
        mac=config.wan.mac,
        lans=tuple((one.name, one.address.network) for one in config.networks),
        pppoe=session(config.wan),
    )


def session(wan: Wan) -> PppoeSlice | None:
    """The session that a located way out asks for; None when it is another way."""
    one = wan.pppoe
    if one is None:
        return None
    return PppoeSlice(wan.cable, one.user, one.secret, one.service, wan.packet or MTU, wan.mac)


def _dhcp(config: RouterConfig, before: RouterConfig | None) -> tuple[DhcpNetwork, ...]:
    """Each network on which DHCP answers; with short leases where that is on trial."""
    found = _all_served(config)
    if before is None:
        return found
    kept = _all_served(before)
    return tuple(one if one in kept else replace(_short(one), stage=TRIED) for one in found)


def _formers(staying: Sequence[Stay]) -> tuple[DhcpNetwork, ...]:
    """What stays, as dhcp needs it."""
    return tuple(
        replace(_short(stay.dhcp), link=stay.link, stage=HELD if stay.until is None else LEFT)
        for stay in staying
        if stay.dhcp
    )


def _short(network: DhcpNetwork) -> DhcpNetwork:
    return replace(network, lease_seconds=min(network.lease_seconds, TRIAL_LEASE_SECONDS))


def _all_served(config: RouterConfig) -> tuple[DhcpNetwork, ...]:
    found = (served(config, network) for network in config.networks)
    return tuple(one for one in found if one is not None)


def served(config: RouterConfig, network: Network) -> DhcpNetwork | None:
    """How DHCP answers on this network of `config`; None when it does not."""
    if network.dhcp is None:
        return None
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
    return tuple(
        FixedAddress(one.mac, one.address, one.name, one.quirks, one.suffix) for one in rows
    )
