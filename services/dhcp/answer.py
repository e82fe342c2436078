"""What to say to one DHCPv4 message on one network.

RFC 2131 §4.3 and its table 4 decide by which fields a REQUEST has:

    server-id      SELECTING    an offer is taken, ours or another's
    no server-id, requested address
                   INIT-REBOOT  a client that remembers; wrong addresses are refused
    no server-id, ciaddr
                   RENEWING, REBINDING

We are authoritative: the owner named this network and the guard found no other server, so a client
that remembers a free address of ours gets it though we have no record (DECISIONS says why), and one
that may not have what it asks for is told so at once.  Beside other servers (the owner's decision)
we say nothing about clients we do not know.

Whoever asks to boot and is not answered leaves two events all the same: no boot fails unseen.
"""

from collections.abc import Callable, Mapping
from typing import Final

from appliance.events import (
    Event,
    LeaseDeclined,
    LeaseRefused,
    PoolEmpty,
    PoolFlooded,
    Unanswered,
)
from appliance.model.config import LATE, UNICAST
from services.dhcp import booting, formers
from services.dhcp.destination import delivery
from services.dhcp.guard import PROBE_ID
from services.dhcp.lan import BOOT_LEASE_SECONDS, Lan, text
from services.dhcp.lease import BOUND, NEVER, Lease
from services.dhcp.names import NAMES, said_name, said_vendor
from services.dhcp.offer import EXTRAS, full, override, plain
from services.dhcp.options import (
    CLIENT_ID,
    MESSAGE,
    MESSAGE_TYPE,
    SERVER_ID,
    WANTED_OPTIONS,
)
from services.dhcp.reply import (
    Reply,
    Silence,
)
from services.dhcp.wire import (
    ACK,
    BROADCAST_FLAG,
    DECLINE,
    DISCOVER,
    INFORM,
    NAK,
    OFFER,
    RELEASE,
    REQUEST,
    REQUEST_OP,
    Message,
    encode,
)
from services.netboot.firmware import ORDINARY, Firmware, firmware
from services.netboot.recipe import Nothing, Recipe

Answer = Reply | Silence

ASKED_LONGEST: Final = 64  # bytes of option 55 that are remembered
NO_ROOM: Final = Nothing("the pool is used up", Unanswered.POOL_EMPTY)
FLOODED: Final = Nothing("more unknown devices ask than there are addresses", Unanswered.POOL_EMPTY)
NO_ADDRESS: Final = Nothing("it asks for no address", Unanswered.NO_ADDRESS_ASKED)
NOT_OURS: Final = Nothing(
    "nothing is known about it, and others answer here too", Unanswered.NOT_OURS
)


def answer(message: Message, lan: Lan, now: float) -> Answer:
    """Decide about `message`; `now` is Unix seconds.  The pool remembers what was promised.

    Never raises for any decoded message.  What is in `lease` must be on disk before the reply goes.
    """
    if message.op != REQUEST_OP:
        return Silence("it is not a request")
    work = WORK.get(message.kind)
    if work is None:
        return Silence("it is plain BOOTP or a message for clients")
    if not message.chaddr and not message.options.get(CLIENT_ID):
        return Silence("it has neither a hardware address nor a client-id")
    asking = _asking(message, lan)
    if lan.formers and (there := formers.former(message, lan)) is not None:
        told = _from_before(message, lan, there, asking, now)
        if told is not None:
            return told
    if lan.quiet is not None and not _while_quiet(message, lan, asking, now):
        return _silence(message, lan, asking, lan.quiet, now)
    if message.kind in (DISCOVER, REQUEST) and _floods(message, lan, asking, now):
        return _flooded(message, lan, asking, now)
    return work(message, lan, asking, now)


def _asking(message: Message, lan: Lan) -> Firmware:
    if not lan.netboot:
        return ORDINARY
    asking = firmware(message.options, message.chaddr, lan.vendor_classes)
    if asking is not ORDINARY and message.options.get(CLIENT_ID) == PROBE_ID:
        return ORDINARY  # another Nixie looks around, nobody boots
    return asking


def _silence(message: Message, lan: Lan, asking: Firmware, nothing: Nothing, now: float) -> Silence:
    return Silence(nothing.why, events=booting.untold(message, lan, asking, nothing, now))


def _while_quiet(message: Message, lan: Lan, asking: Firmware, now: float) -> bool:
    """Those who hold a lease may keep it and give it back."""
    if message.kind in (RELEASE, DECLINE):
        return True
    if message.kind != REQUEST or not message.ciaddr:
        return False
    lease = lan.pool.find(*_identity(message, asking), now, boot=asking is not ORDINARY)
    return lease is not None and (
        formers.holds(lease, message.ciaddr, now) and lan.pool.fits(lease.address, lease.mac)
    )


