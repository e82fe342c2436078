"""The DHCP client: RFC 2131 §4.4 as a machine without any I/O.

Times are CLOCK_BOOTTIME seconds, which count while the machine sleeps.  It is told what was heard
and what time it is; it answers with what to send and to ask, and `lease` is what is ours.

A lease outlives the loss of its server: until it ends it stays, whatever is being tried meanwhile
(§3.2).  Where the RFC waits for a minute between two tries, leases of a few minutes wait for less.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address
from math import inf
from typing import Final

from appliance.model.way import FOREVER, Lease
from services.dhcp.options import REQUESTED_ADDRESS, SERVER_ID
from services.dhcp.wire import (
    ACK,
    DECLINE,
    DISCOVER,
    NAK,
    OFFER,
    RELEASE,
    REPLY_OP,
    REQUEST,
    Message,
)
from services.wan import offer
from services.wan.sayings import ASKING, message

FIRST_SECONDS, LONGEST_SECONDS = 2.0, 32.0  # between two messages, doubled each time
TRIES: Final = 4  # of a REQUEST, before it is begun anew
CHECKS, CHECK_SECONDS = 2, 0.4  # RFC 2131 §3.1.5: does anybody else have the address?
DECLINED_SECONDS: Final = 10.0  # §3.1.5
RETRY_SECONDS: Final = 60.0  # §4.4.5: the shortest pause while renewing


class Phase(Enum):
    """What is going on; the lease that is held is another matter."""

    RESTING = "it waits before it begins anew"
    SELECTING = "it asks who is there"
    REQUESTING = "it takes an offer"
    CHECKING = "it asks whether anybody else has the address"
    REBOOTING = "it asks whether it may keep its lease"
    BOUND = "it has a lease"
    RENEWING = "it asks its server for more time"
    REBINDING = "it asks any server for more time"
    CUT = "there is no cable"


ANSWERED = frozenset({Phase.REQUESTING, Phase.REBOOTING, Phase.RENEWING, Phase.REBINDING})
"""Where an ACK or a NAK is awaited."""


@dataclass(frozen=True, slots=True)
class Say:
    """Send a message: to `server` from our address, or to everybody from none."""

    payload: bytes
    source: IPv4Address | None = None
    server: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask on the cable who has this address; from no address of ours at first (RFC 5227 §2.1.1)."""

    address: IPv4Address
    source: IPv4Address | None = None


Act = Say | Ask


