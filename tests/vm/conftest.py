"""One lab for the whole session: hosts are built once, each test switches its own machine on."""

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.standing import CHECKOUT, INSTALLED, standing
from tests.vm.lab import SAMPLE, Workshop, furnished

HOSTS = {
    "native": ("crucible", False),
    "adapted": ("archive", False),
    "installer": ("keystone", False),
    "special": ("switchyard", False),
    "unwatched": ("anvil", True),
}
"""What the tests call a host: (its name in the sample, served as built)."""


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    with standing("vm", shelf()) as router:
        yield furnished(router, HOSTS)


def shelf() -> Path:
    """Where the store is kept: another place when the sample, our adapter or Nix change."""
    told = hashlib.sha256()
    for path in (
        *sorted((CHECKOUT / "services/nix/adapter").iterdir()),
        INSTALLED / "nix/usr/bin/nix",
    ):
        told.update(path.read_bytes())
    head = ["git", "-c", "safe.directory=*", "-C", str(SAMPLE), "rev-parse", "HEAD"]
    told.update(subprocess.run(head, capture_output=True, check=True).stdout)
    return INSTALLED / "cache/stores" / told.hexdigest()[:16]
