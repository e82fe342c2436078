"""Binary caches: what they have is not built, and what they do not give is."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.bad_place import refusing
from tests.live.cache_place import files
from tests.live.git_server import serving
from tests.live.nix_place import NIX, Place, place
from tests.live.test_nix import flake
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

STRANGER = f"stranger-1:{'A' * 43}="
HOST = flake("slow", stamp="cache")
HOST["flake.nix"] = str(HOST["flake.nix"]).replace("b sleep 300; echo > $out", "echo x > $out")


def key(folder: Path) -> str:
    """A fresh pair: the secret one in `folder`, the public one as text."""
    words = [str(NIX), "--extra-experimental-features", "nix-command", "key"]
    secret = subprocess.run(
        [*words, "generate-secret", "--key-name", "lan-1"], capture_output=True, check=True
    ).stdout
    (folder / "secret").write_bytes(secret)
    done = subprocess.run(
        [*words, "convert-secret-to-public"], input=secret, capture_output=True, check=True
    )
    return done.stdout.decode()


@pytest.fixture(scope="module")
def shelf() -> Iterator[tuple[Path, str]]:
    """A cache that has everything of HOST, as files, and its key."""
    with place() as made:
        source = made.add(f"path:{made.flake('cached', HOST)}")
        row = made.built(f"{source}/slow")
        assert row.state == "built", row.what
        assert "squashfs-slow> begun" in made.log(row)
        public = key(made.folder)
        roots = sorted(made.store.roots.glob("builds/*/out*"))
        target = f"file://{made.flakes}/cache?secret-key={made.folder}/secret"
        made.client("nix", "copy", "--to", target, *(os.readlink(root) for root in roots))
        yield made.flakes, public


@pytest.fixture(scope="module")
def cache(shelf: tuple[Path, str]) -> Iterator[tuple[str, str]]:
    """The address of that cache, and its key."""
    with serving(shelf[0]) as server:
        yield f"http://{server}/cache", shelf[1]


def log_of_a_build(made: Place) -> str:
    source = made.add(f"path:{made.flake('again', HOST)}")
    row = made.built(f"{source}/slow")
    assert row.state == "built", row.what
    return made.log(row)


def test_what_a_cache_has_is_not_built(cache: tuple[str, str]) -> None:
    with place(asked="=".join(cache)) as made:
        assert "begun" not in log_of_a_build(made)


def test_what_a_stranger_signed_is_built(cache: tuple[str, str]) -> None:
    with place(asked=f"{cache[0]}={STRANGER}") as made:
        assert "squashfs-slow> begun" in log_of_a_build(made)


def test_a_dead_cache_beside_a_good_one_is_not_asked(cache: tuple[str, str]) -> None:
    with place(asked=f"http://127.0.0.1:9={STRANGER} {'='.join(cache)}") as made:
        log = log_of_a_build(made)
        assert "begun" not in log
        assert "127.0.0.1:9" not in log


def test_without_any_cache_that_answers_it_is_built() -> None:
    with place(asked=f"http://127.0.0.1:9={STRANGER}") as made:
        assert "squashfs-slow> begun" in log_of_a_build(made)


def test_a_cache_in_trouble_stops_no_build() -> None:
    with refusing() as server, place(asked=f"http://{server}/503={STRANGER}") as made:
        assert "squashfs-slow> begun" in log_of_a_build(made)


@pytest.mark.parametrize("others", [False, True], ids=["alone", "beside a good one"])
def test_a_network_that_is_cut_in_the_middle_of_an_archive_stops_no_build(
    shelf: tuple[Path, str], others: bool
) -> None:
    """Nothing comes any more and nobody says so: a time without one byte is the end of it."""
    folder, public = shelf
    with files(folder, cuts=True) as (cut, asked), files(folder) as (good, _):
        caches = [cut, good] if others else [cut]
        named = " ".join(f"http://{one}/cache={public}" for one in caches)
        with place(asked=named, stalled_seconds=5) as made:
            log = log_of_a_build(made)
    assert any("/nar/" in path for path in asked)
    assert log.count(f"http://{cut}/cache broke off in the middle of an archive") == 1
    assert ("squashfs-slow> begun" in log) is not others


# ── room on the disk ──────────────────────────────────────────────────────────────────────────────


def large(stamp: str, megabytes: int) -> dict[str, str | bytes]:
    """A flake whose host has a store of that size."""
    files = flake("slow", stamp=stamp)
    files["flake.nix"] = str(files["flake.nix"]).replace(
        "echo begun; b sleep 300; echo > $out",
        f"echo begun {stamp}; b dd if=/dev/zero of=$out bs=1M count={megabytes}",
    )
    return files


def test_what_does_not_fit_on_the_disk_is_not_fetched() -> None:
    with place() as giver:
        source = giver.add(f"path:{giver.flake('large', large('1', 40))}")
        assert giver.built(f"{source}/slow").state == "built"
        public = key(giver.folder)
        roots = sorted(giver.store.roots.glob("builds/*/out*"))
        target = f"file://{giver.flakes}/cache?secret-key={giver.folder}/secret"
        giver.client("nix", "copy", "--to", target, *(os.readlink(root) for root in roots))
        with (
            serving(giver.flakes) as server,
            place(
                store_bytes=24 << 20,
                min_free=0,
                max_free=0,
                asked=f"http://{server}/cache={public}",
            ) as made,
        ):
            source = made.add(f"path:{made.flake('large', large('1', 40))}")
            row = made.built(f"{source}/slow")
            assert row.state == "failed"
            assert re.fullmatch(
                r"It needs about 40 MiB on the disk of the store \(40 MiB to fetch\), and \d+ MiB "
                r"are free\. Make room on it or give it more, then build again\.",
                row.what,
            )


def test_an_image_like_the_last_one_must_fit_once_more() -> None:
    with place(store_bytes=36 << 20, min_free=0, max_free=0) as made:
        source = made.add(f"path:{made.flake('large', large('1', 20))}")
        host = f"{source}/slow"
        assert made.built(host).state == "built"
        made.flake("large", large("2", 20))
        made.refresh(source)
        until(lambda: len(made.builds(host)) == 2, "a second build")
        row = made.built(host)
        assert row.state == "failed"
        assert "(20 MiB for an image like the last one)" in row.what
        assert "begun" not in made.log(row)


def test_garbage_makes_room_for_a_build() -> None:
    with place(store_bytes=48 << 20, min_free=0, max_free=0) as made:
        source = made.add(f"path:{made.flake('large', large('1', 12))}")
        host = f"{source}/slow"
        assert made.built(host).state == "built"
        litter = made.folder / "litter"
        litter.write_bytes(bytes(22 << 20))
        made.client("nix-store", "--add", str(litter))
        made.flake("large", large("2", 12))
        made.refresh(source)
        until(lambda: len(made.builds(host)) == 2, "a second build")
        assert made.built(host).what == "Generation 2."
