"""The guard against being the rogue server on a network.

Before the first answer and every minute a DISCOVER of ours asks whether somebody else answers; what
others say to clients of the network is heard in between.  Every probe is sent twice, as an ordinary
device and as UEFI firmware, because a proxy answers only the latter.  A foreign OFFER or ACK stops
our pool until the other one has been silent through several probes, or the owner says otherwise.
Silence while the link was down proves nothing.  Times are seconds since the machine started.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from math import inf
from typing import Final

from appliance.events import (
    Event,
    ForeignBootServer,
    ForeignBootServerGone,
    ForeignServer,
    ForeignServerGone,
    Unanswered,
)
from services.dhcp.lan import text
from services.dhcp.options import (
    BOOT_FILE,
    CISCO_TFTP_SERVER,
    CLIENT_ARCH,
    CLIENT_ID,
    CLIENT_INTERFACE,
    CLIENT_UUID,
    MESSAGE_TYPE,
    ROUTER,
    SERVER_ID,
    SUBNET_MASK,
    TFTP_SERVER,
    VENDOR_CLASS,
    VENDOR_OPTIONS,
    WANTED_OPTIONS,
)
from services.dhcp.wire import (
    ACK,
    BROADCAST_FLAG,
    DISCOVER,
    OFFER,
    REPLY_OP,
    REQUEST_OP,
    Message,
    encode,
)
from services.netboot.recipe import Nothing

FIRST_PROBES: Final = 2  # before the first answer: one may be lost
BETWEEN_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 4.0  # dnsmasq pings an address for three seconds before it offers it
PROBE_SECONDS: Final = 60.0
PROBE_WHILE_STOPPED: Final = 10.0
GONE_SECONDS: Final = 180.0  # of silence: a server that restarts or is updated is back by then
GONE_PROBES: Final = 3
OPEN_SECONDS: Final = 120.0  # two probes: a network that was open so shortly before still is
REMEMBERED: Final = 16  # foreign servers told of; a forger invents any number

LISTENING: Final = Nothing(
    "we listen for other DHCP servers before the first answer", Unanswered.LISTENING
)
DEAF: Final = Nothing("other DHCP servers could not be heard", Unanswered.DEAF)
ENDING: Final = Nothing("DHCP ends on this network, on trial", Unanswered.NOT_OURS)
PROBE_ID: Final = b"\0nixie-probe"
"""The client-id of probes, by which another Nixie knows them."""

STEERING: Final = (VENDOR_CLASS, VENDOR_OPTIONS, TFTP_SERVER, BOOT_FILE, CISCO_TFTP_SERVER)
AS_FIRMWARE: Final = (
    (VENDOR_CLASS, b"PXEClient:Arch:00007:UNDI:003016"),
    (CLIENT_ARCH, b"\0\7"),
    (CLIENT_INTERFACE, b"\1\3\x10"),
    (CLIENT_UUID, bytes(17)),
)

Foreign = ForeignServer | ForeignBootServer


class _Other:
    """A server that is not ours: what was told of it, and how long it has been silent."""

    __slots__ = ("silent_since", "told", "unanswered")

    def __init__(self, told: Foreign, now: float) -> None:
        self.told = told
        self.silent_since = now
        self.unanswered = 0  # probes since then


class Guard:
    """One network's guard: what was heard, when to ask again.

    `known` are the foreign servers that stood when the role stopped; `opened` says that the
    network was open a moment ago.
    """

    def __init__(
        self,
        network: str,
        ours: IPv4Address,
        now: float,
        *,
        known: Iterable[Foreign] = (),
        opened: bool = False,
    ) -> None:
        self.network = network
        self.ours = self._last = frozenset((int(ours),))
        self.wake_at = now  # the next probe
        self.opens_at = now if opened else inf  # when the first listening is over
        self._asked = 0
        self._others = {int(IPv4Address(one.server)): _Other(one, now) for one in known}

    def move(self, ours: Iterable[int]) -> None:
        """We have these addresses now; what we said under the last ones may still be heard."""
        self.ours = frozenset(ours) | self._last
        self._last = frozenset(ours)

    def quiet(self, now: float, *, hears: bool, beside_others: bool) -> Nothing | None:
        """Why strangers get no answer now, None when they do."""
        if beside_others:
            return None
        if not hears:
            return DEAF
        if servers := self._servers():
            why = f"another DHCP server answers here ({', '.join(servers)})"
            return Nothing(why, Unanswered.FOREIGN_SERVER)
        return None if now >= self.opens_at else LISTENING

    def probed(self, now: float) -> tuple[Event, ...]:
        """A probe has just been sent; tells of servers that stayed silent through the last ones."""
        gone = [server for server, one in self._others.items() if _is_gone(one, now)]
        told = tuple(_farewell(self._others.pop(server).told) for server in gone)
        for one in self._others.values():
            one.unanswered += 1
        self._asked += 1
        if self._asked >= FIRST_PROBES:
            self.opens_at = min(self.opens_at, now + ANSWER_SECONDS)
        self.wake_at = now + self._pause()
        return told

    def cut(self, now: float) -> None:
        """Nobody can be heard now: silence is counted from here, and asked into when it is over."""
        for one in self._others.values():
            one.silent_since, one.unanswered = now, 0
        if now < self.opens_at:
            self.opens_at, self._asked = inf, 0
        self.wake_at = now

    def heard(self, message: Message, mac: bytes, now: float) -> tuple[Event, ...]:
        """Judge a reply that passed on the network, sent by the card `mac`."""
        if message.op != REPLY_OP or message.kind not in (OFFER, ACK):
            return ()
        server = int.from_bytes(message.options.get(SERVER_ID, b"")[:4], "big") or message.siaddr
        if server == 0 or server in self.ours:
            return ()
        seen = _seen(self.network, message, server, mac)
        return self._noted(server, seen, now) if seen is not None else ()

    def _noted(self, server: int, seen: Foreign, now: float) -> tuple[Event, ...]:
        known = self._others.get(server)
        if known is None:
            if len(self._others) >= REMEMBERED:
                return ()
            self._others[server] = _Other(seen, now)
            self.wake_at = min(self.wake_at, now + self._pause())
            return (seen,)
        known.silent_since, known.unanswered = now, 0
        more = _together(known.told, seen)
        if more == known.told:
            return ()
        known.told = more
        return (more,)

    def _servers(self) -> list[str]:
        told = (one.told for one in self._others.values())
        return [one.server for one in told if isinstance(one, ForeignServer)]

    def _pause(self) -> float:
        if self._asked < FIRST_PROBES:
            return BETWEEN_SECONDS
        return PROBE_WHILE_STOPPED if self._servers() else PROBE_SECONDS


def boot_fields(message: Message) -> str:
    """Which boot fields a foreign reply sets, for the owner to clear (G22, G37); "" for none."""
    set_here = [f"option {code}" for code in STEERING if code in message.options]
    if message.file:
        set_here.insert(0, "a boot file")
    return ", ".join(set_here)


def probes(mac: bytes, xid: int) -> Sequence[bytes]:
    """The DISCOVERs that ask who else is there; the answers are wanted by broadcast."""
    wanted = bytes((SUBNET_MASK, ROUTER, *STEERING))
    plain = [
        (MESSAGE_TYPE, bytes((DISCOVER,))),
        (CLIENT_ID, PROBE_ID),
        (WANTED_OPTIONS, wanted),
    ]
    return [
        encode(op=REQUEST_OP, xid=xid ^ at, chaddr=mac, flags=BROADCAST_FLAG, options=options)
        for at, options in enumerate((plain, [*plain, *AS_FIRMWARE]))
    ]


def _seen(network: str, message: Message, server: int, mac: bytes) -> Foreign | None:
    """What a foreign reply shows of its server; a proxy gives no addresses (G14)."""
    what = boot_fields(message)
    if message.yiaddr or message.ciaddr:
        offers = _given(message)
        return ForeignServer(network, text(server), mac.hex(":"), offers, what)
    return ForeignBootServer(network, text(server), what, mac.hex(":")) if what else None


def _given(message: Message) -> str:
    mask = message.options.get(SUBNET_MASK, b"")
    prefix = f"/{int.from_bytes(mask, 'big').bit_count()}" if len(mask) == 4 else ""
    return f"{text(message.yiaddr)}{prefix}" if message.yiaddr else ""


def _together(before: Foreign, now: Foreign) -> Foreign:
    """What is known of one server after both; each reply may show a part of it."""
    fields = [*before.what.split(", "), *now.what.split(", ")]
    what = ", ".join(dict.fromkeys(filter(None, fields)))
    if isinstance(before, ForeignBootServer):
        return replace(now, what=what, mac=before.mac or now.mac)
    offers = before.offers or (now.offers if isinstance(now, ForeignServer) else "")
    return replace(before, what=what, offers=offers)


def _is_gone(one: _Other, now: float) -> bool:
    return one.unanswered >= GONE_PROBES and now - one.silent_since >= GONE_SECONDS


def _farewell(told: Foreign) -> Event:
    if isinstance(told, ForeignServer):
        return ForeignServerGone(told.network, told.server)
    return ForeignBootServerGone(told.network, told.server)
