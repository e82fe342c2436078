"""What can be known of a device without asking it: who made its card, and what runs on it.

Makers are the registry of the IEEE as set-up compacts it: one line an assignment, hex digits
without separators, a tab, the name; sorted by bytes.  A prefix has 6 digits, or 7 or 9 where the
IEEE cut one into pieces (MA-M, MA-S).
"""

from collections.abc import Mapping
from mmap import mmap
from typing import Final

from appliance.model.devices import changing

DIGITS: Final = (9, 7, 6)
LONGEST: Final = 60  # characters of a name

VENDOR_CLASSES: Mapping[str, str] = {
    "android-dhcp-": "Android",
    "MSFT ": "Windows",
    "dhcpcd-": "Linux",
    "systemd-networkd": "Linux",
    "udhcp": "Embedded Linux",
    "PXEClient": "Network boot",
    "HTTPClient": "Network boot",
    "ubnt": "UniFi",
    "Cisco": "Cisco",
    "HUAWEI:android": "Android",
    "dhcp-cros": "ChromeOS",
    "AAPLBSDPC": "macOS",
    "Hewlett-Packard JetDirect": "HP printer",
    "Mfg=": "Printer",
}
"""How option 60 begins → what runs there."""
ASKED: Mapping[bytes, str] = {
    bytes((1, 121, 3, 6, 15, 108, 114, 119, 252)): "iOS",
    bytes((1, 121, 3, 6, 15, 114, 119, 252)): "iOS",
    bytes((1, 121, 3, 6, 15, 119, 252)): "iOS",
    bytes((1, 121, 3, 6, 15, 114, 119, 252, 95, 44, 46)): "macOS",
    bytes((1, 121, 3, 6, 15, 108, 114, 119, 252, 95, 44, 46)): "macOS",
    bytes((1, 121, 3, 6, 15, 119, 252, 95, 44, 46)): "macOS",
}
"""Option 55 whole → what asks so, where option 60 says nothing."""


def system(vendor_class: str, asked: bytes) -> str:
    """What runs on a client that says this in options 60 and 55; "" when nobody can tell.

    >>> system("android-dhcp-14", b""), system("MSFT 5.0", b""), system("", b"\\x01\\x03")
    ('Android 14', 'Windows', '')
    """
    for begins, name in VENDOR_CLASSES.items():
        if vendor_class.startswith(begins):
            version = vendor_class.removeprefix(begins) if name == "Android" else ""
            return f"Android {version}" if version.isdecimal() and len(version) < 3 else name
    return ASKED.get(asked, "")


def maker(registry: bytes | mmap, mac: str) -> str:
    """Who made the card with that MAC; "" when it made its MAC up, or nobody knows.

    >>> table = b"001B21\\tIntel Corporate\\n70B3D5003\\tARKRAY\\n"
    >>> maker(table, "00:1b:21:aa:bb:cc"), maker(table, "70:b3:d5:00:3f:ff")
    ('Intel Corporate', 'ARKRAY')
    """
    if changing(mac):
        return ""
    digits = mac.replace(":", "").upper()
    for length in DIGITS:
        if name := _found(registry, digits[:length].encode() + b"\t"):
            return name
    return ""


def _found(registry: bytes | mmap, prefix: bytes) -> str:
    """The rest of the line that begins with `prefix`, found by halves."""
    low, high = 0, len(registry)
    while low < high:
        middle = (low + high) // 2
        begins = registry.rfind(b"\n", 0, middle) + 1
        ends = registry.find(b"\n", middle)
        ends = len(registry) if ends < 0 else ends
        line = registry[begins:ends]
        if line.startswith(prefix):
            return line[len(prefix) :].decode(errors="replace")[:LONGEST]
        if line < prefix:
            low = ends + 1
        else:
            high = begins
    return ""
