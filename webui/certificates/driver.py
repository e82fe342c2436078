"""DOOR: has the box's certificate in its folder of secrets, made in a process of its own.

The leaf is replaced whole: a disk that is full while it is made leaves the one before, and
`leaf.json`, which says what it is good for.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from appliance.errors import Unreachable
from appliance.store.secrets.open import Secrets

RENEW_DAYS = 30  # before the end
MAKING_SECONDS = 60.0


def certify(secrets: Secrets, names: set[str], now: float) -> bool:
    """Have a leaf for `names`; True when a new one was made.  Raises OSError, Unreachable."""
    good = json.loads(secrets.read("leaf.json") or "{}")
    if names <= set(good.get("names", ())) and now < good.get("renew_at", 0):
        return False
    certificate, key = secrets.read("ca.crt"), secrets.read("ca.key")
    ca = {"certificate": certificate.decode(), "key": key.decode()} if certificate and key else None
    made = _made({"now": now, "names": sorted(names), "ca": ca})
    if ca is None:
        secrets.write("ca.key", made["ca"]["key"].encode())
        secrets.write("ca.crt", made["ca"]["certificate"].encode(), mode=0o644)
    told = {"names": sorted(names), "renew_at": made["ends"] - RENEW_DAYS * 86400}
    secrets.write("next.key", made["leaf"]["key"].encode())
    secrets.write("next.crt", made["leaf"]["certificate"].encode(), mode=0o644)
    secrets.write("next.json", json.dumps(told).encode())
    secrets.remove("leaf.json")  # until both belong together again
    for ending in ("key", "crt", "json"):
        secrets.rename(f"next.{ending}", f"leaf.{ending}")
    return True


def _made(asked: dict[str, Any]) -> dict[str, Any]:
    """What `webui.certificates` answers.  Raises Unreachable."""
    words, place = [sys.executable, "-m", "webui.certificates"], Path(__file__).parents[2]
    text = json.dumps(asked).encode()
    try:
        done = subprocess.run(
            words, input=text, capture_output=True, check=True, cwd=place, timeout=MAKING_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = bytes(getattr(error, "stderr", None) or b"").decode(errors="replace").strip()
        why = said.rpartition("\n")[2] or str(error)
        raise Unreachable(f"The router's certificate could not be made: {why}.") from error
    made: dict[str, Any] = json.loads(done.stdout)
    return made
