"""A router with one large host, and what the tests of thin images do to it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.store.boots import BootRow, StepRow
from tests.live.standing import CHECKOUT, Router, standing
from tests.vm.conftest import shelf
from tests.vm.lab import SAMPLE, Workshop, furnished

FLAKE = CHECKOUT / "tests/flakes/thin"
SMALL = 384  # megabytes, in which the store does not fit inside the ramdisk


@contextmanager
def thin_room() -> Iterator[Workshop]:
    """The router; its host is called large."""
    with standing("thin", shelf()) as router:
        yield furnished(router, {"large": ("warehouse", False)}, warehouse(router))


def warehouse(router: Router) -> Path:
    """The sample's files with another flake.nix, as a repository of one commit."""
    place = router.home / "warehouse"
    shutil.copytree(SAMPLE, place, ignore=shutil.ignore_patterns(".git"))
    shutil.copy(FLAKE / "flake.nix", place)
    shutil.copy(FLAKE / "warehouse.nix", place / "hosts")
    named = ("-c", "user.name=Nixie", "-c", "user.email=lab@nixie.invalid")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "One large host"]):
        subprocess.run(["git", "-C", str(place), *named, *words], check=True)
    subprocess.run(["chmod", "-R", "a+rX", str(place)], check=True)
    return place


@contextmanager
def slow(router: Router, rate: str) -> Iterator[None]:
    """The LAN at a lower rate, so that there is a middle of a download."""
    found = router.inside("ip", "-o", "-4", "addr", "show", "to", "10.77.0.1").stdout
    link = found.split()[1]
    shaped = ("dev", link, "root", "tbf", "rate", rate, "burst", "256k", "latency", "100ms")
    assert router.inside("tc", "qdisc", "replace", *shaped).returncode == 0
    try:
        yield
    finally:
        router.inside("tc", "qdisc", "del", "dev", link, "root")


def arrived(workshop: Workshop, mac: str) -> int:
    row = workshop.boot_of(mac)
    return max([step.bytes or 0 for step in stores(workshop, row)], default=0) if row else 0


def stores(workshop: Workshop, row: BootRow) -> list[StepRow]:
    """The downloads of the store in one boot."""
    return [one for one in workshop.steps_of(row.id) if one.name == "store.squashfs"]
