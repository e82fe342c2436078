"""Binary caches: what they have is not built, and what they do not give is."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.bad_place import refusing
from tests.live.git_server import serving
from tests.live.nix_place import NIX, Place, place
from tests.live.test_nix import flake

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
def cache() -> Iterator[tuple[str, str]]:
    """A cache that has everything of HOST: its address and its key."""
    with place() as made:
        source = made.add(f"path:{made.flake('cached', HOST)}")
        row = made.built(f"{source}/slow")
        assert row.state == "built", row.what
        assert "squashfs-slow> begun" in made.log(row)
        public = key(made.folder)
        roots = sorted(made.store.roots.glob("builds/*/out*"))
        target = f"file://{made.flakes}/cache?secret-key={made.folder}/secret"
        made.client("nix", "copy", "--to", target, *(os.readlink(root) for root in roots))
        with serving(made.flakes) as server:
            yield f"http://{server}/cache", public


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
