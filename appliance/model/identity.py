"""Who a diskless machine is: its systemd id, and the one Ed25519 key that it is known by.

The key is its SSH host key and, because sops-nix and agenix read that, its age identity.  An SSH
key is written as RFC 4253 §6.6 and RFC 8709 say, its name in DNS as RFC 4255 and RFC 7479; as an
age recipient it is the same point on Curve25519's other form (RFC 7748 §4.1), in Bech32 (BIP 173).

A machine that asks for its identity first binds itself to what it will show, then gets a random
number of ours, then shows it; the code on both screens is made of both.  So nobody in between can
choose what he shows until the codes agree: one try in a million is all he has.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable

ALGORITHM = b"ssh-ed25519"
WAYS = {
    "disk": "on its own disk, in the partition nixie-state",
    "tpm": "sealed by its TPM: the router keeps what only that TPM opens",
    "router": "by the router, which asks you at each start",
}
"""Where a machine's key lies, as a sentence goes on."""

_HEAD = len(ALGORITHM).to_bytes(4, "big") + ALGORITHM + (32).to_bytes(4, "big")
_PRIME = 2**255 - 19
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def machine_id_from(entropy: bytes) -> str:
    """What systemd calls a machine: a version 4 UUID (RFC 9562 §5.4) without its hyphens.

    >>> machine_id_from(bytes(16))
    '00000000000040008000000000000000'
    """
    value = int.from_bytes(entropy[:16], "big")
    value = value & ~(0xF << 76) | 0x4 << 76
    return f"{value & ~(0x3 << 62) | 0x2 << 62:032x}"


def ssh_key(public: bytes) -> str:
    """The line that stands for the 32 bytes of an Ed25519 public key."""
    return f"{ALGORITHM.decode()} {base64.b64encode(_HEAD + public).decode()}"


def public_of(line: str) -> bytes:
    """The 32 bytes that a line stands for.  Raises ValueError when it is no Ed25519 key."""
    words = line.split()
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (IndexError, ValueError):
        blob = b""
    if not blob.startswith(_HEAD) or len(blob) != len(_HEAD) + 32:
        raise ValueError("this is not an Ed25519 SSH key")
    return blob[len(_HEAD) :]


def fingerprint(line: str) -> str:
    """How ssh shows a key: SHA256: and 43 letters."""
    told = hashlib.sha256(_HEAD + public_of(line)).digest()
    return "SHA256:" + base64.b64encode(told).decode().rstrip("=")


def sshfp(name: str, line: str) -> str:
    """The DNS record of a host key: Ed25519 is algorithm 4, SHA-256 is type 2."""
    return f"{name} IN SSHFP 4 2 {hashlib.sha256(_HEAD + public_of(line)).hexdigest()}"


def known_host(names: Iterable[str], line: str) -> str:
    """The line for ssh's known_hosts, as ssh-keyscan would write it."""
    return f"{','.join(names)} {ssh_key(public_of(line))}"


def age_recipient(line: str) -> str:
    """The same key as age writes recipients: for .sops.yaml, and for agenix's secrets.nix.

    >>> age_recipient(ssh_key(bytes.fromhex("58" + "66" * 31)))
    'age1pyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq8r66x'
    """
    y = int.from_bytes(public_of(line), "little") & ((1 << 255) - 1)
    u = (1 + y) * pow(1 - y, -1, _PRIME) % _PRIME
    return bech32("age", u.to_bytes(32, "little"))


def bech32(prefix: str, raw: bytes) -> str:
    """Bytes as letters with a checksum of their own (BIP 173).

    >>> bech32("a", b"")
    'a12uel5l'
    """
    bits = "".join(f"{byte:08b}" for byte in raw)
    bits += "0" * (-len(bits) % 5)
    data = [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    spread = [*(ord(letter) >> 5 for letter in prefix), 0, *(ord(letter) & 31 for letter in prefix)]
    check = _polymod([*spread, *data, *[0] * 6]) ^ 1
    data += [check >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{prefix}1{''.join(_BECH32[one] for one in data)}"


def bound(shown: bytes) -> str:
    """What binds a machine to what it will show."""
    return hashlib.sha256(shown).hexdigest()


def is_bound(shown: bytes, told: str) -> bool:
    """Whether this is what it was bound to."""
    return hmac.compare_digest(bound(shown), told)


def code(shown: bytes, nonce: str) -> str:
    """The six digits on both screens.

    >>> code(b"salt 00", "ff")
    '681312'
    """
    told = hashlib.sha256(shown + nonce.encode()).hexdigest()
    return f"{int(told[:8], 16) % 1_000_000:06d}"


def spaced(digits: str) -> str:
    """A code as people read it.

    >>> spaced("681312")
    '681 312'
    """
    return f"{digits[:3]} {digits[3:]}"


def _polymod(values: Iterable[int]) -> int:
    generators = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
    sum_ = 1
    for value in values:
        top = sum_ >> 25
        sum_ = (sum_ & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(generators):
            sum_ ^= generator if top >> place & 1 else 0
    return sum_
