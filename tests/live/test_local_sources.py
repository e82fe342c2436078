"""Sources in directories of the router, and what of the router stands in the way of fetching."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.git_server import commit, serving
from tests.live.nix_place import NIX, Place, place
from tests.live.test_nix import archive, flake

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

FETCH = 61111


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def outside(here: Place, name: str) -> Path:
    """A flake that everybody may read, beside the allowed directory."""
    folder = here.flake(f"../{name}", flake("ember"))
    commit(folder.resolve())
    return folder.resolve()


@pytest.mark.parametrize("scheme", ["git+file", "path"])
def test_a_link_out_of_the_allowed_directory_is_not_followed(here: Place, scheme: str) -> None:
    folder = outside(here, f"others-{scheme[:3]}")
    link = here.flakes / f"mid-{scheme[:3]}"
    link.symlink_to(folder.parent)
    row = here.settled(here.add(f"{scheme}:{link}/{folder.name}"))
    assert (row.state, row.what) == (
        "unreadable",
        f"{link}/{folder.name} leads to {folder}, which is not below a directory that you allowed. "
        "Allow that one under Sources, Local directories, or put the flake itself where the link "
        "is.",
    )


def test_a_directory_that_became_a_link_is_not_followed(here: Place) -> None:
    folder = here.flake("once-plain", flake("ember"))
    source = here.add(f"path:{folder}")
    assert here.settled(source).state == "ready"
    folder.rename(here.flakes / "moved-aside")
    folder.symlink_to(outside(here, "others-later"))
    assert "leads to" in here.refresh(source)


@pytest.mark.parametrize("scheme", ["git+file", "path"])
def test_a_link_inside_the_allowed_directory_is_followed(here: Place, scheme: str) -> None:
    folder = here.flake(f"releases/{scheme[:3]} 2", flake("ember"))
    commit(folder)
    (here.flakes / f"current-{scheme[:3]}").symlink_to(folder)
    row = here.settled(here.add(f"{scheme}:{here.flakes}/current-{scheme[:3]}"))
    assert (row.state, row.what) == ("ready", "")


def give(path: Path, uid: int) -> None:
    """What `setfacl -m u:UID:rX` does; acl(5), its attribute as the kernel takes it."""
    owner, user, group, mask, other = 1, 2, 4, 16, 32
    right = 5 if path.is_dir() else 4
    entries = [(owner, 6 | right, -1), (user, right, uid), (group, 0, -1)]
    entries += [(mask, right, -1), (other, 0, -1)]
    packed = b"".join(struct.pack("<HHi", *entry) for entry in entries)
    os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + packed)


@pytest.mark.parametrize("scheme", ["git+file", "path"])
def test_a_closed_directory_is_opened_to_the_fetching_user_alone(here: Place, scheme: str) -> None:
    folder = here.flake(f"closed-{scheme[:3]}", flake("ember"))
    commit(folder)
    every = [folder, *folder.rglob("*")]
    for one in every:
        one.chmod(0o700 if one.is_dir() else 0o600)
    source = here.add(f"{scheme}:{folder}")
    row = here.settled(source)
    assert (row.state, row.what) == (
        "unreadable",
        "This source has files that the user nixie-fetch (61111) may not read. Let that user read "
        f"them, and nobody else: setfacl -R -m u:61111:rX {folder}, and u:61111:x for closed "
        "folders above it.",
    )
    for one in every:
        give(one, FETCH)
    here.refresh(source)
    found = here.settled(source)
    assert (found.state, found.what) == ("ready", "")


def test_a_source_that_fills_the_disk_is_no_bad_archive() -> None:
    with (
        place(store_bytes=24 << 20, min_free=0, max_free=0) as made,
        serving(made.flakes) as server,
    ):
        folder = made.flake("wide", {**flake("ember"), "wide": os.urandom(40 << 20)})
        archive(folder, made.flakes / "wide.tar.gz")
        row = made.settled(made.add(f"http://{server}/wide.tar.gz"))
        assert row.state == "unreadable"
        assert "disk of the store is full" in row.what or row.what == (  # by us, or by Nix before
            "The router's disk is full. Make room on it or give it more, then look again."
        )