def _floods(message: Message, lan: Lan, asking: Firmware, now: float) -> bool:
    """Is it one of too many whom we do not know?  Each is counted.

    Known is who has or had an address here, or has one reserved; and what was offered is given.
    """
    mac, key = _identity(message, asking)
    lease = lan.pool.find(mac, key, now, boot=asking is not ORDINARY)
    if mac in lan.pool.reserved or (lease is not None and lease.given_at != NEVER):
        return False
    lan.strangers.met(mac, now)
    return lan.strangers.flood(now) and (message.kind == DISCOVER or lease is None)


def _flooded(message: Message, lan: Lan, asking: Firmware, now: float) -> Silence:
    silence = _silence(message, lan, asking, FLOODED, now)
    if not lan.flooded:
        lan.flooded = True
        silence.events = (PoolFlooded(lan.name, lan.strangers.limit), *silence.events)
    return silence


def _from_before(
    message: Message, lan: Lan, there: Lan, asking: Firmware, now: float
) -> Answer | None:
    """What to say to a client that is still in the network before; None when it is not."""
    lease = lan.pool.find(*_identity(message, asking), now, boot=asking is not ORDINARY)
    if lease is None or not formers.holds(lease, message.ciaddr, now):
        return None
    if message.kind == INFORM:
        return _inform(message, there, asking, now)
    if formers.renews(there):
        lan.pool.confirm(lease, there.lease_seconds, now, boot=False)
        return plain(message, there, ACK, lease.address, there.lease_seconds, lease)
    lan.pool.release(lease, now)
    refused = _refuse(message, there, asking, message.ciaddr, formers.MOVED, now)
    refused.lease = lease
    return refused


def _identity(message: Message, asking: Firmware) -> tuple[bytes, bytes]:
    """The MAC and the key of the lease: a boot's stages are one machine, whatever they call
    themselves (G10); a system is what its client-id says."""
    mac = message.chaddr
    said = message.options.get(CLIENT_ID) if asking is ORDINARY or not mac else None
    if said and (said[1:] != mac or said[0] != message.htype):  # 01 and the MAC is the MAC
        return mac or b"c" + said, b"c" + said
    return mac, b"h" + mac


# ── the messages ──────────────────────────────────────────────────────────────────────────────────


def _discover(message: Message, lan: Lan, asking: Firmware, now: float) -> Answer:
    mac, key = _identity(message, asking)
    lease = lan.pool.choose(mac, key, message.wanted, now, boot=asking is not ORDINARY)
    reply: Answer
    if lease is None:
        reply = _no_room(message, lan, asking, now)
    elif asking is ORDINARY:
        reply = plain(message, lan, OFFER, lease.address, lan.lasts(lease, now))
    else:
        reply = _boot(message, lan, asking, OFFER, lease, now)
    reply.lease, lan.pool.left = lan.pool.left, None
    return reply


def _no_room(message: Message, lan: Lan, asking: Firmware, now: float) -> Silence:
    silence = _silence(message, lan, asking, NO_ROOM, now)
    if lan.anomalies.spend(now):
        lan.full = True
        told = PoolEmpty(lan.name, message.chaddr.hex(":"), *lan.pool.filling())
        silence.events = (told, *silence.events)
    return silence


def _request(message: Message, lan: Lan, asking: Firmware, now: float) -> Answer:
    mac, key = _identity(message, asking)
    boot = asking is not ORDINARY
    chosen = message.options.get(SERVER_ID)
    if chosen is not None and chosen != lan.server_id and chosen != override(message):
        lan.pool.withdraw(mac, key, now, boot=boot)
        why = f"it chose another server ({text(int.from_bytes(chosen[:4], 'big'))})"
        nothing = Nothing(why, Unanswered.OTHER_SERVER_CHOSEN)
        return _silence(message, lan, asking, nothing, now)
    wanted = message.wanted or message.ciaddr
    if not wanted:
        return _silence(message, lan, asking, NO_ADDRESS, now)
    if chosen is None and lan.beside_others and not _known(message, lan, asking, now):
        return _silence(message, lan, asking, NOT_OURS, now)
    if not lan.holds(wanted):
        return _refuse(message, lan, asking, wanted, "it belongs to another network.", now)
    lease = lan.pool.claim(wanted, mac, key, now, boot=boot)
    if lease is None:
        return _refuse(message, lan, asking, wanted, _why(lan, wanted, mac), now)
    lasts = BOOT_LEASE_SECONDS if boot else lan.lasts(lease, now)
    lan.pool.confirm(lease, lasts, now, boot=boot)
    if not NAMES.isdisjoint(message.options):
        lease.hostname = said_name(message.options) or lease.hostname
    if not boot:
        lease.vendor = said_vendor(message.options)
        lease.asked = message.options.get(WANTED_OPTIONS, b"")[:ASKED_LONGEST]
        return plain(message, lan, ACK, lease.address, lasts, lease)
    return _boot(message, lan, asking, ACK, lease, now)


def _known(message: Message, lan: Lan, asking: Firmware, now: float) -> bool:
    boot = asking is not ORDINARY
    return lan.pool.find(*_identity(message, asking), now, boot=boot) is not None


