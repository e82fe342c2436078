"""The bytes around a file that make it a cpio archive, read by the real cpio."""

import subprocess

import pytest

from services.nix import cpio


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 4096])
def test_what_is_written_unpacks_to_the_same_bytes(size: int, tmp_path: object) -> None:
    content = bytes(range(256)) * 17
    content = content[:size]
    archive = cpio.header("nix-store.squashfs", size) + content + cpio.padding(size)
    done = subprocess.run(
        ["cpio", "-i", "--to-stdout", "--quiet"],
        input=archive + cpio.trailer(),
        capture_output=True,
        check=True,
        cwd=str(tmp_path),
    )
    assert done.stdout == content


def test_an_archive_part_ends_at_a_multiple_of_four() -> None:
    assert len(cpio.header("nix-store.squashfs", 7)) % 4 == 0
    assert len(cpio.trailer()) % 4 == 0


def test_a_file_of_four_gibibytes_is_refused() -> None:
    with pytest.raises(ValueError, match="4 GiB"):
        cpio.header("nix-store.squashfs", 1 << 32)