class Client:
    """One port's DHCP client.

    `draw` gives a random number below 2³², for transaction ids.  `lans` are our own networks.
    """

    def __init__(
        self,
        mac: bytes,
        lans: offer.Lans,
        draw: Callable[[], int],
        now: float,
        held: tuple[Lease, float] | None = None,
    ) -> None:
        """`held` is a lease that was ours a moment ago, and when it was given."""
        self._mac, self._lans, self._draw = mac, tuple(lans), draw
        self.refused = offer.refusal(held[0], lans) if held else ""  # why it cannot be used
        self.lease: Lease | None = None
        self._taken = now
        if held and not self.refused:
            self.lease, self._taken = held
        self.phase = Phase.CUT
        self.wake_at = inf
        self.silent_since = now  # nobody has answered since
        self._offered: Lease | None = None
        self._xid = 0
        self._tries = 0
        self._naks = 0
        self._began = now

    @property
    def taken_at(self) -> float:
        """When the lease was given."""
        return self._taken

    @property
    def ends_at(self) -> float:
        """When the lease ends."""
        lease = self.lease
        return inf if lease is None else self._due(lease.lease_seconds)

    @property
    def checked(self) -> IPv4Address | None:
        """The address that nobody else may have."""
        wanted = self._offered if self.phase is Phase.CHECKING else None
        return wanted.address.ip if wanted else None

    # ── what happens ─────────────────────────────────────────────────────────────────────────────

    def connected(self, now: float) -> tuple[Act, ...]:
        """There is a cable: what is held is confirmed, else something is asked for."""
        self.silent_since = now
        if self.lease is not None and now < self.ends_at:
            return self._enter(Phase.REBOOTING, now)
        self.lease = None
        return self._enter(Phase.SELECTING, now)

    def cut(self, now: float) -> None:
        """The cable is gone; the lease stays until it ends."""
        self.phase, self._offered = Phase.CUT, None
        self.wake_at = max(self.ends_at, now)

    def again(self, now: float) -> tuple[Act, ...]:
        """The owner wants it tried now."""
        if self.phase is Phase.CUT:
            return ()
        if self.lease is not None and self.phase in {Phase.BOUND, Phase.RENEWING}:
            return self._enter(Phase.RENEWING, now)
        return self.connected(now)

    def released(self, now: float) -> tuple[Act, ...]:
        """Give the lease back (§4.4.6): the way out has changed."""
        lease, self.lease = self.lease, None
        self.phase, self.wake_at = Phase.CUT, inf
        if lease is None:
            return ()
        return (self._say(RELEASE, now, lease, [_server(lease)], to=lease.server),)

    def taken_by_other(self, now: float) -> tuple[Act, ...]:
        """Somebody else has the address that was about to be ours."""
        offered = self._offered
        if self.phase is not Phase.CHECKING or offered is None:
            return ()
        self.refused = f"another device uses {offered.address.ip} already."
        options = [(REQUESTED_ADDRESS, offered.address.ip.packed), _server(offered)]
        said = self._say(DECLINE, now, None, options)
        self._rest(now, DECLINED_SECONDS)
        return (said,)

    def heard(self, message: Message, now: float) -> tuple[Act, ...]:
        """Take a server's message; one that is not for us, or comes too late, is nothing."""
        ours = message.op == REPLY_OP and message.xid == self._xid and message.chaddr == self._mac
        if not ours:
            return ()
        if message.kind == OFFER and self.phase is Phase.SELECTING:
            return self._offer(message, now)
        if message.kind == ACK and self.phase in ANSWERED:
            return self._ack(message, now)
        if message.kind == NAK and self.phase in ANSWERED:
            return self._nak(message, now)
        return ()

    def woken(self, now: float) -> tuple[Act, ...]:
        """Do what is due by now."""
        if now < self.wake_at:
            return ()
        if self.lease is not None and now >= self.ends_at:
            self.lease = None
            if self.phase is Phase.CUT:
                self.wake_at = inf
                return ()
            return self._enter(Phase.SELECTING, now)
        return DUE[self.phase](self, now)

    # ── answers ──────────────────────────────────────────────────────────────────────────────────

    def _offer(self, message: Message, now: float) -> tuple[Act, ...]:
        offered = offer.lease(message)
        if offered is None:
            return ()
        self.silent_since = now
        self.refused = offer.refusal(offered, self._lans)
        if self.refused:  # another server may have a better one
            return ()
        self._offered = offered
        return self._enter(Phase.REQUESTING, now)

    def _ack(self, message: Message, now: float) -> tuple[Act, ...]:
        given = offer.lease(message)
        if given is None or not self._awaited(given):
            return ()
        self.silent_since, self._naks = now, 0
        self.refused = offer.refusal(given, self._lans)
        if self.refused:
            self.lease = None
            self._rest(now, DECLINED_SECONDS)
            return ()
        if self.lease is not None and given.address == self.lease.address:
            self._bind(given, now)
            return ()
        self._offered = given
        return self._enter(Phase.CHECKING, now)

    def _awaited(self, given: Lease) -> bool:
        """While an offer is being taken only its own server has a say."""
        if self.phase is not Phase.REQUESTING or self._offered is None:
            return True
        return given.server == self._offered.server

    def _nak(self, message: Message, now: float) -> tuple[Act, ...]:
        """The address is not to be had: what was held is no longer ours (§4.4.5)."""
        server = message.options.get(SERVER_ID, b"")
        offered = self._offered if self.phase is Phase.REQUESTING else None
        if offered is not None and server not in (b"", offered.server.packed):
            return ()
        self.silent_since = now
        self.lease = None
        self._naks += 1
        if self._naks > 1:  # a server that offers what it then denies
            self._rest(now, _pause(self._naks - 1))
            return ()
        return self._enter(Phase.SELECTING, now)

    # ── the clock ────────────────────────────────────────────────────────────────────────────────

    def _resend(self, now: float) -> tuple[Act, ...]:
        """Nobody answered: say it again, more and more seldom."""
        self._tries += 1
        if self.phase in {Phase.REQUESTING, Phase.REBOOTING} and self._tries >= TRIES:
            return self._enter(Phase.SELECTING, now)
        self._sleep(now, now + _pause(self._tries))
        return (SAYS[self.phase](self, now),)

    def _check(self, now: float) -> tuple[Act, ...]:
        """Ask once more, or take what nobody else has."""
        assert self._offered is not None
        self._tries += 1
        if self._tries > CHECKS:
            self._bind(self._offered, now)
            return ()
        self._sleep(now, now + CHECK_SECONDS)
        return (Ask(self._offered.address.ip),)

    def _begin(self, now: float) -> tuple[Act, ...]:
        return self._enter(Phase.SELECTING, now)

    def _extend(self, now: float) -> tuple[Act, ...]:
        """Ask for more time: our server after T1, any server after T2."""
        assert self.lease is not None
        rebind = self._due(self.lease.rebind_seconds)
        phase = Phase.REBINDING if now >= rebind else Phase.RENEWING
        if phase is not self.phase:
            return self._enter(phase, now)
        until = rebind if phase is Phase.RENEWING else self.ends_at
        least = min(RETRY_SECONDS, self.lease.lease_seconds / 8)
        self._sleep(now, min(now + max((until - now) / 2, least), until))
        return (SAYS[self.phase](self, now),)

    # ── phases ───────────────────────────────────────────────────────────────────────────────────

    def _enter(self, phase: Phase, now: float) -> tuple[Act, ...]:
        """Begin a phase, and say its first message."""
        if phase is not Phase.REQUESTING:  # §4.4.1: a REQUEST has the xid of its offer
            self._xid = self._draw()
            self._began = now
        self.phase, self._tries = phase, 0
        if phase is Phase.CHECKING:
            return self._check(now)
        if phase in {Phase.RENEWING, Phase.REBINDING}:
            return self._extend(now)
        self._sleep(now, now + _pause(0))
        return (SAYS[phase](self, now),)

    def _bind(self, lease: Lease, now: float) -> None:
        self.lease, self._offered, self._taken = lease, None, now
        self.phase, self.refused, self._naks = Phase.BOUND, "", 0
        self.wake_at = self._due(lease.renew_seconds)

    def _rest(self, now: float, seconds: float) -> None:
        self.phase, self._offered = Phase.RESTING, None
        self._sleep(now, now + seconds)

    def _sleep(self, now: float, until: float) -> None:
        self.wake_at = max(min(until, self.ends_at), now)

    def _due(self, seconds: int) -> float:
        return inf if seconds == FOREVER else self._taken + seconds

    # ── messages ─────────────────────────────────────────────────────────────────────────────────

    def _discover(self, now: float) -> Say:
        return self._say(DISCOVER, now, None, [])

    def _request(self, now: float) -> Say:
        assert self._offered is not None
        asked = (REQUESTED_ADDRESS, self._offered.address.ip.packed)
        return self._say(REQUEST, now, None, [asked, _server(self._offered)])

    def _reboot(self, now: float) -> Say:
        assert self.lease is not None
        return self._say(REQUEST, now, None, [(REQUESTED_ADDRESS, self.lease.address.ip.packed)])

    def _renew(self, now: float) -> Say:
        assert self.lease is not None
        return self._say(REQUEST, now, self.lease, [], to=self.lease.server)

    def _rebind(self, now: float) -> Say:
        return self._say(REQUEST, now, self.lease, [])

    def _say(
        self,
        kind: int,
        now: float,
        lease: Lease | None,
        options: list[tuple[int, bytes]],
        to: IPv4Address | None = None,
    ) -> Say:
        """One message; `lease` is the one in use."""
        asks = kind in ASKING
        own = lease.address.ip if lease else None
        payload = message(
            kind,
            self._mac,
            self._xid if asks else self._draw(),
            options,
            seconds=int(now - self._began) if asks else 0,
            own=own,
        )
        return Say(payload, own, to)


def _pause(tries: int) -> float:
    """Seconds until the next try.

    >>> [_pause(tries) for tries in (0, 1, 2, 9)]
    [2.0, 4.0, 8.0, 32.0]
    """
    return float(min(FIRST_SECONDS * 2 ** min(tries, 8), LONGEST_SECONDS))


def _server(lease: Lease) -> tuple[int, bytes]:
    return SERVER_ID, lease.server.packed


DUE: Mapping[Phase, Callable[[Client, float], tuple[Act, ...]]] = {
    Phase.RESTING: Client._begin,
    Phase.SELECTING: Client._resend,
    Phase.REQUESTING: Client._resend,
    Phase.CHECKING: Client._check,
    Phase.REBOOTING: Client._resend,
    Phase.BOUND: Client._extend,
    Phase.RENEWING: Client._extend,
    Phase.REBINDING: Client._extend,
    Phase.CUT: lambda _client, _now: (),
}
SAYS: Mapping[Phase, Callable[[Client, float], Say]] = {
    Phase.SELECTING: Client._discover,
    Phase.REQUESTING: Client._request,
    Phase.REBOOTING: Client._reboot,
    Phase.RENEWING: Client._renew,
    Phase.REBINDING: Client._rebind,
}