def _why(lan: Lan, wanted: int, mac: bytes) -> str:
    own = lan.pool.reserved.get(mac)
    if own is not None and own != wanted:
        return f"{text(own)} is reserved for it."
    if not lan.pool.fits(wanted, mac):
        return "it is reserved for another device or outside the pool."
    holder = lan.pool.leases.get(wanted)
    if holder is not None and holder.mac != mac:
        return "another device has it."
    return "it has another one."


def _refuse(
    message: Message, lan: Lan, asking: Firmware, wanted: int, why: str, now: float
) -> Reply:
    """A DHCPNAK: the client starts again at once instead of using an address it must not."""
    options = [
        (MESSAGE_TYPE, bytes((NAK,))),
        (SERVER_ID, override(message) or lan.server_id),
        (MESSAGE, why.encode()),
    ]
    options += [(code, message.options[code]) for code in EXTRAS if code in message.options]
    data = encode(
        op=2,
        xid=message.xid,
        chaddr=message.chaddr,
        htype=message.htype,
        hops=message.hops,
        flags=message.flags | BROADCAST_FLAG if message.giaddr else message.flags,
        giaddr=message.giaddr,
        options=options,
    )
    said = f"it asked for {text(wanted)}: {why}"
    told = booting.untold(message, lan, asking, Nothing(said, Unanswered.ADDRESS_REFUSED), now)
    if lan.anomalies.spend(now):
        told = (LeaseRefused(lan.name, message.chaddr.hex(":"), text(wanted), why), *told)
    where = delivery(message, refused=True)
    return Reply(data, where, message.giaddr, message.chaddr, NAK, events=told)


def _release(message: Message, lan: Lan, asking: Firmware, now: float) -> Answer:
    """Only the holder gives an address back; nothing is answered."""
    lease = _own(message, lan, asking, message.ciaddr, now)
    if lease is None or lease.state != BOUND:
        return Silence("it gives back what it does not have")
    lan.pool.release(lease, now)
    return Silence("the address was given back", lease)


def _decline(message: Message, lan: Lan, asking: Firmware, now: float) -> Answer:
    """Believed only about the address that this very client was given (or it empties the pool)."""
    lease = _own(message, lan, asking, message.wanted, now)
    if lease is None:
        return Silence("it declines what it was not offered")
    lan.pool.decline(lease, now)
    told = (LeaseDeclined(lan.name, message.chaddr.hex(":"), text(lease.address)),)
    return Silence("the address rests", lease, told)


def _own(message: Message, lan: Lan, asking: Firmware, address: int, now: float) -> Lease | None:
    """The lease on `address` if it is this client's and the message is meant for us."""
    chosen = message.options.get(SERVER_ID)
    if chosen is not None and chosen not in lan.server_ids and chosen != override(message):
        return None
    mac, key = _identity(message, asking)
    lease = lan.pool.find(mac, key, now, boot=asking is not ORDINARY)
    ours = lease is not None and lease.address == address and lease.mac == mac
    return lease if ours and address else None


def _inform(message: Message, lan: Lan, asking: Firmware, now: float) -> Answer:
    """A client with an address of its own wants to know the rest (RFC 2131 §4.3.5)."""
    if not message.ciaddr:
        return Silence("it informs us without an address")
    options = lan.inform_options(ACK)
    events: tuple[Event, ...] = ()
    fields: Recipe | Nothing | None = None
    if asking is not ORDINARY:
        fields = booting.chosen(message, lan, asking, now)
        events = booting.told(
            message, lan, asking, fields, stages=("inform", "ack"), address=message.ciaddr, now=now
        )
    data = full(message, lan, options, fields, yiaddr=0, ciaddr=message.ciaddr)
    where = delivery(message)
    address = message.giaddr or message.ciaddr
    return Reply(data, where, address, message.chaddr, ACK, events=events)


def _boot(
    message: Message, lan: Lan, asking: Firmware, kind: int, lease: Lease, now: float
) -> Reply:
    fields = booting.chosen(message, lan, asking, now)
    options = lan.lease_options(kind, BOOT_LEASE_SECONDS, boot=True)
    data = full(message, lan, options, fields, yiaddr=lease.address)
    stages = ("request", "ack") if kind == ACK else ("discover", "offer")
    events = booting.told(
        message, lan, asking, fields, stages=stages, address=lease.address, now=now
    )
    if kind == ACK and isinstance(fields, Recipe):
        events += booting.handed(message, lan, asking, fields, now)
    where = delivery(message, booting=True, unicast=lan.has(message.chaddr, UNICAST))
    address = message.giaddr or message.ciaddr or lease.address
    confirmed = lease if kind == ACK else None
    reply = Reply(data, where, address, message.chaddr, kind, confirmed, events)
    reply.late = kind == OFFER and lan.has(message.chaddr, LATE)
    return reply


WORK: Final[Mapping[int, Callable[[Message, Lan, Firmware, float], Answer]]] = {
    DISCOVER: _discover,
    REQUEST: _request,
    RELEASE: _release,
    DECLINE: _decline,
    INFORM: _inform,
}
