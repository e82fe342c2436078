"""Two generations of a host of the sample, with real Nix and mksquashfs: what the second costs."""

import hashlib
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.model.images import Image, Literal, StoreFile
from tests.live.nix_place import HOME, NIX, Place, place

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

DIFFERENT = 5_000_000
COMMON = 12_000_000
PROMISE = 3 * DIFFERENT
SAMPLE = HOME / "sample"


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def sample(here: Place, stamp: int) -> Path:
    """The sample, whose host crucible has a payload of bytes that nothing packs smaller."""
    folder = here.flakes / "sample"
    if not folder.exists():
        shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns(".git"))
        (folder / "common").write_bytes(random.Random(0).randbytes(COMMON))
        host = folder / "hosts/crucible.nix"
        more = "environment.etc = { payload.source = ../payload; common.source = ../common; };"
        host.write_text(host.read_text().replace("networking.", f"{more}\n  networking."))
        flake = folder / "flake.nix"
        kept = [line for line in flake.read_text().splitlines() if " = ./hosts/" not in line
                or "crucible" in line]  # fmt: skip
        flake.write_text("\n".join(kept))
    (folder / "payload").write_bytes(random.Random(stamp).randbytes(DIFFERENT))
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    return folder


def on_disk(here: Place) -> int:
    """Bytes on the disk once the garbage is out."""
    here.collect_garbage()
    counted = [
        "du",
        "-s",
        "--block-size=1",
        here.state / "store/nix/store",
        here.state / "published",
    ]
    told = subprocess.run(counted, capture_output=True, text=True, check=True).stdout
    return sum(int(line.split()[0]) for line in told.splitlines())


def bytes_of(image: Image) -> bytes:
    """What a machine gets of its ramdisk."""
    found = b""
    for one in image.part("initrd").segments:
        if isinstance(one, Literal):
            found += one.content
        else:
            found += Path(one.file).read_bytes()[one.offset : one.offset + one.size]
    return found


def test_a_generation_costs_at_most_three_times_what_is_different(here: Place) -> None:
    source = here.add(f"path:{sample(here, 1)}")
    host = f"{source}/crucible"
    assert here.settled(source).state == "ready"
    first = here.image(str(here.built(host).image))
    before = on_disk(here)

    sample(here, 2)
    here.refresh(source)
    here.until_generation(host, 2)
    second = here.image(here.generations(host)[0].image)
    more = on_disk(here) - before
    print(f"generation 1: {first.size} bytes, generation 2: {more} bytes more on the disk")
    assert DIFFERENT <= more <= PROMISE

    for image in (first, second):
        served = bytes_of(image)
        assert hashlib.sha256(served).hexdigest() == image.part("initrd").sha256
        assert len(served) == image.part("initrd").size
    files = {one.file for one in second.part("initrd").segments if isinstance(one, StoreFile)}
    assert [one for one in files if one.endswith(".pack")] != []
    assert files & {one.file for one in first.part("initrd").segments if isinstance(one, StoreFile)}
