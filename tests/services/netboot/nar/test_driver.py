"""Archives, byte for byte as real Nix makes them where it is here; ranges, memory, odd trees."""

import os
import random
import subprocess
from io import FileIO
from pathlib import Path

import pytest

from services.netboot.files import Piece
from services.netboot.nar import driver
from services.netboot.nar.driver import archive, cut, gathered

NIX_STORE = Path(os.environ.get("NIXIE_HOME", "/opt/nixie")) / "nix/usr/bin/nix-store"


def tree(folder: Path) -> Path:
    """One of everything: small, empty, large, executable, links, names in odd orders."""
    root = folder / "tree"
    (root / "deep/er").mkdir(parents=True)
    (root / "empty-folder").mkdir()
    for name in ("b", "B", "a.b", "a", "a-b", "\N{LATIN SMALL LETTER E WITH ACUTE}", "zz"):
        (root / name).write_text(name * 9)
    (root / os.fsdecode(b"not-utf8-\xff")).write_bytes(b"x")
    (root / "empty").touch()
    (root / "run").write_text("#!/bin/sh\n")
    (root / "run").chmod(0o555)
    (root / "deep/er/large").write_bytes(bytes(range(256)) * 1_000)
    (root / "deep/dangling").symlink_to("/nowhere/at/all")
    (root / "deep/out").symlink_to("/etc/passwd")
    for number in range(300):
        (root / "deep" / f"{number}").write_bytes(b"y" * number)
    return root


def content(piece: Piece | bytes, file: FileIO | None) -> bytes:
    if isinstance(piece, bytes):
        return piece
    assert file is not None
    return os.pread(file.fileno(), piece.count, piece.offset)


def sent(root: Path, start: int = 0, stop: int = 1 << 62) -> bytes:
    """What a client gets."""
    run = gathered(cut(archive(str(root)), start, stop))
    return b"".join(content(piece, file) for piece, file in run)


@pytest.mark.skipif(not NIX_STORE.exists(), reason="nix is not unpacked here")
@pytest.mark.parametrize("below", ["", "run", "empty", "empty-folder", "deep/out", "deep/er/large"])
def test_an_archive_is_the_one_that_nix_makes(tmp_path: Path, below: str) -> None:
    root = tree(tmp_path) / below
    done = subprocess.run([NIX_STORE, "--dump", root], capture_output=True, check=True)
    assert sent(root) == done.stdout


def test_any_range_is_those_bytes(tmp_path: Path) -> None:
    root = tree(tmp_path)
    whole, dice = sent(root), random.Random(4)
    for _ in range(60):
        start = dice.randrange(len(whole))
        stop = start + dice.randrange(1, dice.choice([10, 3_000, len(whole)]))
        assert sent(root, start, stop) == whole[start:stop]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    assert b"root:" not in sent(tree(tmp_path))


def test_a_large_file_is_left_to_the_kernel(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(driver.SMALL_BYTES + 1))
    run = list(gathered(archive(str(tmp_path / "large"))))
    assert [file is None for _, file in run] == [True, False, True]


def test_small_files_are_joined_up_to_a_bound(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number}").write_bytes(bytes(20_000))
    sizes = [
        len(piece) for piece, _ in gathered(archive(str(tmp_path))) if isinstance(piece, bytes)
    ]
    assert len(sizes) < 40
    assert max(sizes) < driver.GATHERED_BYTES + driver.SMALL_BYTES


def test_who_skips_a_large_tree_lets_others_have_their_turn(tmp_path: Path) -> None:
    root = tree(tmp_path)
    size = len(sent(root))
    first = next(iter(gathered(cut(archive(str(root)), size - 8, size))))
    assert first == (b"", None)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no file, link or directory"):
        sent(tmp_path)


def test_a_file_that_became_a_link_meanwhile_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("x")
    parts = list(archive(str(tmp_path / "one")))
    (tmp_path / "one").unlink()
    (tmp_path / "one").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        list(gathered(parts))
