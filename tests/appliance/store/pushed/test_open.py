"""Pieces of pushed hosts, as they come in."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from appliance.model.pushed import Piece
from appliance.store.pushed.open import KEPT_SECONDS, Full, Pieces, arrived, whole

CONTENT = b"a kernel of a few bytes"
PIECE = Piece("/nix/store/x", sha256(CONTENT).hexdigest(), len(CONTENT))


@pytest.fixture
def pieces(tmp_path: Path) -> Pieces:
    (tmp_path / "pushed").mkdir()
    (tmp_path / "published/files").mkdir(parents=True)
    return Pieces(tmp_path)


def test_a_piece_comes_in_steps_and_is_there_whole(pieces: Pieces, tmp_path: Path) -> None:
    assert pieces.add(PIECE, 0, CONTENT[:5]) == 5
    assert pieces.has(PIECE) == 5
    assert pieces.add(PIECE, 5, CONTENT[5:]) == PIECE.size
    assert whole(tmp_path, PIECE.sha256).read_bytes() == CONTENT
    assert pieces.has(PIECE) == PIECE.size


@pytest.mark.parametrize("at", [0, 4, 6])
def test_bytes_that_do_not_follow_are_left(pieces: Pieces, at: int) -> None:
    pieces.add(PIECE, 0, CONTENT[:5])
    assert pieces.add(PIECE, at, b"?") == 5


def test_more_than_was_announced_is_left(pieces: Pieces) -> None:
    assert pieces.add(PIECE, 0, CONTENT + b"?") == 0


def test_bytes_of_another_hash_are_forgotten(pieces: Pieces, tmp_path: Path) -> None:
    assert pieces.add(PIECE, 0, CONTENT[::-1]) == 0
    assert pieces.has(PIECE) == 0
    assert not whole(tmp_path, PIECE.sha256).exists()


def test_what_is_published_need_not_come_again(pieces: Pieces, tmp_path: Path) -> None:
    (tmp_path / "published/files" / PIECE.sha256).write_bytes(CONTENT)
    assert pieces.has(PIECE) == PIECE.size


def test_what_nobody_went_on_with_is_swept(pieces: Pieces, tmp_path: Path) -> None:
    pieces.add(PIECE, 0, CONTENT[:5])
    pieces.sweep()
    assert pieces.has(PIECE) == 5
    (part,) = (tmp_path / "pushed").iterdir()
    old = part.stat().st_mtime - KEPT_SECONDS - 1
    os.utime(part, (old, old))
    pieces.sweep()
    assert pieces.has(PIECE) == 0


@pytest.mark.usefixtures("pieces")
def test_there_is_an_end_to_it(tmp_path: Path) -> None:
    pieces = Pieces(tmp_path, most=30)
    pieces.add(PIECE, 0, CONTENT)
    other = Piece("/nix/store/y", sha256(b"another").hexdigest(), 20)
    with pytest.raises(Full):
        pieces.add(other, 0, b"anot")


def test_what_is_to_be_made_is_read_by_its_id(pieces: Pieces, tmp_path: Path) -> None:
    pieces.leave("p1", {"host": "s1/ember"})
    assert arrived(tmp_path, "p1") == {"host": "s1/ember"}
    with pytest.raises(OSError, match="No such file"):
        arrived(tmp_path, "../published/table")
