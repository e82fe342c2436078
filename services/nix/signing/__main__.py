"""DOOR: signs in a process that ends: `cryptography` takes 8 MB, and is needed a few times a day.

Reads a JSON object, {"key": "name:base64" or null, "fingerprints": […]}, and prints {"key",
"public", "signatures": [base64…]}; without a key it makes one.  The form of keys and signatures is
Nix's own (`nix key generate-secret`, Ed25519).  Keys go through pipes and nowhere else.
"""

import base64
import hashlib
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.nix.narinfo import KEY_NAME_DIGITS

SEED_BYTES = 32


def main() -> None:
    """Answer what stands on standard input."""
    asked = json.load(sys.stdin)
    name, key = _read(asked["key"]) if asked["key"] else _made()
    seed, public = key.private_bytes_raw(), key.public_key().public_bytes_raw()
    json.dump(
        {
            "key": f"{name}:{_base64(seed + public)}",
            "public": f"{name}:{_base64(public)}",
            "signatures": [
                f"{name}:{_base64(key.sign(one.encode()))}" for one in asked["fingerprints"]
            ],
        },
        sys.stdout,
    )


def _made() -> tuple[str, Ed25519PrivateKey]:
    """A key with a name of its own: of two by one name, Nix knows only the last."""
    key = Ed25519PrivateKey.generate()
    digest = hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()
    return f"nixie-{digest[:KEY_NAME_DIGITS]}", key


def _read(text: str) -> tuple[str, Ed25519PrivateKey]:
    name, _, raw = text.partition(":")
    return name, Ed25519PrivateKey.from_private_bytes(base64.b64decode(raw)[:SEED_BYTES])


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


if __name__ == "__main__":
    main()
