"""The one answer of an NTP server: client and server mode, 48 bytes each (RFC 5905 §7.3).

An answer is never longer than its question, and says before it is synchronised, too, what time the
router has: devices of one network should agree, whatever the hour.
"""

import struct

from services.clock.tracking import OWN_CLOCK, UNSYNCHRONISED, Standing

PACKET = struct.Struct("!BBbbIII8s8s8s8s")
# leap, version, mode; stratum; poll; precision; root delay, dispersion, id; four times
CLIENT, SERVER = 3, 4
VERSIONS = frozenset({1, 2, 3, 4})
LOWEST_STRATUM = 15  # RFC 5905 §7.3: 16 is nobody's
OWN_STRATUM = 10  # far below everybody who knows the time
PRECISION = -20  # a microsecond, as a power of two seconds
EPOCH = 2_208_988_800  # NTP counts from 1900 (RFC 5905 §6)
OWN = Standing(OWN_CLOCK, OWN_STRATUM, 0, 0.0, 0.0, 0.0, 0.0)
"""Nobody but our own clock."""


def answer(question: bytes, standing: Standing | None, received: float, now: float) -> bytes | None:
    """What a client gets; None for what no client sends.

    `received` and `now` are the machine's clock when the question came and when the answer leaves,
    Unix seconds; `standing` is chronyd's, None when it does not run.
    """
    if len(question) < PACKET.size:
        return None
    first, _, poll, *_, asked_at = PACKET.unpack_from(question)
    version, mode = first >> 3 & 7, first & 7
    if mode != CLIENT or version not in VERSIONS:
        return None
    knows = standing if standing and standing.synchronised else OWN
    leap = 0 if knows.leap == UNSYNCHRONISED else knows.leap
    return PACKET.pack(
        leap << 6 | version << 3 | SERVER,
        min(knows.stratum, LOWEST_STRATUM),
        poll,
        PRECISION,
        _short(knows.root_delay),
        _short(knows.root_dispersion),
        knows.source,
        _time(knows.set_at or now),
        asked_at,
        _time(received + knows.slow_by),
        _time(now + knows.slow_by),
    )


def _short(seconds: float) -> int:
    """RFC 5905 §6, NTP short format: 16 bits of seconds, 16 of a fraction."""
    return max(0, min(round(seconds * 65_536), 0xFFFFFFFF))


def _time(seconds: float) -> bytes:
    """RFC 5905 §6, NTP timestamp: it turns over in 2036, and clients know (§6, eras)."""
    return (round((seconds + EPOCH) * (1 << 32)) & (1 << 64) - 1).to_bytes(8)
