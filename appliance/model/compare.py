"""What differs between two configurations, in sentences for the person who reviews them."""

from collections.abc import Iterable, Iterator

from appliance.model import (
    compare_cache,
    compare_ipv6,
    compare_shaping,
    compare_vlan,
    firewall_compare,
)
from appliance.model import compare_names as names
from appliance.model.config import QUIRKS, Dhcp, Network, Reservation, RouterConfig
from appliance.model.firewall import ZONES
from appliance.model.newcomers import CHOICES
from appliance.model.time import Time
from appliance.model.wan import Wan


def differences(before: RouterConfig | None, after: RouterConfig) -> tuple[str, ...]:
    """One sentence per difference, networks in the order of `after`; () means none."""
    if before is None:
        return tuple(_first(after))
    return (
        *_networks(before.networks, after.networks),
        *_wan(before.wan, after.wan),
        *compare_ipv6.sites(before, after),
        *(what for _, what in compare_ipv6.renumbered(before, after)),
        *_time(before.time, after.time),
        *_said("The router's name", before.hostname, after.hostname),
        *_said("The domain", before.domain, after.domain),
        *names.differences(before.dns, after.dns),
        *firewall_compare.differences(before, after),
    )


def _first(config: RouterConfig) -> Iterator[str]:
    for network in config.networks:
        yield _described(network)
    yield from _wan(None, config.wan)
    plain = RouterConfig(config.networks, config.wan, zones=ZONES)
    yield from firewall_compare.differences(plain, config)


def _networks(before: Iterable[Network], after: Iterable[Network]) -> Iterator[str]:
    old = {network.name: network for network in before}
    new = {network.name: network for network in after}
    for name, network in new.items():
        if name not in old:
            yield _described(network)
        else:
            yield from _network(old[name], network)
    for name in old.keys() - new.keys():
        yield f"The network {name} goes away."


def _network(before: Network, after: Network) -> Iterator[str]:
    name = after.name
    yield from _said(f"The router's address on {name}", before.address, after.address)
    yield from _said(f"The bridge of {name}", before.bridge, after.bridge)
    for port in sorted(set(after.ports) - set(before.ports)):
        yield f"The port {port} joins {name}."
    for port in sorted(set(before.ports) - set(after.ports)):
        yield f"The port {port} leaves {name}."
    yield from compare_vlan.networks(before, after)
    if before.netboot != after.netboot:
        yield f"Machines on {name} may {'boot' if after.netboot else 'no longer boot'} from it."
    if before.newcomers != after.newcomers:
        yield f"New devices on {name} {CHOICES[after.newcomers]}."
    yield from compare_cache.networks(before, after)
    if before.filtered != after.filtered:
        yield f"{'Names are' if after.filtered else 'No name is'} blocked for devices on {name}."
    yield from compare_ipv6.networks(before, after)
    yield from _dhcp(name, before.dhcp, after.dhcp)


def _dhcp(network: str, before: Dhcp | None, after: Dhcp | None) -> Iterator[str]:
    if before is None and after is None:
        return
    if before is None or after is None:
        pool = f" from {after.pool.first} to {after.pool.last}" if after else ""
        yield f"DHCP on {network} {'begins' + pool if after else 'ends'}."
        return
    old, new = before.pool, after.pool
    yield from _said(f"The pool of {network}", f"{old.first}–{old.last}", f"{new.first}–{new.last}")
    yield from _said(
        f"A lease on {network} lasts", f"{old.lease_seconds} s", f"{new.lease_seconds} s", verb=""
    )
    yield from _reservations(network, before.reservations, after.reservations)
    if before.options != after.options:
        yield f"The additional DHCP options of {network} change."
    for word in sorted(set(after.vendor_classes) - set(before.vendor_classes)):
        yield f"Firmware that calls itself {word} may boot on {network}, too."
    for word in sorted(set(before.vendor_classes) - set(after.vendor_classes)):
        yield f"Firmware that calls itself {word} may no longer boot on {network}."
    if before.answer_beside_others != after.answer_beside_others:
        other = "beside" if after.answer_beside_others else "only without"
        yield f"DHCP on {network} answers {other} another server."


def _reservations(
    network: str, before: Iterable[Reservation], after: Iterable[Reservation]
) -> Iterator[str]:
    old = {one.mac: one for one in before}
    new = {one.mac: one for one in after}
    for mac, one in new.items():
        who = one.name or mac
        if mac not in old:
            yield f"{who} always gets {one.address} on {network}."
        elif (one.address, one.name) != (old[mac].address, old[mac].name):
            yield f"{old[mac].name or mac} becomes {who} with {one.address} on {network}."
        if one.suffix != (old[mac].suffix if mac in old else None):
            yield f"The IPv6 address of {who} on {network} ends in {one.suffix or 'what it likes'}."
        yield from _quirks(network, who, old[mac].quirks if mac in old else (), one.quirks)
    for mac in old.keys() - new.keys():
        yield f"{old[mac].name or mac} no longer has a fixed address on {network}."


def _quirks(network: str, who: str, before: Iterable[str], after: Iterable[str]) -> Iterator[str]:
    for quirk in sorted(set(after) - set(before)):
        yield f"When {who} boots on {network}, {QUIRKS[quirk]}."
    for quirk in sorted(set(before) - set(after)):
        yield f"It is no longer so that, when {who} boots on {network}, {QUIRKS[quirk]}."


def _wan(before: Wan | None, after: Wan | None) -> Iterator[str]:
    if before == after:
        return
    if after is None:
        yield "The way to the internet goes away."
        return
    yield from _said(
        "The MAC that the provider sees",
        (before and before.mac) or "the card's own",
        after.mac or "the card's own",
    )
    yield from _said(
        "The largest packet to the internet",
        (before and before.mtu) or "as the provider says",
        after.mtu or "as the provider says",
    )
    yield from compare_vlan.wans(before, after)
    yield from compare_shaping.differences(before.shaping if before else None, after.shaping)
    if before is None or _path(before) != _path(after):
        yield f"The way to the internet is {_path(after)}."
    if before and before.pppoe and after.pppoe and before.pppoe.secret != after.pppoe.secret:
        yield "The provider is given another password."


def _path(wan: Wan) -> str:
    if wan.pppoe:
        service = f", service {wan.pppoe.service}" if wan.pppoe.service else ""
        return f"{wan.port} by PPPoE as {wan.pppoe.user}{service}"
    static = wan.static
    return f"{wan.port} " + (f"with {static.address}, by {static.gateway}" if static else "by DHCP")


def _time(before: Time, after: Time) -> Iterator[str]:
    asked, now_asked = (", ".join(one.servers) or "nobody" for one in (before, after))
    yield from _said("The time is asked of", asked, now_asked, verb="")
    if before.serve != after.serve:
        yield f"The networks {'get' if after.serve else 'no longer get'} the time from the router."


def _described(network: Network) -> str:
    ports = f" over {', '.join(network.members)}" if network.members else ""
    dhcp = network.dhcp
    pool = f", and hands out {dhcp.pool.first} to {dhcp.pool.last}" if dhcp else ""
    return f"The network {network.name}{ports} has the address {network.address}{pool}."


def _said(what: str, before: object, after: object, *, verb: str = " becomes") -> Iterator[str]:
    if before != after:
        yield f"{what}{verb} {after} (was {before})."
