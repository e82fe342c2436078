"""The broker's verb `file`: one address is downloaded as `fetch`, into the store.

Nix tells the hash of what came; whether it is the right one, the caller knows.
"""

from collections.abc import Mapping
from pathlib import Path

from appliance.errors import Problem, Refused
from appliance.model.files import digest_of, is_url
from services.nix.store import Store
from services.processes.privileges import Job, Limits

GIBIBYTE = 1 << 30
DOWNLOAD = Limits(
    memory_bytes=2 * GIBIBYTE, cpu_seconds=1_800, seconds=14_400.0, output_bytes=16 << 20
)
ATTEMPTS = 5
"""Nix waits longer before each, and goes on where it was when the server can."""


def file(args: Mapping[str, object], store: Store) -> Job:
    """Download `url` to be called `sha256` in the store.  Raises Refused."""
    url, sha256 = str(args.get("url", "")), str(args.get("sha256", ""))
    if not is_url(url):
        raise Refused(Problem(("url",), f"{url!r} is not an address to download from."))
    if not sha256 or digest_of(sha256) != sha256:
        raise Refused(Problem(("sha256",), "A SHA-256 has 64 hexadecimal digits."))
    options = {"connect-timeout": "10", "download-attempts": str(ATTEMPTS)}
    places = (store.conf, store.socket.parent, store.root)
    return Job(
        user="fetch",
        argv=(
            *(str(store.nix), "store", "prefetch-file", "--json", "--log-format", "internal-json"),
            *(word for pair in options.items() for word in ("--option", *pair)),
            *("--hash-type", "sha256", "--name", sha256, url),
        ),
        env={
            **store.environment(str(store.fetch_cache)),
            "TMPDIR": str(store.fetch_cache),  # on the disk: what is downloaded may be large
        },
        network=True,
        limits=DOWNLOAD,
        hidden=(str(store.conf.parent),),
        readable=tuple(str(place) for place in places if place != Path("/")),
        writable=(str(store.fetch_cache),),
    )
