"""The addresses of one network: who holds which, and which is next.

Every operation costs the same for 100 leases as for 60,000: dictionaries by address, client and
MAC; a cursor over addresses never used; a heap of ends (a renewed lease is put back when its old
end comes up); ended leases in order of age.  An ended lease keeps its record, so its holder gets
the same address back for as long as nobody else needed it.

When a new slice reserves an address that somebody holds, or leaves it out of the pool, its holder
is *leaving*: the address stays taken until the lease ends, a renewal is refused, and the refused
client, which asks anew, shows by that that it uses the address no more.  So nobody gets an address
twice.  A device whose reserved address is taken or rests after a DECLINE gets one of the pool
meanwhile: an address that is not the wanted one is worth more than none.

Every address can be given to anybody, except that a share of the pool is kept from strangers: the
ended leases of regulars, most recent first.  So a flood of new MACs uses up the rest, and a laptop
that comes back finds its address.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import Final

from services.dhcp.lease import BOUND, DECLINED, NEVER, OFFERED, RELEASED, Lease

OFFER_SECONDS: Final = 30.0  # an offer nobody takes; longer than EDK2's four seconds of collecting
QUARANTINE_SECONDS: Final = 600.0  # a declined address
RESTING_SHARE: Final = 4  # one in four addresses may rest at once
KEPT_SHARE: Final = 8  # one in eight addresses may wait for the regular who had it
REGULAR_SECONDS: Final = 600.0  # renewed after this long: a regular, not a passer-by
MOST_PASSED: Final = 64  # addresses that others use, for each that is given
CHAIN_SECONDS: Final = 300.0  # firmware, initrd and system are one machine for so long


class Pool:
    """A machine without I/O; the caller says what time it is, and time may stand still."""

    def __init__(
        self,
        first: int,
        last: int,
        *,
        reserved: Mapping[bytes, int] | None = None,
        never: Iterable[int] = (),
    ) -> None:
        """`reserved` is MAC to address, inside the range or not; `never` is given to nobody."""
        self.first, self.last = first, last
        self.reserved = dict(reserved or {})
        self.taken = frozenset(self.reserved.values()) | frozenset(never)
        inside = sum(first <= address <= last for address in self.taken)
        self.size = last - first + 1 - inside
        self.kept = (last - first + 1) // KEPT_SHARE
        self.seen: Mapping[int, bytes] = {}  # addresses that devices use, whoever gave them
        self.leases: dict[int, Lease] = {}
        self.left: Lease | None = None  # the lease that a choice ended; the caller takes it away
        self._by_client: dict[bytes, Lease] = {}
        self._by_mac: dict[bytes, Lease] = {}
        self._cursor = first
        self._free: OrderedDict[int, None] = OrderedDict()  # given up, oldest first
        self._ends: list[tuple[float, int]] = []
        self._resting: set[int] = set()  # declined
        self._ended: OrderedDict[int, Lease] = OrderedDict()  # passers-by, oldest end first
        self._ended_regulars: OrderedDict[int, Lease] = OrderedDict()

    # ── who holds what ────────────────────────────────────────────────────────────────────────────

    def find(self, mac: bytes, client: bytes, now: float, *, boot: bool) -> Lease | None:
        """The record of this client, ended or not.

        A stage of a boot is known by its MAC alone (G10).  A system is known by its client-id, and
        inherits the address of its MAC when that lease is a boot's, is part of the same boot, or
        has ended.  Two MACs that claim one client-id (cloned disks) never share an address.
        """
        if not boot:
            lease = self._by_client.get(client)
            if lease is not None and (lease.mac == mac or lease.ends_at <= now):
                return lease
        lease = self._by_mac.get(mac)
        if lease is None or boot or lease.client == client + mac:
            return lease
        if lease.boot or now < lease.chain_until or lease.ends_at <= now:
            return lease
        return self._by_client.get(client + mac)

    def fits(self, address: int, mac: bytes) -> bool:
        """May `mac` have `address` at all: its own reservation, or a pool address free of such."""
        own = self.reserved.get(mac)
        if own is not None and own == address:
            return True
        return self.first <= address <= self.last and address not in self.taken

    def filling(self) -> tuple[int, int]:
        """After a stranger found no address: how many are in use, and how many there are.

        The others are ended leases of regulars.
        """
        return self.size - len(self._ended_regulars), self.size

    def has_room(self, now: float) -> bool:
        """Would a stranger find an address now?"""
        self._sweep(now)
        left = self._never_used() or self._free or self._ended
        return bool(left) or len(self._ended_regulars) > self.kept

    def is_half_full(self) -> bool:
        """Are more than half of the addresses in use, offers and resting ones included?"""
        used = len(self.leases) - len(self._ended) - len(self._ended_regulars)
        return 2 * used > self.size

    # ── choosing ──────────────────────────────────────────────────────────────────────────────────

    def choose(
        self, mac: bytes, client: bytes, wanted: int, now: float, *, boot: bool
    ) -> Lease | None:
        """The lease to offer, held for OFFER_SECONDS; None when the pool is used up.

        In this order (RFC 2131 §4.3.1): the reservation, what the client has or had, what it wants
        if that is free, any free address.  One that another device was seen to use comes last
        (§2.2, which has us look before we offer): that sight may be old, or a lie.
        """
        lease = self.find(mac, client, now, boot=boot)
        own = self.reserved.get(mac)
        if own is not None and (lease is None or lease.address != own):
            got = self._take(own, mac, client, now)
            if got is not None:
                self._leave(lease, now)
                return self._hold(got, now)
        if lease is not None and lease.ends_at <= now and self._others(lease.address, mac):
            lease = None
        if lease is not None and self.fits(lease.address, mac):
            if lease.client != client or lease.mac != mac:
                self._rename(lease, mac, client, now, boot=boot)
            return self._hold(lease, now)
        self._leave(lease, now)
        if wanted and self.fits(wanted, mac) and not self._others(wanted, mac):
            got = self._take(wanted, mac, client, now)
            if got is not None:
                return self._hold(got, now)
        address = self._next(mac, now)
        return None if address is None else self._hold(self._add(address, mac, client, now), now)

    def claim(
        self, address: int, mac: bytes, client: bytes, now: float, *, boot: bool
    ) -> Lease | None:
        """The lease on exactly `address` for this client; None when it may not have it."""
        if not self.fits(address, mac):
            return None
        own = self.reserved.get(mac)
        if own is not None and own != address and self._open(own, mac, now):
            return None
        lease = self.find(mac, client, now, boot=boot)
        if lease is None or lease.address != address:
            if lease is not None and own is None and self._bound(lease, now):
                return None
            return self._take(address, mac, client, now)
        if lease.client != client or lease.mac != mac:
            self._rename(lease, mac, client, now, boot=boot)
        return lease

    # ── what happens to a lease ───────────────────────────────────────────────────────────────────

    def confirm(self, lease: Lease, seconds: float, now: float, *, boot: bool) -> None:
        """The client was told that it has the lease; a boot's stage never shortens what is held."""
        self._wake(lease)
        if lease.given_at == NEVER:
            lease.given_at = now
        elif now - lease.given_at >= REGULAR_SECONDS and not boot:
            lease.regular = True
        if boot:
            lease.chain_until = now + CHAIN_SECONDS
        lease.state, lease.boot = BOUND, boot
        ends_at = now + seconds
        lease.ends_at = max(ends_at, lease.ends_at) if boot else ends_at
        if not lease.queued:
            self._queue(lease)

    def release(self, lease: Lease, now: float) -> None:
        """The client gave its address back."""
        self._wake(lease)
        lease.state, lease.ends_at, lease.boot = RELEASED, now, False
        lease.chain_until = 0.0
        self._queue(lease)

    def decline(self, lease: Lease, now: float) -> None:
        """Somebody else uses this address: nobody gets it for a while.

        Where many rest already it is believed no more: who declines whatever it is given would
        empty the pool.
        """
        if len(self._resting) >= max(1, self.size // RESTING_SHARE):
            self.release(lease, now)
            return
        self._resting.add(lease.address)
        self._forget_keys(lease)
        self._wake(lease)
        lease.state, lease.ends_at, lease.regular = DECLINED, now + QUARANTINE_SECONDS, False
        self._queue(lease)

    def withdraw(self, mac: bytes, client: bytes, now: float, *, boot: bool) -> None:
        """The client chose another server: an offer of ours is free again."""
        lease = self.find(mac, client, now, boot=boot)
        if lease is not None and lease.state == OFFERED and lease.ends_at > now:
            lease.ends_at = now
            self._queue(lease)

    def load(self, lease: Lease, now: float, longest: float) -> None:
        """Take over a stored lease; an end beyond `longest` seconds from now is a clock's mistake.

        One that does not fit any more is kept while it is held.
        """
        held = lease.state == DECLINED or self._bound(lease, now)
        if not held and not self.fits(lease.address, lease.mac):
            return
        lease.ends_at = min(lease.ends_at, now + max(longest, QUARANTINE_SECONDS))
        self.leases[lease.address] = lease
        if lease.state == DECLINED:
            self._resting.add(lease.address)
        else:
            if self._succeeds(lease, self._by_client.get(lease.client)):
                self._by_client[lease.client] = lease
            if self._succeeds(lease, self._by_mac.get(lease.mac)):
                self._by_mac[lease.mac] = lease
        lease.queued = 0.0
        self._queue(lease)

    def _succeeds(self, lease: Lease, other: Lease | None) -> bool:
        """Is its holder known by `lease`, not by `other`: it fits, or it is the newer one?"""
        if other is None:
            return True
        own, others = (self.fits(one.address, one.mac) for one in (lease, other))
        return own if own != others else other.ends_at <= lease.ends_at

    # ── inside ────────────────────────────────────────────────────────────────────────────────────

    def _open(self, address: int, mac: bytes, now: float) -> bool:
        """Could `mac` have the address that is reserved for it?"""
        lease = self.leases.get(address)
        return lease is None or self._gives_way(lease, mac, now)

    def _gives_way(self, lease: Lease, mac: bytes, now: float) -> bool:
        """May `mac` have the address of this record, in its place?"""
        own = self.reserved.get(mac) == lease.address
        if lease.ends_at > now:
            return own and lease.mac == mac and lease.state != DECLINED
        strange = lease.regular and lease.mac != mac
        return own or not strange or len(self._ended_regulars) > self.kept

    def _leave(self, lease: Lease | None, now: float) -> None:
        """Its holder asks anew and gets another address, so it uses this one no more."""
        if lease is not None and self._bound(lease, now):
            self.release(lease, now)
            self.left = lease

    def _bound(self, lease: Lease, now: float) -> bool:
        return lease.state == BOUND and lease.ends_at > now

    def _take(self, address: int, mac: bytes, client: bytes, now: float) -> Lease | None:
        """That very address, if it can be had."""
        lease = self.leases.get(address)
        if lease is not None:
            if not self._gives_way(lease, mac, now):
                return None
            self._drop(lease)
        self._free.pop(address, None)
        return self._add(address, mac, client, now)

    def _others(self, address: int, mac: bytes) -> bool:
        """Was a device seen to use it that is not this one?"""
        return self.seen.get(address, mac) != mac

    def _next(self, mac: bytes, now: float) -> int | None:
        """An address nobody holds: never used, given up, ended; first what nobody was seen with."""
        self._sweep(now)
        passed: list[int] = []
        address = self._unused()
        while address is not None and len(passed) < MOST_PASSED and self._others(address, mac):
            passed.append(address)
            address = self._unused()
        if address is None:
            address = self._oldest()
        if address is None and passed:
            address = passed.pop(0)
        self._free.update(dict.fromkeys(passed))
        return address

    def _unused(self) -> int | None:
        if self._never_used():
            self._cursor += 1
            return self._cursor - 1
        leases, taken = self.leases, self.taken
        while self._free:
            address, _ = self._free.popitem(last=False)
            if address not in leases and address not in taken:
                return address
        return None

    def _never_used(self) -> bool:
        """Move the cursor to the next such address; False when there is none."""
        leases, taken = self.leases, self.taken
        while self._cursor in leases or self._cursor in taken:
            self._cursor += 1
        return self._cursor <= self.last

    def _oldest(self) -> int | None:
        """An ended lease's address: passers-by first; some regulars are kept."""
        for ended, keep in ((self._ended, 0), (self._ended_regulars, self.kept)):
            while len(ended) > keep:
                lease = next(iter(ended.values()))
                self._drop(lease)
                return lease.address
        return None

    def _add(self, address: int, mac: bytes, client: bytes, now: float) -> Lease:
        other = self._by_client.get(client)
        if other is not None and other.mac != mac and other.ends_at > now:
            client = client + mac  # a clone: it must not push the other out
        lease = Lease(address, mac, client)
        self.leases[address] = self._by_client[client] = self._by_mac[mac] = lease
        return lease

    def _drop(self, lease: Lease) -> None:
        """Forget a record; its address is the caller's to use."""
        self._forget_keys(lease)
        self._resting.discard(lease.address)
        if self.leases.get(lease.address) is lease:
            del self.leases[lease.address]
        self._wake(lease)

    def _forget_keys(self, lease: Lease) -> None:
        if self._by_client.get(lease.client) is lease:
            del self._by_client[lease.client]
        if self._by_mac.get(lease.mac) is lease:
            del self._by_mac[lease.mac]

    def _rename(self, lease: Lease, mac: bytes, client: bytes, now: float, *, boot: bool) -> None:
        """A new stage, or a new card with an ended lease's client-id, takes the record over."""
        if lease.mac != mac:
            self._forget_keys(lease)
            lease.mac, lease.given_at, lease.client = mac, NEVER, client
            self._by_client[client] = self._by_mac[mac] = lease
        elif lease.client != client and not boot and lease.client != client + mac:
            if self._by_client.get(lease.client) is lease:
                del self._by_client[lease.client]
            other = self._by_client.get(client)
            if other is not None and other.mac != mac and other.ends_at > now:
                client = client + mac
            lease.client = client
            self._by_client[client] = lease
        self._by_mac[mac] = lease

    def _hold(self, lease: Lease, now: float) -> Lease:
        """Keep the address free until the offer runs out."""
        if lease.ends_at < now + OFFER_SECONDS:
            if lease.ends_at <= now:
                self._wake(lease)
                lease.state = OFFERED
            lease.ends_at = now + OFFER_SECONDS
            if not lease.queued:
                self._queue(lease)
        return lease

    def _wake(self, lease: Lease) -> None:
        """An ended record is in use again, or gone."""
        if not lease.queued:
            self._ended.pop(lease.address, None)
            self._ended_regulars.pop(lease.address, None)

    def _queue(self, lease: Lease) -> None:
        lease.queued = lease.ends_at
        heappush(self._ends, (lease.ends_at, lease.address))
        if len(self._ends) > 4 * len(self.leases) + 1024:  # mostly entries of earlier ends
            self._ends = [(one.queued, at) for at, one in self.leases.items() if one.queued]
            heapify(self._ends)

    def _sweep(self, now: float, limit: int = 64) -> None:
        """Move leases whose end has come to the ended ones; a bounded bit of work per call."""
        ends = self._ends
        while limit and ends and ends[0][0] <= now:
            limit -= 1
            at, address = heappop(ends)
            lease = self.leases.get(address)
            if lease is None or lease.queued != at:
                continue  # an entry of an earlier holder or an earlier end
            if lease.ends_at > now:
                self._queue(lease)
                ends = self._ends
            else:
                self._end(lease)

    def _end(self, lease: Lease) -> None:
        """Nobody holds it now: forget it, or line it up for who needs an address."""
        lease.queued = 0.0
        for_all = self.first <= lease.address <= self.last and lease.address not in self.taken
        if lease.state == DECLINED or lease.given_at == NEVER:
            self._drop(lease)
            if for_all:
                self._free[lease.address] = None
        elif for_all:
            line = self._ended_regulars if lease.regular else self._ended
            line[lease.address] = lease
