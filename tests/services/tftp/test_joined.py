"""Pieces of memory read as one."""

from hypothesis import given
from hypothesis import strategies as st

from services.tftp.joined import Joined

PIECES = st.lists(st.binary(max_size=9), max_size=6)


@given(PIECES, st.integers(0, 60), st.integers(0, 60))
def test_every_slice_is_that_of_the_whole(pieces: list[bytes], start: int, stop: int) -> None:
    joined = Joined([memoryview(one) for one in pieces])
    assert len(joined) == len(b"".join(pieces))
    assert bytes(joined[start:stop]) == b"".join(pieces)[start:stop]


def test_what_lies_in_one_piece_is_not_copied() -> None:
    first, second = memoryview(b"abcd"), memoryview(b"efgh")
    found = Joined([first, second])[4:8]
    assert isinstance(found, memoryview)
    assert found.obj is second.obj
