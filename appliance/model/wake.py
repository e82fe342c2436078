"""Waking a machine: the packet, and what came of it.

A network card that stays awake in a machine that is off looks for one thing: six bytes of FF and
then its own MAC sixteen times, anywhere in a frame.  Nobody answers it, so whether it helped is
told by what the machine does next.
"""

from collections.abc import Iterable

WAKE_SECONDS = 180.0
"""Servers test their memory for minutes before they ask for a network."""
STANDS = ("waiting", "asked", "here", "silent")
"""`asked`: it came to the router to boot.  `here`: it was seen, started from something else."""

CAUSES = (
    "Wake on LAN is switched off in its firmware. Look for Wake on LAN, Power on by PCI-E or PME, "
    "and switch off Deep Sleep and ErP, which cut the card off.",
    "It lost its power since it ran last. Many boards wake only after one ordinary shutdown.",
    "Its system switched the card's waking off as it shut down. On Linux: ethtool CARD, "
    "Wake-on: g.",
    "The switch holds the port at a speed that the card does not keep while it is off. Set the "
    "port to automatic.",
    "It has another card, or is plugged in elsewhere: look at its addresses.",
)


def magic(mac: str) -> bytes:
    """The packet for that MAC.

    >>> magic("52:54:00:12:34:56")[:12].hex(), len(magic("52:54:00:12:34:56"))
    ('ffffffffffff525400123456', 102)
    """
    return b"\xff" * 6 + bytes.fromhex(mac.replace(":", "")) * 16


def came(woken_at: float, now: float, asked: Iterable[float], seen: Iterable[float]) -> str:
    """What came of it, one of STANDS: `asked` is when its boots began, `seen` when it was seen."""
    if any(at >= woken_at for at in asked):
        return "asked"
    if any(at > woken_at for at in seen):
        return "here"
    return "silent" if now - woken_at > WAKE_SECONDS else "waiting"
