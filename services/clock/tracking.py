"""What chronyd says of itself: its command protocol, version 6, the one question `tracking`.

Layout: chrony's candm.h.  A question is as long as its answer, so that nobody is flooded by it.
"""

import struct
from dataclasses import dataclass

QUESTION = struct.Struct(
    "!BBBBHHIII84x"
)  # version, type, 2 spare, command, attempt, number, 2 spare
ANSWER = struct.Struct(
    "!BBBBHHH6xI8xI20xHHIIII20xII"
)  # … command, reply, status … number … id, stratum, leap, when (3), correction … delay, dispersion
VERSION, ASKED, ANSWERED = 6, 1, 2
TRACKING, TRACKING_REPLY = 33, 5
OWN_CLOCK = 0x7F7F0101  # 127.127.1.1: nobody but itself (chrony.conf(5), local)
UNSYNCHRONISED = 3  # RFC 5905 §7.3, leap indicator


@dataclass(frozen=True, slots=True)
class Standing:
    """How the clock stands.  Times are seconds; `set_at` is Unix time, `slow_by` what the machine's
    clock is behind what chronyd believes."""

    source: int  # the reference id: an IPv4 address, or a hash of an IPv6 one
    stratum: int
    leap: int
    set_at: float
    slow_by: float
    root_delay: float
    root_dispersion: float

    @property
    def synchronised(self) -> bool:
        """Has an NTP server set the clock?"""
        return self.leap < UNSYNCHRONISED and self.source not in (0, OWN_CLOCK)


def question(number: int) -> bytes:
    """Ask how it stands; `number` comes back in the answer."""
    return QUESTION.pack(VERSION, ASKED, 0, 0, TRACKING, 0, number, 0, 0)


def standing(answer: bytes, number: int) -> Standing | None:
    """What it answered; None when this is no answer to `number`."""
    if len(answer) < ANSWER.size:
        return None
    version, kind, _, _, command, reply, status, echoed, *found = ANSWER.unpack_from(answer)
    told = (version, kind, command, reply, status, echoed)
    if told != (VERSION, ANSWERED, TRACKING, TRACKING_REPLY, 0, number):
        return None
    source, stratum, leap, high, low, nanoseconds, slow_by, delay, dispersion = found
    return Standing(
        source=source,
        stratum=stratum,
        leap=leap,
        set_at=(high << 32 if high < BEYOND else 0) + low + nanoseconds / 1e9,
        slow_by=figure(slow_by),
        root_delay=figure(delay),
        root_dispersion=figure(dispersion),
    )


def synchronised(answer: bytes, number: int) -> bool:
    """Has an NTP server set the clock?  Anything that is no answer to `number` means no."""
    found = standing(answer, number)
    return found is not None and found.synchronised


def figure(word: int) -> float:
    """A number as candm.h writes it: seven bits of exponent, 25 of coefficient, both signed.

    >>> figure(0x04800000), figure(0x05800000)
    (1.0, -1.0)
    """
    exponent, coefficient = word >> COEFFICIENT_BITS, word & ((1 << COEFFICIENT_BITS) - 1)
    if exponent >= 1 << (EXPONENT_BITS - 1):
        exponent -= 1 << EXPONENT_BITS
    if coefficient >= 1 << (COEFFICIENT_BITS - 1):
        coefficient -= 1 << COEFFICIENT_BITS
    return float(coefficient) * 2.0 ** (exponent - COEFFICIENT_BITS)


BEYOND = 0x7FFFFFFF  # TV_NOHIGHSEC: the high word is not known
EXPONENT_BITS, COEFFICIENT_BITS = 7, 25
