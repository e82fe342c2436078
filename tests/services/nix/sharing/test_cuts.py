"""Where files are cut, and what is taken from others."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.model.images import StoreFile
from services.nix.sharing.cuts import LEAST, MOST, Piece, packed, pieces, shared

BASE = random.Random(1).randbytes(3_000_000)
MIDDLE = 1_234_567


def rebuilt(segments: tuple[StoreFile, ...], files: dict[str, bytes]) -> bytes:
    return b"".join(files[one.file][one.offset : one.offset + one.size] for one in segments)


def test_every_byte_is_in_one_piece() -> None:
    cut = list(pieces(BASE))
    assert cut[0].start == 0
    assert [one.start + one.size for one in cut] == [*(one.start for one in cut[1:]), len(BASE)]
    assert all(LEAST <= one.size <= MOST for one in cut[:-1])


def test_nothing_has_no_pieces() -> None:
    assert list(pieces(b"")) == []


def test_bytes_without_a_mark_are_cut_all_the_same() -> None:
    assert {one.size for one in pieces(bytes(4 * MOST))} == {MOST}


def test_what_was_put_in_is_all_that_is_new() -> None:
    new = random.Random(2).randbytes(200_000)
    later = BASE[:MIDDLE] + new + BASE[MIDDLE:]
    made = shared(list(pieces(later)), {"/base": list(pieces(BASE))})
    fresh = sum(one.size for one in made.fresh)
    assert len(new) <= fresh <= len(new) + 20 * LEAST
    assert len(made.segments) < 30


@given(st.integers(0, len(BASE)), st.integers(0, 300_000), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_what_is_put_together_is_the_file_again(at: int, size: int, seed: int) -> None:
    later = BASE[:at] + random.Random(seed).randbytes(size) + BASE[min(at + 1_000, len(BASE)) :]
    made = shared(list(pieces(later)), {"/base": list(pieces(BASE))})
    pack = b"".join(later[one.start : one.start + one.size] for one in made.fresh)
    assert rebuilt(packed(made, "/pack"), {"/base": BASE, "/pack": pack}) == later


def test_a_file_of_which_little_would_be_used_is_left_alone() -> None:
    later = BASE[:500_000] + random.Random(3).randbytes(2_000_000)
    made = shared(list(pieces(later)), {"/base": list(pieces(BASE))})
    assert made.saved == 0


def test_pieces_that_lie_one_behind_the_other_are_one_segment() -> None:
    has = [Piece(b"a", 0, 10), Piece(b"b", 10, 5)]
    made = shared([Piece(b"a", 0, 10), Piece(b"b", 10, 5), Piece(b"c", 15, 2)], {"/base": has})
    assert packed(made, "/pack") == (StoreFile("/base", 15), StoreFile("/pack", 2))
