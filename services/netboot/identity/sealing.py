"""A key that goes to one asker: RSA-OAEP (RFC 8017 §7.1) with SHA-256, to a key made for one boot.

Loaded when somebody asks for an identity, for what it imports is large.
"""

import base64

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.model.identity import ssh_key

BITS = 3072, 4096


def asker_key(der: bytes) -> rsa.RSAPublicKey:
    """Read the public key of an asker.  Raises ValueError with a sentence."""
    try:
        key = serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("the key for the answer is not a public key in DER") from None
    if not isinstance(key, rsa.RSAPublicKey) or not BITS[0] <= key.key_size <= BITS[1]:
        raise ValueError(f"the key for the answer is not RSA of {BITS[0]} to {BITS[1]} bits")
    return key


def handed(seed: bytes, der: bytes) -> str:
    """An Ed25519 seed for that asker alone, base64."""
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return base64.b64encode(asker_key(der).encrypt(seed, oaep)).decode()


def ssh_of(seed: bytes) -> str:
    """The public half of a seed, as ssh writes it."""
    return ssh_key(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())
