"""Boot tokens and phone-home secrets: what a machine may fetch and say during one boot.

A token is in the URL of every part; it belongs to one boot of one (network, MAC), opens the images
chosen in that boot and nothing else, and expires.  The phone-home secret travels on the kernel
command line, which everybody on the machine can read; all it authorises is one message, and to ask
for the machine's identity, which is of use to that machine alone.
Entropy and time are arguments.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import replace

from appliance.store.boots import TokenRow

TOKEN_BYTES = 18
SECRET_BYTES = 18
ENTROPY_BYTES = TOKEN_BYTES + SECRET_BYTES
TOKEN_SECONDS = 4 * 3600.0
"""A machine may sit in its menu for hours; the token is made anew with every script."""

TOKEN = re.compile(r"[A-Za-z0-9_-]{24}")


def opens_for(row: TokenRow, network: str, address: str, mac: str | None, now: float) -> bool:
    """May the client at `address` (whose lease says `mac`, if any) on `network` use it?"""
    if network != row.network or now >= row.expires_at:
        return False
    return address == row.address if mac is None else mac == row.mac


def with_image(row: TokenRow, image: str) -> TokenRow:
    """The same token, opening `image` too."""
    return row if image in row.images else replace(row, images=(*row.images, image))


def grant(
    boot: str, network: str, mac: str, address: str, now: float, entropy: bytes
) -> tuple[TokenRow, str]:
    """A new token that opens nothing yet, and its secret; `entropy` is ENTROPY_BYTES random."""
    if len(entropy) < ENTROPY_BYTES:
        raise ValueError(f"{ENTROPY_BYTES} random bytes are needed, {len(entropy)} given")
    token = _text(entropy[:TOKEN_BYTES])
    secret = _text(entropy[TOKEN_BYTES:ENTROPY_BYTES])
    made = TokenRow(
        token, boot, network, mac, address, (), (), hashed(secret), False, now + TOKEN_SECONDS
    )
    return made, secret


def hashed(secret: str) -> str:
    """How a secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def fits(secret: str, secret_hash: str) -> bool:
    """Is it the secret?  Takes the same time either way."""
    return hmac.compare_digest(hashed(secret), secret_hash)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
