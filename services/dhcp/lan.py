"""One network's slice, made ready for packets: numbers, ready-made replies, its pool.

A new slice makes a new `Lan`; leases are loaded into it from the rows that are on disk and from the
offers of the one before.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from typing import Final

from appliance.model.slices import DhcpNetwork
from services.dhcp.lease import NEVER, Lease
from services.dhcp.loops import Loops
from services.dhcp.options import (
    BROADCAST_ADDRESS,
    CLIENT_ID,
    CLIENT_UUID,
    DNS_SERVERS,
    DOMAIN_NAME,
    END,
    IPV6_ONLY,
    LEASE_SECONDS,
    MESSAGE_TYPE,
    OVERLOAD,
    PAD,
    REBIND_SECONDS,
    RELAY_AGENT,
    RENEW_SECONDS,
    REQUESTED_ADDRESS,
    ROUTER,
    SERVER_ID,
    SUBNET_MASK,
)
from services.dhcp.pool import Pool
from services.dhcp.reply import NO_NAMES, block, seconds
from services.dhcp.strangers import FIRST_LEASE_SECONDS, Strangers
from services.dhcp.wire import ACK, OFFER
from services.netboot.firmware import PXE_CLIENT
from services.netboot.recipe import Loaders, Nothing

BOOT_LEASE_SECONDS: Final = 120
NOT_THE_OWNERS: Final = frozenset(
    (
        PAD, END, MESSAGE_TYPE, SERVER_ID, LEASE_SECONDS, REQUESTED_ADDRESS, OVERLOAD, CLIENT_ID,
        CLIENT_UUID, RELAY_AGENT,
    )
)  # fmt: skip
"""Options whose value is the protocol's business."""


class Budget:
    """How many events strangers may cause: `burst` at once, then `rate` a second."""

    __slots__ = ("at", "burst", "left", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.left, self.at = burst, 0.0

    def spend(self, now: float) -> bool:
        """May one more be told?"""
        elapsed = max(0.0, now - self.at)
        self.left = min(self.burst, self.left + elapsed * self.rate)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Lan:
    """Everything `answer` needs to know about one network.

    `quiet` is None, or the reason why strangers get no answer; `full` says that somebody found the
    pool used up, and that nobody has told of room in it since, `flooded` the same of a flood of
    strangers.  `before` are the networks whose place this one took: whoever has an address there
    is still in this pool.
    """

    def __init__(
        self, network: DhcpNetwork, loaders: Loaders, before: Sequence[DhcpNetwork] = ()
    ) -> None:
        self.network = network
        self.before = tuple(before)
        self.stage = network.stage
        self.name = network.name
        self.netboot = network.netboot
        self.beside_others = network.answer_beside_others
        self.loaders = loaders
        self.loops = Loops()
        self.quiet: Nothing | None = None
        self.full = False
        self.flooded = False
        self.boots = Budget(rate=100, burst=2000)
        self.anomalies = Budget(rate=2, burst=100)

        net = network.address.network
        self.address = network.address.ip
        self.server = int(self.address)
        self.server_id = self.address.packed
        self.dotted = str(self.address).encode()
        self.subnet, self.mask = int(net.network_address), int(net.netmask)
        self.reserved_names: Mapping[bytes, bytes] = {
            _mac(one.mac): one.name.encode() for one in network.reservations if one.name
        }
        self.vendor_classes = (PXE_CLIENT, *(one.encode() for one in network.vendor_classes))
        self._quirks: Mapping[bytes, frozenset[str]] = {
            _mac(one.mac): frozenset(one.quirks) for one in network.reservations if one.quirks
        }
        self.pool = Pool(
            int(network.first),
            int(network.last),
            reserved={
                _mac(one.mac): int(one.address)
                for one in network.reservations
                if one.address in net
            },
            never=(
                *(self.server, self.subnet, int(net.broadcast_address)),
                *(int(one.address.ip) for one in before),
            ),
        )
        self.strangers = Strangers(self.pool.size)
        self.formers = tuple(Lan(one, loaders) for one in before)
        self.server_ids = frozenset((self.server_id, *(one.address.ip.packed for one in before)))

        own = {code: value for code, value in network.options if code not in NOT_THE_OWNERS}
        self.ipv6_only = own.pop(IPV6_ONLY, None)
        self.alike = not self.reserved_names and self.ipv6_only is None  # all get the same options
        self.shared: dict[int, bytes] = {
            SUBNET_MASK: net.netmask.packed,
            ROUTER: self.server_id,
            DNS_SERVERS: self.server_id,
            DOMAIN_NAME: network.domain.encode(),
            BROADCAST_ADDRESS: net.broadcast_address.packed,
        } | own
        self.lease_seconds = network.lease_seconds
        self.first_seconds = min(network.lease_seconds, FIRST_LEASE_SECONDS)
        self.tails: Mapping[tuple[int, int], bytes] = {
            (kind, lasts): NO_NAMES + block(self.lease_options(kind, lasts))
            for kind in (OFFER, ACK)
            for lasts in (self.lease_seconds, self.first_seconds)
        }

    def lasts(self, lease: Lease, now: float) -> int:
        """How long this client may have its address (seconds)."""
        if lease.given_at == NEVER and (self.strangers.crowd(now) or self.pool.is_half_full()):
            return self.first_seconds
        return self.lease_seconds

    def lease_options(self, kind: int, lasts: int, *, boot: bool = False) -> dict[int, bytes]:
        """What an OFFER or ACK for `lasts` seconds says to everybody, or to every boot's stage."""
        times = {
            LEASE_SECONDS: seconds(lasts),
            RENEW_SECONDS: seconds(lasts // 2),
            REBIND_SECONDS: seconds(lasts * 7 // 8),
        }
        said = {code: value for code, value in self.shared.items() if not boot or code not in times}
        return {MESSAGE_TYPE: bytes((kind,)), SERVER_ID: self.server_id} | times | said

    def inform_options(self, kind: int) -> dict[int, bytes]:
        """What an INFORM is told: no times, because there is no lease."""
        said = {
            code: value
            for code, value in self.shared.items()
            if code not in (RENEW_SECONDS, REBIND_SECONDS)
        }
        return {MESSAGE_TYPE: bytes((kind,)), SERVER_ID: self.server_id} | said

    def has(self, mac: bytes, quirk: str) -> bool:
        """Did the owner say this of the device `mac`?"""
        return quirk in self._quirks.get(mac, ())

    def called(self, address: int) -> str:
        """Under which network's name a lease on `address` is stored: one from before keeps its own
        as long as its clients do, so that who has left it is known."""
        if not self.formers or self.holds(address):
            return self.name
        return next((one.name for one in self.formers if one.holds(address)), self.name)

    def holds(self, address: int) -> bool:
        """Is this an address of the network (not: of the pool)?"""
        return address & self.mask == self.subnet


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def text(address: int) -> str:
    """An address as people write it; "" for none."""
    return str(IPv4Address(address)) if address else ""
