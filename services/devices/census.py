"""One row a device, folded from what is seen: leases, neighbours, and what bridges learnt.

A device is a MAC that has a lease or an address on one of our LANs.  It is here while its bridge
remembers it (five minutes after its last frame; at once not when its cable is pulled), or while it
answers its neighbours.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

from appliance.store.devices import DeviceRow
from appliance.store.leases import LeaseRow
from services.devices.fingerprint import system
from services.devices.wire import Neighbour

ADDRESSES = 8
"""Of one device; it may make up as many for itself as it likes."""
SEEN_SECONDS = 300.0
"""How old `last_seen` may get before a row is written for nothing else."""
STRANGER_SECONDS = 86_400.0
STRANGERS_KEPT = 512
STRANGER_FORGOTTEN_SECONDS = 30 * 86_400.0
KEPT = 2_048
FORGOTTEN_SECONDS = 365 * 86_400.0
"""Anybody can invent MACs, as fast as a cable carries them.  Devices that the owner did something
about stay for ever.  Of those that were here for longer than a day the KEPT seen last stay, for a
year; of all others STRANGERS_KEPT, for a month, and those that are here before those that are gone,
the longest known first."""

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Look:
    """What was to be seen at one moment; `networks` are their names by the link they are on."""

    networks: Mapping[int, str]
    neighbours: Sequence[Neighbour]
    leases: Sequence[LeaseRow]
    now: float
    ours: AbstractSet[str] = frozenset()  # MACs of this box: what it sends comes back to it


@dataclass(frozen=True, slots=True)
class Sighting:
    """One MAC at one moment."""

    network: str
    here: bool
    lease: LeaseRow | None
    alive: tuple[Address, ...]  # that answered just now
    stale: tuple[Address, ...]  # that it had before, and may have still


def folded(
    known: Mapping[str, DeviceRow], look: Look, maker: Callable[[str], str]
) -> dict[str, DeviceRow]:
    """The rows after a look; a row that says nothing new is the very one from before."""
    seen = _sightings(look)
    rows = {
        mac: row if mac in seen or not row.here else replace(row, here=False)
        for mac, row in known.items()
        if mac not in look.ours
    }
    for mac, sighting in seen.items():
        before = known.get(mac)
        if before is None and not (sighting.lease or sighting.alive or sighting.stale):
            continue  # a bridge heard it, and it has nothing to do with us
        row = before or DeviceRow(
            mac, sighting.network, "", maker(mac), "", (), look.now, look.now, here=False
        )
        rows[mac] = _unless_only_later(row, _updated(row, sighting, look.now))
    return rows


def kept(rows: Mapping[str, DeviceRow], owned: Iterable[str], now: float) -> dict[str, DeviceRow]:
    """The rows that stay; `owned` are the MACs that the owner did something about."""
    dear = frozenset(owned)
    regulars: list[DeviceRow] = []
    strangers: list[DeviceRow] = []
    for row in rows.values():
        if row.mac not in dear:
            long = row.last_seen - row.first_seen >= STRANGER_SECONDS
            (regulars if long else strangers).append(row)
    regulars.sort(key=lambda row: (not row.here, -row.last_seen))
    strangers.sort(key=lambda row: (not row.here, row.first_seen, row.mac))
    gone = {row.mac for row in (*regulars[KEPT:], *strangers[STRANGERS_KEPT:])}
    gone |= {row.mac for row in regulars if now - row.last_seen > FORGOTTEN_SECONDS}
    gone |= {row.mac for row in strangers if now - row.last_seen > STRANGER_FORGOTTEN_SECONDS}
    return {mac: row for mac, row in rows.items() if mac not in gone}


def _sightings(look: Look) -> dict[str, Sighting]:
    leases = {
        row.mac: row for row in look.leases if row.state == "bound" and row.ends_at > look.now
    }
    heard: dict[str, list[Neighbour]] = {}
    for one in look.neighbours:
        if one.link in look.networks and one.mac not in look.ours:
            heard.setdefault(one.mac, []).append(one)
    found = {}
    for mac in heard.keys() | leases.keys():
        lease, mine = leases.get(mac), heard.get(mac, [])
        alive = [one for one in mine if one.alive]
        place = next((look.networks[one.link] for one in (*alive, *mine)), "")
        found[mac] = Sighting(
            network=place or (lease.network if lease else ""),
            here=bool(alive),
            lease=lease,
            alive=tuple(one.address for one in alive if one.address),
            stale=tuple(one.address for one in mine if one.address and not one.alive),
        )
    return found


def _updated(row: DeviceRow, seen: Sighting, now: float) -> DeviceRow:
    lease = seen.lease
    return replace(
        row,
        network=seen.network or row.network,
        hostname=lease.hostname or row.hostname if lease else row.hostname,
        system=system(lease.vendor, bytes.fromhex(lease.asked)) or row.system
        if lease
        else row.system,
        addresses=_addresses(row, seen),
        last_seen=now if seen.here else row.last_seen,
        here=seen.here,
    )


def _addresses(row: DeviceRow, seen: Sighting) -> tuple[str, ...]:
    """IPv4 as its lease says, or as it answers; IPv6 as its neighbours remember; else as before."""
    leased = [seen.lease.address] if seen.lease else []
    alive = [one for one in seen.alive if one.version == 4]
    fours = leased + alive or [one for one in seen.stale if one.version == 4]
    sixes = [one for one in (*seen.alive, *seen.stale) if one.version == 6]
    sixes.sort(key=lambda one: (one.is_link_local, one not in seen.alive))
    before = row.addresses
    return (
        *(_texts(fours) or [text for text in before if ":" not in text]),
        *(_texts(sixes) or [text for text in before if ":" in text]),
    )[:ADDRESSES]


def _texts(addresses: Iterable[Address]) -> list[str]:
    return list(dict.fromkeys(map(str, addresses)))


def _unless_only_later(before: DeviceRow, after: DeviceRow) -> DeviceRow:
    later = after.last_seen - before.last_seen
    same = replace(after, last_seen=before.last_seen) == before
    return before if same and later < SEEN_SECONDS else after
