"""Answers of a name server to updates, signed as RFC 8945 §5.3 has it."""

import struct

from services.dns.wire import TSIG
from services.public_names.tsig import Key

NOW = 1_773_609_247.0
NOBODY = Key("router", "hmac-sha256", b"")


def answer(
    plain: bytes,
    asked_mac: bytes,
    key: Key | None,
    *,
    code: int = 0,
    error: int = 0,
    other: bytes = b"",
) -> bytes:
    """The answer to the update `plain`; without a key and with an error its MAC is empty, without
    both it has no signature."""
    said = plain[:2] + struct.pack("!H", 0xA800 | code) + plain[4:6] + bytes(6)
    said += plain[12 : plain.index(b"\0\6\0\1") + 4]
    if key is None and not error:
        return said
    times = struct.pack("!HIH", 0, int(NOW), 300)
    tail = struct.pack("!HH", error, len(other)) + other
    signer = key or NOBODY
    fields = signer.owner + b"\0\xff\0\0\0\0" + signer.kind + times + tail
    covered = struct.pack("!H", len(asked_mac)) + asked_mac + said + fields
    mac = key.mac(covered) if key else b""
    told = signer.kind + times + struct.pack("!H", len(mac)) + mac + plain[:2] + tail
    record = signer.owner + struct.pack("!HHIH", TSIG, 255, 0, len(told)) + told
    return said[:10] + b"\0\1" + said[12:] + record
