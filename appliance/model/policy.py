"""The firewall as one list of lines: who may begin which conversation with whom.

`plan/firewall.py` writes these lines for the kernel, `reachability.py` reads them for people, so
what Review says is what is carried out.  The first line that fits decides: the owner's rules, then
forwards and services, then what zones reach; at the end a refusal.  A line is about who *begins*;
what belongs to a conversation comes back without being asked.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Final

from appliance.model.config import Network, Reservation, RouterConfig
from appliance.model.firewall import (
    ACCEPT,
    DROP,
    EVERYBODY,
    INTERNET,
    REJECT,
    ROUTER,
    Ends,
    Forward,
    Ports,
    Rule,
    Schedule,
    Zone,
)
from appliance.model.newcomers import NOBODY, QUARANTINE, Admitted
from appliance.model.week import WEEK

PING: Final = "ping"
"""The protocol of a line that lets echo requests through and no other ICMP."""


@dataclass(frozen=True, slots=True)
class Receivers:
    """Where a conversation is headed, narrowed: any of these, or everything when it is empty."""

    v4: tuple[IPv4Network, ...] = ()
    v6: tuple[IPv6Network, ...] = ()
    suffixes: tuple[IPv6Address, ...] = ()  # the last 64 bits, under whatever prefix


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the policy.  `sources` and `destinations` are networks, or a reserved word.

    `family` is 4, 6, or 0 for both; `words` says what it is about, "" for everything.
    """

    id: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    action: str
    words: str = ""
    family: int = 0
    protocol: str = "any"
    ports: tuple[Ports, ...] = ()
    senders: Ends = EVERYBODY
    receivers: Receivers = Receivers()
    but: frozenset[str] | None = None  # only senders that are none of these MACs
    forwarded: bool = False  # only what a forward has sent here
    at_times: bool = False

    @property
    def whole(self) -> bool:
        """Does it take every conversation of its networks?"""
        narrowed = (self.senders, self.receivers) != (EVERYBODY, Receivers())
        narrowed = narrowed or self.but is not None
        return self.protocol == "any" and not (narrowed or self.forwarded or self.at_times)


@dataclass(frozen=True, slots=True)
class Service:
    """Something of ours that a network may ask for; `words` as the owner calls it."""

    id: str
    protocol: str
    port: int
    words: str
    offered: Callable[[Network, Zone], bool]
    family: int = 0  # 4 where IPv6 has nothing of the kind


def _always(network: Network, zone: Zone) -> bool:
    del network, zone
    return True


def _leases(network: Network, zone: Zone) -> bool:
    del zone
    return network.dhcp is not None


def _boots(network: Network, zone: Zone) -> bool:
    del zone
    return network.netboot


def _boots_or_manages(network: Network, zone: Zone) -> bool:
    return network.netboot or zone.manages


def _caches(network: Network, zone: Zone) -> bool:
    return network.caches and not _boots_or_manages(network, zone)  # there the port is open anyway


def _manages(network: Network, zone: Zone) -> bool:
    del network
    return zone.manages


SERVICES: tuple[Service, ...] = (
    Service("dhcp", "udp", 67, "DHCP", _leases, 4),
    Service("dns-udp", "udp", 53, "DNS", _always),
    Service("dns-tcp", "tcp", 53, "DNS", _always),
    Service("ntp", "udp", 123, "time", _always),
    Service("pxe", "udp", 4011, "boot", _boots, 4),
    Service("tftp", "udp", 69, "boot", _boots),  # its data ports answer: a reply, not a beginning
    Service("boot", "tcp", 80, "boot", _boots_or_manages),
    Service("cache", "tcp", 80, "binary cache", _caches),
    Service("admin", "tcp", 443, "admin", _manages),
)


