"""What a client says of itself, made safe: strangers write it, pages and DNS show it."""

import re
from collections.abc import Mapping
from typing import Final

from services.dhcp.options import CLIENT_FQDN, HOST_NAME, VENDOR_CLASS

LABEL: Final = re.compile(rb"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123 §2.1
NAMES: Final = frozenset((HOST_NAME, CLIENT_FQDN))
VENDOR_LONGEST: Final = 60
ENCODED: Final = 0x04  # RFC 4702 §2.1: the E flag, DNS wire form instead of text


def said_name(options: Mapping[int, bytes]) -> str:
    """The first label of option 12, else of option 81, in lower case; "" when it is not a name.

    >>> said_name({12: b"Laptop.example.org"}), said_name({12: b"<script>"})
    ('laptop', '')
    """
    raw = options.get(HOST_NAME) or _fqdn(options.get(CLIENT_FQDN, b""))
    label = raw.partition(b"\0")[0].partition(b".")[0].lower()
    return label.decode() if LABEL.fullmatch(label) else ""


def said_vendor(options: Mapping[int, bytes]) -> str:
    """Option 60 as text; "" when it has none, or one that nobody can read.

    >>> said_vendor({60: b"android-dhcp-14"}), said_vendor({60: bytes([0, 7])})
    ('android-dhcp-14', '')
    """
    raw = options.get(VENDOR_CLASS, b"")[:VENDOR_LONGEST]
    return raw.decode() if raw.isascii() and raw.decode().isprintable() else ""


def _fqdn(value: bytes) -> bytes:
    """Option 81: a byte of flags, two of obsolete codes, then the name."""
    if len(value) < 4:
        return b""
    if value[0] & ENCODED:
        return value[4 : 4 + value[3]]
    return value[3:]
