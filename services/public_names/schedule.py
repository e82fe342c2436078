"""When a name is published: at once when its address changed, and never without need.

Need is: the owner said something new, the router has another address than the server took last, or
nothing was said for so long that services forget names.  A server that was not reached is tried
again after 3 s (the address is there before the route), then twice as long each time, an hour at
most; one that has trouble of its own is left alone for half an hour at least.  Times are Unix
seconds of a clock that is believed: while it is not, nothing is tried, because certificates and
signatures have dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from appliance.model.public_names import PublicName
from appliance.store.public_names import Outcome, Record
from services.public_names.address import hindrance
from services.public_names.verdict import Then, Verdict

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 3.0, 3_600.0
LATER_SECONDS = 1_800.0
LEAST_PAUSE: Mapping[Then, float] = {Then.AGAIN: 60.0, Then.LATER: LATER_SECONDS}
"""After an answer, for its server is there and cannot do it."""
LEAST_SECONDS = 10.0
"""Between two tries for another address, however often it changes."""
ALARM_FAILURES = 6
"""So many in a row, a minute and a half at least, are worth telling: a hiccup is not."""
JITTER = 0.2
"""Of a pause: routers that failed together do not come back together."""
DAY_SECONDS = 86_400.0
UNTRUSTED = (
    "This router does not know the time yet, so certificates and signatures cannot be checked. "
    "It goes on by itself once a time server answered."
)
OFF = "No port is the internet’s yet, so there is no address to publish."
SEEN_THERE = "the address that the service sees"
NO_ADDRESS = "There is no address of this kind yet; it goes on by itself once there is one."


@dataclass(frozen=True, slots=True)
class Found:
    """The router at this moment: its addresses as text, "" for none."""

    v4: str = ""
    v6: str = ""
    online: bool = False
    why: str = ""  # why it is not online
    trusted: bool = True  # is the clock to be believed?


@dataclass(frozen=True, slots=True)
class Send:
    """Publish these now; "" leaves a family as it is, for which `note` may have the reason."""

    v4: str
    v6: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing now; `waits` is why, where it is not the last try that decided."""

    waits: str = ""
    hidden: bool = False


def decide(name: PublicName, record: Record, found: Found, now: float) -> Send | Rest:
    """What is to be done about a name."""
    if not found.trusted:
        return Rest(UNTRUSTED)
    if not found.online:
        return Rest(f"There is no internet: {found.why}" if found.why else OFF)
    send, why = _addresses(name, found)
    if send is None:
        return Rest(why or NO_ADDRESS, hidden=bool(why))
    return send if _is_due(name, record, send, now) else Rest()


def _addresses(name: PublicName, found: Found) -> tuple[Send | None, str]:
    """What would be published; None and why not."""
    v4, v6 = found.v4 if name.ipv4 else "", found.v6 if name.ipv6 else ""
    why = hindrance(IPv4Address(v4)) if v4 and not name.seen else ""
    if why:
        v4 = ""
    return (Send(v4, v6, why), why) if v4 or v6 else (None, why)


def _is_due(name: PublicName, record: Record, send: Send, now: float) -> bool:
    if record.outcome is Outcome.NEW or record.set_at != name.set_at:
        return True
    if record.outcome is Outcome.STOPPED:
        return False
    ahead = record.next_at - now
    over = not 0 < ahead <= max(LONGEST_RETRY_SECONDS, name.refresh_seconds) * (1 + JITTER)
    if record.outcome is Outcome.FAILED:
        moved = not record.held and record.tried != _text(send)
    else:
        moved = _changed(record, send)
    return over or (moved and not 0 <= now - record.tried_at < LEAST_SECONDS)


def _changed(record: Record, send: Send) -> bool:
    """Is there another address than the server took?  One that went away leaves the name as it
    is."""
    return bool(send.v4 and send.v4 != record.v4) or bool(send.v6 and send.v6 != record.v6)


def tried(
    name: PublicName, record: Record, send: Send, verdict: Verdict, now: float, dice: float
) -> Record:
    """What is known after a try; `dice` is from 0 to 1.

    What another server took before the owner said something new is not known of this one.
    """
    same = record if record.set_at == name.set_at else Record(alarmed=record.alarmed)
    known = replace(
        same,
        name=name.name,
        said=f"{verdict.what} {send.note}".strip(),
        tried_at=now,
        tried=_text(send),
        set_at=name.set_at,
        held=verdict.then is Then.LATER,
        waits="",
        hidden=False,
    )
    if verdict.then is Then.PUBLISHED:
        return replace(
            known,
            outcome=Outcome.PUBLISHED,
            v4=send.v4 or same.v4,
            v6=send.v6 or same.v6,
            told=verdict.address or (SEEN_THERE if name.seen else ""),
            published_at=now,
            next_at=now + name.refresh_seconds * (1 - JITTER * dice),
            failures=0,
        )
    if verdict.then is Then.STOP:
        return replace(known, outcome=Outcome.STOPPED, next_at=0.0)
    failures = same.failures + 1
    pause = _pause(failures, verdict.then) * (1 + JITTER * dice)
    return replace(known, outcome=Outcome.FAILED, failures=failures, next_at=now + pause)


def alarm(record: Record) -> str:
    """What is worth telling the owner, "" for nothing."""
    if record.hidden:
        return record.waits
    if record.outcome is Outcome.STOPPED:
        return record.said
    return record.said if record.failures >= ALARM_FAILURES else ""


def _pause(failures: int, then: Then) -> float:
    pause = min(FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 12), LONGEST_RETRY_SECONDS)
    return max(pause, LEAST_PAUSE.get(then, 0.0))


def _text(send: Send) -> str:
    return f"{send.v4} {send.v6}".strip()
