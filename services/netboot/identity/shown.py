"""What a machine shows when it asks for its identity, a line each:

nixie-identity 1
salt  32 hexadecimal digits, of its own dice
ssh ssh-ed25519 AAAA…, and sealed …   what its TPM sealed (base64), and the key in that;
key …                                 or, without a TPM, a public key (base64, DER) for the
                                      answer: RSA, made for this boot
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass

from appliance.model.identity import public_of, ssh_key

FIRST = "nixie-identity 1"
LONGEST = 8 << 10  # bytes; a sealed key has some 600
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_SALT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Shown:
    """Either a key that its TPM sealed, or where to send one to."""

    ssh: str = ""
    sealed: str = ""  # base64
    key: bytes = b""  # DER

    @property
    def way(self) -> str:
        """Where its key will lie."""
        return "tpm" if self.sealed else "router"


def shown(body: bytes) -> Shown:
    """Read it.  Raises ValueError with a sentence."""
    first, *lines = body.decode("ascii", "replace").splitlines()
    if first != FIRST:
        raise ValueError(f"this begins with {first!r}, and not with {FIRST!r}")
    said: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(" ")
        said[name] = value
    for name, (checked, what) in _CHECKS.items():
        if name in said and not checked(said[name]):
            raise ValueError(f"its {name} is not {what}")
    if said.keys() == {"salt", "ssh", "sealed"}:
        return Shown(ssh=ssh_key(public_of(said["ssh"])), sealed=said["sealed"])
    if said.keys() == {"salt", "key"}:
        return Shown(key=base64.b64decode(said["key"]))
    raise ValueError("it shows neither a sealed key nor where to send one to")


def _is_ssh(text: str) -> bool:
    try:
        return bool(public_of(text))
    except ValueError:
        return False


_CHECKS: dict[str, tuple[Callable[[str], object], str]] = {
    "salt": (_SALT.fullmatch, "32 hexadecimal digits"),
    "ssh": (_is_ssh, "an Ed25519 SSH key"),
    "sealed": (_BASE64.fullmatch, "base64"),
    "key": (_BASE64.fullmatch, "base64"),
}