def lines(config: RouterConfig, admitted: Admitted = NOBODY) -> tuple[Line, ...]:
    """Every line in order.  Time is not looked at: give `schedule.current(config, now)` for that.

    `admitted` are the devices that are no newcomers where those are held back.  A line whose
    networks do not exist, or whose way out is not there, is left out.
    """
    found = (
        *_newcomers(config, admitted),
        *_within(config),
        *_rules(config),
        *_forwards(config),
        *_services(config),
        *_zones(config),
        *_refusals(config),
    )
    here = {network.name for network in config.networks} | {ROUTER}
    if config.wan:
        here.add(INTERNET)
    cut = (
        replace(
            line,
            sources=tuple(one for one in line.sources if one in here),
            destinations=tuple(one for one in line.destinations if one in here),
        )
        for line in found
    )
    return tuple(line for line in cut if line.sources and line.destinations)


def members(config: RouterConfig, zone: str) -> tuple[str, ...]:
    """The networks of a zone; a reserved word stands for itself."""
    if zone in (INTERNET, ROUTER):
        return (zone,)
    return tuple(network.name for network in config.networks if network.zone == zone)


def zone_of(config: RouterConfig, network: Network) -> Zone:
    """The zone of a network; one that nobody describes may nothing."""
    found = (zone for zone in config.zones if zone.name == network.zone)
    return next(found, Zone(network.zone, reaches=()))


def reserved(config: RouterConfig, mac: str) -> tuple[Network, Reservation] | None:
    """A device's reservation with its network: the first one, should it have several."""
    for network in config.networks:
        for one in network.dhcp.reservations if network.dhcp else ():
            if one.mac == mac:
                return network, one
    return None


def ways_in(config: RouterConfig) -> tuple[tuple[Forward, Network, Reservation], ...]:
    """The forwards that lead somewhere, each with its device."""
    if config.wan is None:
        return ()
    return tuple(
        (forward, *found)
        for forward in config.forwards
        if forward.enabled and (found := reserved(config, forward.mac))
    )


def device_name(config: RouterConfig, mac: str) -> str:
    """What a device is called: its reservation's name, else its MAC."""
    found = reserved(config, mac)
    return (found[1].name if found else None) or mac


def _within(config: RouterConfig) -> Iterator[Line]:
    """Inside one network nobody is judged: such frames come here only under br_netfilter."""
    for network in config.networks:
        yield Line(f"forward-within-{network.name}", (network.name,), (network.name,), ACCEPT)


def _newcomers(config: RouterConfig, admitted: Admitted) -> Iterator[Line]:
    """Who is new gets an address, names and the time, and nothing else that comes through here.

    Of its own network only what comes by another port does; the bridge refuses that
    (`plan/devices.py`).
    """
    for network in config.networks:
        if network.newcomers != QUARANTINE:
            continue
        there, known = (network.name,), admitted.get(network.name, frozenset())
        for service in SERVICES:
            if service.id in FOR_NEWCOMERS and service.offered(network, zone_of(config, network)):
                line = _answered(f"{NEWCOMERS}-{network.name}-{service.id}", service, there)
                yield replace(line, but=known)
        anywhere = (INTERNET, *(one.name for one in config.networks))
        held = Line(f"{NEWCOMERS}-{network.name}", there, anywhere, REJECT, "new devices")
        yield replace(held, but=known)
        yield replace(held, destinations=(ROUTER,), but=known)


NEWCOMERS = "newcomers"
"""How the ids of lines about new devices begin."""
FOR_NEWCOMERS = frozenset({"dhcp", "dns-udp", "dns-tcp", "ntp"})


def _rules(config: RouterConfig) -> Iterator[Line]:
    for rule in config.rules:
        sources, headed = members(config, rule.source), members(config, rule.destination)
        receivers = _receivers(config, rule.receivers)
        aimless = rule.receivers != EVERYBODY and receivers == Receivers()  # of unknown devices
        if rule.enabled and not aimless:
            yield Line(
                id=f"rule:{rule.id}",
                sources=sources,
                destinations=headed,
                action=rule.action,
                words=rule_words(config, rule),
                protocol=rule.protocol,
                ports=rule.ports,
                senders=rule.senders,
                receivers=receivers,
                at_times=rule.schedule is not None,
            )


def _receivers(config: RouterConfig, ends: Ends) -> Receivers:
    known = [found[1] for mac in ends.devices if (found := reserved(config, mac))]
    return Receivers(
        v4=(*ends.v4, *(IPv4Network(one.address) for one in known)),
        v6=ends.v6,
        suffixes=tuple(one.suffix for one in known if one.suffix),
    )


