"""DOOR: has fingerprints signed, by a process of its own, with the key in the role's secrets.

The key is made at the first call.  Nobody but the role's user reads it (0600).
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Unreachable
from appliance.store.secrets.open import Secrets

FILE = "cache-key"
SIGNING_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Signed:
    """The public key, `name:base64`, and signatures in the order of what was asked."""

    public: str
    signatures: tuple[str, ...]


async def sign(secrets: Secrets, fingerprints: Sequence[str]) -> Signed:
    """Sign.  Raises Unreachable, or OSError when a new key cannot be stored."""
    key = secrets.read(FILE)
    asked = {"key": key.decode().strip() if key else None, "fingerprints": [*fingerprints]}
    made = json.loads(await _answer(json.dumps(asked).encode()))
    if key is None:
        secrets.write(FILE, f"{made['key']}\n".encode())
    return Signed(made["public"], tuple(made["signatures"]))


async def _answer(asked: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.nix.signing"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    try:
        async with asyncio.timeout(SIGNING_SECONDS):
            out, err = await process.communicate(asked)
    except TimeoutError:
        raise Unreachable("Signing for the binary cache took too long.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        why = err.decode(errors="replace").strip().rpartition("\n")[2]
        raise Unreachable(
            f"The key of the binary cache cannot be used ({why}). Take away "
            f"secrets/build/{FILE}, and a new one is made."
        )
    return out
