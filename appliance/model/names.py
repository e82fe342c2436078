"""Constrained words: MAC addresses, host and network names, ids."""

import re

NETWORK_NAME = re.compile(r"[a-z][a-z0-9-]{0,14}")
MACHINE_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123 §2.1 label, lower case
HOST_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_'.-]{0,127}")  # an attribute name in a flake
MAC_TEXT = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
SLOT_TEXT = re.compile(
    r"pci-[0-9A-Za-z:.,_+@-]{12,120}|platform-[0-9A-Za-z:.,_+@-]{7,120}"
)  # udev's ID_PATH; longer than any interface's name


def mac_text(raw: bytes) -> str:
    """Write a hardware address the way Nixie stores it.

    >>> mac_text(bytes.fromhex("525400AB0001"))
    '52:54:00:ab:00:01'
    """
    return raw.hex(":")


def mac_from(text: str) -> str:
    """Read a MAC in any common notation; raises ValueError with a sentence.

    >>> mac_from("52-54-00-AB-00-01"), mac_from("5254.00ab.0001")
    ('52:54:00:ab:00:01', '52:54:00:ab:00:01')
    """
    digits = re.sub(r"[:.\- ]", "", text.strip()).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits):
        raise ValueError(f"{text!r} is not a MAC address; write it like 52:54:00:12:34:56")
    return ":".join(digits[n : n + 2] for n in range(0, 12, 2))


def mac_hyphens(mac: str) -> str:
    """The form iPXE calls hexhyp, used in URLs."""
    return mac.replace(":", "-")


def uuid7(at: float, entropy: bytes) -> str:
    """A time-ordered id (RFC 9562 §5.7); `at` is Unix seconds, `entropy` 10 random bytes.

    >>> uuid7(1_700_000_000.0, bytes(10))
    '018bcfe5-6800-7000-8000-000000000000'
    """
    value = (int(at * 1000) & ((1 << 48) - 1)) << 80 | int.from_bytes(entropy[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