def rule_words(config: RouterConfig, rule: Rule) -> str:
    """The shortest words for what a rule is about: `tcp 22 to nas from 10.77.0.5`."""
    what = "" if rule.protocol == "any" else rule.protocol
    ports = ", ".join(map(str, rule.ports))
    sides = (("to", rule.receivers), ("from", rule.senders))
    narrowed = (f"{word} {_ends_words(config, ends)}" for word, ends in sides if ends != EVERYBODY)
    return " ".join(filter(None, (what, ports, *narrowed, _schedule_words(rule.schedule))))


def _schedule_words(schedule: Schedule | None) -> str:
    """When a rule holds: `22:00–06:00 on fri, sat`."""
    if schedule is None:
        return ""
    days = "" if schedule.weekdays == WEEK else f" on {', '.join(schedule.weekdays)}"
    return f"{schedule.begins}–{schedule.ends}{days}"


def _ends_words(config: RouterConfig, ends: Ends) -> str:
    devices = (device_name(config, mac) for mac in ends.devices)
    addresses = (*map(_address_words, ends.v4), *map(_address_words, ends.v6))
    return ", ".join((*devices, *addresses))


def _address_words(network: IPv4Network | IPv6Network) -> str:
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address if single else network)


def _forwards(config: RouterConfig) -> Iterator[Line]:
    everywhere = (INTERNET, *(network.name for network in config.networks))
    for forward, network, device in ways_in(config):
        line = Line(
            id=f"forward:{forward.name}",
            sources=everywhere,
            destinations=(network.name,),
            action=ACCEPT,
            words=f"{device.name or device.mac}:{forward.arrives}",
            family=4,
            protocol=forward.protocol,
            ports=(forward.arrives,),
            receivers=Receivers(v4=(IPv4Network(device.address),)),
            forwarded=True,
        )
        by = "" if forward.arrives == forward.outside else f" by {forward.outside}"
        yield replace(line, words=f"{line.words}{by}")
        if device.suffix:
            pinhole = Receivers(suffixes=(device.suffix,))
            yield replace(line, family=6, receivers=pinhole, forwarded=False)


def _services(config: RouterConfig) -> Iterator[Line]:
    every = tuple(network.name for network in config.networks)
    yield Line("input-ping", every, (ROUTER,), ACCEPT, "ping", 4, PING)
    yield Line("input-ping6", every, (ROUTER,), ACCEPT, "ping", 6, PING)
    yield Line("input-wan-ping6", (INTERNET,), (ROUTER,), ACCEPT, "ping", 6, PING)  # RFC 4890 §4.4
    for service in SERVICES:
        asking = tuple(
            network.name
            for network in config.networks
            if service.offered(network, zone_of(config, network))
        )
        yield _answered(f"input-{service.id}", service, asking)


def _answered(ident: str, service: Service, asking: tuple[str, ...]) -> Line:
    """What lets these networks ask a service of the router."""
    return Line(
        id=ident,
        sources=asking,
        destinations=(ROUTER,),
        action=ACCEPT,
        words=service.words,
        family=service.family,
        protocol=service.protocol,
        ports=(Ports(service.port),),
    )


def _zones(config: RouterConfig) -> Iterator[Line]:
    for zone in config.zones:
        for reached in zone.reaches:
            if reached != ROUTER:
                ways = members(config, zone.name), members(config, reached)
                yield Line(f"forward-{zone.name}-{reached}", *ways, ACCEPT)


def _refusals(config: RouterConfig) -> Iterator[Line]:
    """What nothing let through: from inside it is told so, from the internet it is not."""
    anywhere = (INTERNET, *(network.name for network in config.networks))
    for chain, headed in (("input", (ROUTER,)), ("forward", anywhere)):
        for zone in dict.fromkeys(network.zone for network in config.networks):
            yield Line(f"{chain}-{zone}-refused", members(config, zone), headed, REJECT)
        yield Line(f"{chain}-wan", (INTERNET,), headed, DROP)
