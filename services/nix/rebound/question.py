"""A question about a name to our own resolver, and whether it says that the name leads home.

RFC 1035 §4.1, RFC 6891 §6.1.2; the reason is an option of the answer (RFC 8914 §4).
"""

import struct
from collections.abc import Iterator

from appliance.model.foreign_names import LEADS_HOME

KINDS = (1, 28)
"""A and AAAA."""
HEADER = struct.Struct("!6H")
RECURSE = 0x0100
OPT = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
REASON = struct.pack("!3H", 15, 2, LEADS_HOME)
NXDOMAIN = 3


def questions(name: str) -> Iterator[bytes]:
    """The messages that ask for the addresses of `name`; none when it is no name."""
    try:
        labels = [one.encode("idna") for one in name.rstrip(".").split(".")]
    except UnicodeError:
        return
    wire = b"".join(bytes([len(one) % 64]) + one for one in labels) + b"\0"
    if all(0 < len(one) < 64 for one in labels) and len(wire) < 256:
        for kind in KINDS:
            head = HEADER.pack(kind, RECURSE, 1, 0, 0, 1)
            yield head + wire + struct.pack("!HH", kind, 1) + OPT


def leads_home(question: bytes, said: bytes) -> bool:
    """Does the answer to `question` say so?"""
    if len(said) < HEADER.size or said[:2] != question[:2]:
        return False
    flags = HEADER.unpack_from(said)[1]
    return flags & 15 == NXDOMAIN and said.endswith(REASON)
