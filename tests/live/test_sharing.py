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
from appliance.model.storage import Choice
from appliance.store.builds import generations
from appliance.store.storages import storage
from tests.live.nix_place import HOME, NIX, Place, place
from tests.live.waiting import until

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
        str(here.state / "store/nix/store"),
        str(here.state / "published"),
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

    def more_than_before() -> int:
        more = on_disk(here) - before
        return more if more <= PROMISE else 0

    more = until(more_than_before, "what is served from elsewhere has gone from the store")
    print(f"generation 1: {first.size} bytes, generation 2: {more} bytes more on the disk")
    assert more >= DIFFERENT

    for image in (first, second):
        served = bytes_of(image)
        assert hashlib.sha256(served).hexdigest() == image.part("initrd").sha256
        assert len(served) == image.part("initrd").size
    taken = files(here, here.generations(host)[0].image)
    assert [one for one in taken if one.endswith(".pack")] != []
    assert taken & files(here, here.generations(host)[1].image)


def test_what_keeping_fewer_frees_counts_what_they_do_not_share(here: Place) -> None:
    """Needs the two generations above."""
    (host,) = {one.host for one in here.look(generations)}
    second = here.generations(host)[0]
    sample(here, 3)
    here.refresh(host.partition("/")[0])
    here.until_generation(host, 3)
    third = here.generations(host)[0]
    packs = {one for one in files(here, second.image) if one.endswith(".pack")}
    (gone,) = packs - files(here, third.image)
    choice = until(lambda: keeping_one(here), "it is weighed")
    size = Path(gone).stat().st_size
    assert size > DIFFERENT
    assert size <= choice.bytes < size + DIFFERENT


def files(here: Place, image: str) -> set[str]:
    """The files that its ramdisk is taken from."""
    segments = here.image(image).part("initrd").segments
    return {one.file for one in segments if isinstance(one, StoreFile)}


def keeping_one(here: Place) -> Choice | None:
    choices = here.look(storage).choices
    return next((one for one in choices if one.keep == 1 and one.generations == 2), None)
