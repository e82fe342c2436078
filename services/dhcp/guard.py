"""The guard against being the rogue server on a network.

Before the first answer and every minute a DISCOVER of ours asks whether somebody else answers; what
others say to clients of the network is heard in between.  A foreign OFFER or ACK stops our pool
until the other one has been silent through several probes, or the owner says otherwise.  Times are
monotonic seconds.
"""

from ipaddress import IPv4Address
from typing import Final

from appliance.events import Event, ForeignBootServer, ForeignServer, ForeignServerGone
from services.dhcp.lan import text
from services.dhcp.options import (
    BOOT_FILE,
    CISCO_TFTP_SERVER,
    CLIENT_ID,
    MESSAGE_TYPE,
    SERVER_ID,
    TFTP_SERVER,
    VENDOR_CLASS,
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

LISTEN_SECONDS: Final = 2.0  # before the first answer
PROBE_SECONDS: Final = 60.0
PROBE_WHILE_STOPPED: Final = 10.0
SILENT_PROBES: Final = 3  # then the other server is gone
REMEMBERED: Final = 16  # foreign servers told of; a forger invents any number

LISTENING: Final = "we listen for other DHCP servers before the first answer"
PROBE_ID: Final = b"\0nixie-probe"


class Guard:
    """One network's guard: what was heard, when to ask again."""

    def __init__(self, network: str, ours: IPv4Address, now: float) -> None:
        self.network = network
        self.ours = int(ours)
        self.wake_at = now  # the next probe
        self._opens_at = now + LISTEN_SECONDS
        self._heard: dict[int, float] = {}
        self._boot_servers: set[int] = set()

    def quiet(self, now: float, *, beside_others: bool) -> str | None:
        """Why strangers get no answer now, None when they do."""
        if now < self._opens_at:
            return LISTENING
        if self._heard and not beside_others:
            names = ", ".join(text(server) for server in self._heard)
            return f"another DHCP server answers here ({names})"
        return None

    @property
    def opens_at(self) -> float:
        """When the first listening is over."""
        return self._opens_at

    def probed(self, now: float) -> tuple[Event, ...]:
        """A probe has just been sent; tells of servers that stayed silent through the last ones."""
        patience = PROBE_WHILE_STOPPED * SILENT_PROBES + LISTEN_SECONDS
        gone = [server for server, at in self._heard.items() if now - at > patience]
        for server in gone:
            del self._heard[server]
        self.wake_at = now + (PROBE_WHILE_STOPPED if self._heard else PROBE_SECONDS)
        return tuple(ForeignServerGone(self.network, text(server)) for server in gone)

    def heard(self, message: Message, now: float) -> tuple[Event, ...]:
        """Judge a reply that passed on the network."""
        if message.op != REPLY_OP or message.kind not in (OFFER, ACK):
            return ()
        server = int.from_bytes(message.options.get(SERVER_ID, b"")[:4], "big") or message.siaddr
        if server in (0, self.ours):
            return ()
        if not message.yiaddr and not message.ciaddr:
            return self._boots(message, server)
        known = server in self._heard
        if not known and len(self._heard) >= REMEMBERED:
            return ()
        self._heard[server] = now
        if known:
            return ()
        self.wake_at = min(self.wake_at, now + PROBE_WHILE_STOPPED)
        told: Event = ForeignServer(self.network, text(server), message.chaddr.hex(":"))
        return (told, *self._boots(message, server))

    def _boots(self, message: Message, server: int) -> tuple[Event, ...]:
        """A reply with boot fields, from a server or a proxy: it can win over ours (G14)."""
        fields = boot_fields(message)
        if not fields or server in self._boot_servers or len(self._boot_servers) >= REMEMBERED:
            return ()
        self._boot_servers.add(server)
        return (ForeignBootServer(self.network, text(server), fields),)


def boot_fields(message: Message) -> str:
    """Which boot fields a foreign reply sets, for the owner to clear (G22, G37); "" for none."""
    set_here = [
        f"option {code}"
        for code in (VENDOR_CLASS, TFTP_SERVER, BOOT_FILE, CISCO_TFTP_SERVER)
        if code in message.options
    ]
    if message.file:
        set_here.insert(0, "a boot file")
    return ", ".join(set_here)


def probe(mac: bytes, xid: int) -> bytes:
    """The DISCOVER that asks who else is there; the answer is wanted by broadcast."""
    return encode(
        op=REQUEST_OP,
        xid=xid,
        chaddr=mac,
        flags=BROADCAST_FLAG,
        options=[
            (MESSAGE_TYPE, bytes((DISCOVER,))),
            (CLIENT_ID, PROBE_ID),
            (WANTED_OPTIONS, bytes((1, 3, 6, TFTP_SERVER, BOOT_FILE, CISCO_TFTP_SERVER))),
        ],
    )
