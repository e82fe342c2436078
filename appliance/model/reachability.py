"""What the firewall does with a packet, and what reaches what: from the model alone.

    verdict(config, packet, now)   one conversation: let through or not, and which line decided
    matrix(config)                 every zone × (router, internet, zones) × (v4, v6), in words
    difference(before, after)      the cells that Review shows: opened, closed or changed

Proved against the kernel packet by packet in `tests/live/test_reachability.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from appliance.model.config import RouterConfig
from appliance.model.firewall import ACCEPT, EVERYBODY, INTERNET, ROUTER, Ends, Forward
from appliance.model.gateways import Subnet, behind, subnets
from appliance.model.newcomers import NOBODY, Admitted
from appliance.model.policy import PING, Line, Receivers, lines, members, ways_in
from appliance.model.prefixes import own_addresses
from appliance.model.schedule import current

EVERYTHING, SOME, NOTHING = "everything", "some", "nothing"
SPOOFED = "spoofed"
"""The id of the refusal of a sender whose address belongs elsewhere."""


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a conversation.

    `source` and `destination` are names of networks, `internet`, or (destination) `router`; `port`
    is the destination's, None for ICMP, which means an echo request.
    """

    source: str
    destination: str
    sender: IPv4Address | IPv6Address
    receiver: IPv4Address | IPv6Address
    protocol: str  # tcp, udp or icmp
    port: int | None = None
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a conversation may begin, and the id of the line that says so.

    `by` is the comment of the rule in the kernel: `rule:<id>`, `forward:<name>`, `input-…` for a
    service of the router, `forward-<zone>-<zone>` for what zones reach, `…-refused` for the end.
    """

    accepted: bool
    by: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What `source` may begin with `destination` over IPv`family`.

    `extent` is `everything`, `some` or `nothing`; `lets` are the words of what is let through when
    it is not everything, `stops` of what is not although it would fit.
    """

    source: str  # a zone or `internet`
    destination: str  # a zone, `internet` or `router`
    family: int  # 4 or 6
    extent: str = "nothing"
    lets: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The cell for people.

        >>> Cell("guest", "router", 4, "some", ("DHCP", "DNS")).words
        'DHCP, DNS'
        >>> Cell("lan", "internet", 4, "everything", (), ("tcp 25",)).words
        'everything but tcp 25'
        """
        let = ", ".join(self.lets) or self.extent
        return f"{let} but {', '.join(self.stops)}" if self.stops else let


@dataclass(frozen=True, slots=True)
class Shift:
    """A cell that differs, with its words before and after; it may open and shut at once."""

    source: str
    destination: str
    family: int
    before: str
    after: str
    opens: bool
    shuts: bool


def verdict(
    config: RouterConfig, packet: Packet, now: float, admitted: Admitted = NOBODY
) -> Verdict:
    """Decide one conversation at `now` (Unix seconds); this is also why it was blocked.

    `admitted` are the devices that are no newcomers; who has no MAC is none either.
    """
    held = current(config, now)
    if spoofed(held, packet):
        return Verdict(accepted=False, by=SPOOFED)
    sent_on = translated(held, packet)
    headed = sent_on or packet
    for line in lines(held, admitted):
        if fits(line, headed, forwarded=sent_on is not None):
            return Verdict(line.action == ACCEPT, line.id)
    return Verdict(accepted=False, by="policy")


def matrix(config: RouterConfig) -> tuple[Cell, ...]:
    """What reaches what, by zone, in the order of the zones and the internet last.

    Of rules with a schedule it says that they hold at times; what is switched off is not in it.
    """
    policy = lines(config)
    return tuple(
        _cell(config, policy, source, destination, family)
        for source, destination in _pairs(config)
        for family in (4, 6)
    )


def difference(before: RouterConfig, after: RouterConfig) -> tuple[Shift, ...]:
    """Every cell that changes; a zone that is not there reaches nothing."""
    old = {(one.source, one.destination, one.family): one for one in matrix(before)}
    new = {(one.source, one.destination, one.family): one for one in matrix(after)}
    both = ((old.get(at, Cell(*at)), new.get(at, Cell(*at))) for at in dict.fromkeys((*new, *old)))
    return tuple(_shift(was, is_now) for was, is_now in both if was != is_now)


# ── one packet ───────────────────────────────────────────────────────────────────────────────────


def spoofed(config: RouterConfig, packet: Packet) -> bool:
    """Does the sender's address belong somewhere else than where the packet came from?

    IPv6 is judged as far as the configuration knows it: by the prefix of our own, and by what is
    behind static routes.  A prefix that the provider lends is not in it.
    """
    if packet.sender in own_addresses(config):
        return True
    return _home(config, packet) not in (None, packet.source)


def _home(config: RouterConfig, packet: Packet) -> str | None:
    """Where the sender's address is routed to: the longest prefix wins, the internet is the
    shortest; None where only the provider could say so."""
    places: list[tuple[str, Subnet]] = [*subnets(config), *behind(config)]
    fitting = [(subnet.prefixlen, name) for name, subnet in places if packet.sender in subnet]
    longest, name = max(fitting, default=(0, INTERNET))
    return name if longest or packet.sender.version == 4 else None


def translated(config: RouterConfig, packet: Packet) -> Packet | None:
    """The packet as a forward sends it on; None when no forward takes it.

    From inside, a forward answers at the internet address only: the router's addresses on the
    networks stay its own.
    """
    inside = {network.address.ip for network in config.networks}
    if packet.destination != ROUTER or packet.receiver.version != 4 or packet.receiver in inside:
        return None
    for forward, network, device in ways_in(config):
        if _takes(forward, packet):
            port = packet.port if forward.inside is None else forward.inside
            return replace(packet, destination=network.name, receiver=device.address, port=port)
    return None


def _takes(forward: Forward, packet: Packet) -> bool:
    return (
        packet.protocol == forward.protocol
        and packet.port is not None
        and forward.outside.first <= packet.port <= forward.outside.end
    )


def fits(line: Line, packet: Packet, *, forwarded: bool) -> bool:
    """Does `line` decide about this packet?"""
    return (
        packet.source in line.sources
        and packet.destination in line.destinations
        and line.family in (0, packet.receiver.version)
        and (line.protocol in ("any", packet.protocol) or _pings(line, packet))
        and (forwarded or not line.forwarded)
        and _port_fits(line, packet)
        and (line.but is None or (packet.mac is not None and packet.mac not in line.but))
        and _sent_by(line.senders, packet)
        and _headed_to(line.receivers, packet)
    )


def _pings(line: Line, packet: Packet) -> bool:
    return line.protocol == PING and packet.protocol == "icmp"


def _port_fits(line: Line, packet: Packet) -> bool:
    if not line.ports:
        return True
    return packet.port is not None and any(
        ports.first <= packet.port <= ports.end for ports in line.ports
    )


def _sent_by(senders: Ends, packet: Packet) -> bool:
    if senders == EVERYBODY:
        return True
    return packet.mac in senders.devices or _within(packet.sender, senders.v4, senders.v6)


def _headed_to(receivers: Receivers, packet: Packet) -> bool:
    if receivers == Receivers():
        return True
    if _within(packet.receiver, receivers.v4, receivers.v6):
        return True
    ending = int(packet.receiver) & ((1 << 64) - 1)
    return packet.receiver.version == 6 and ending in map(int, receivers.suffixes)


def _within(
    address: IPv4Address | IPv6Address,
    v4: Iterable[IPv4Network],
    v6: Iterable[IPv6Network],
) -> bool:
    return any(address in network for network in v4) or any(address in network for network in v6)


# ── every cell ───────────────────────────────────────────────────────────────────────────────────


def _pairs(config: RouterConfig) -> Iterator[tuple[str, str]]:
    """Sources with their destinations; a zone with itself when it has two networks."""
    zones = tuple(dict.fromkeys(zone.name for zone in config.zones))
    for source in (*zones, INTERNET):
        for destination in (ROUTER, INTERNET, *zones):
            same = source == destination
            if not same or (source != INTERNET and len(members(config, source)) > 1):
                yield source, destination


def _cell(
    config: RouterConfig, policy: Iterable[Line], source: str, destination: str, family: int
) -> Cell:
    here, there = members(config, source), members(config, destination)
    lets: list[str] = []
    stops: list[str] = []
    cell = Cell(source, destination, family)
    for line in policy:
        if not _concerns(line, here, there, family):
            continue
        if line.whole and line.action == ACCEPT:
            return replace(cell, extent=EVERYTHING, stops=_each_once(stops))
        if line.whole:
            break
        (lets if line.action == ACCEPT else stops).append(line.words)
    if not lets:
        return cell
    return replace(cell, extent=SOME, lets=_each_once(lets), stops=_each_once(stops))


def _concerns(line: Line, here: Iterable[str], there: Iterable[str], family: int) -> bool:
    senders, receivers = line.senders, line.receivers
    sent = senders == EVERYBODY or senders.devices or (senders.v4 if family == 4 else senders.v6)
    headed = receivers == Receivers() or (
        receivers.v4 if family == 4 else (*receivers.v6, *receivers.suffixes)
    )
    one_network = line.sources == line.destinations
    return not one_network and bool(
        {*line.sources} & {*here}
        and {*line.destinations} & {*there}
        and line.family in (0, family)
        and sent
        and headed
    )


def _each_once(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _shift(was: Cell, is_now: Cell) -> Shift:
    less, more = RANK[was.extent], RANK[is_now.extent]
    new_lets, old_lets = set(is_now.lets) - set(was.lets), set(was.lets) - set(is_now.lets)
    new_stops, old_stops = set(is_now.stops) - set(was.stops), set(was.stops) - set(is_now.stops)
    both_let = less > 0 and more > 0
    return Shift(
        source=is_now.source,
        destination=is_now.destination,
        family=is_now.family,
        before=was.words,
        after=is_now.words,
        opens=more > less or (both_let and bool(old_stops or (less == more and new_lets))),
        shuts=less > more or (both_let and bool(new_stops or (less == more and old_lets))),
    )


RANK: Mapping[str, int] = {NOTHING: 0, SOME: 1, EVERYTHING: 2}
