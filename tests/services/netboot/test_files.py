import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.images import Literal, StoreFile
from services.netboot.files import (
    Cut,
    Piece,
    Served,
    Unsatisfiable,
    cut,
    pieces,
    served_text,
    type_of,
)

SEGMENTS = (StoreFile("/a", 10), Literal(b"0123456789"), StoreFile("/b", 5))
MODIFIED = 1_000_000_000.0


def test_a_file_is_as_long_as_its_segments() -> None:
    assert Served(SEGMENTS, "x").size == 25


def test_without_a_range_the_whole_file_is_sent() -> None:
    assert cut(25, None, None, MODIFIED) == Cut(0, 25, partial=False)


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-14", 5, 15),
        ("bytes=20-", 20, 25),
        ("bytes=20-9999", 20, 25),
        ("bytes=-5", 20, 25),
        ("bytes=-9999", 0, 25),
        ("BYTES=1-2", 1, 3),
    ],
)
def test_g71_a_range_is_obeyed(header: str, start: int, stop: int) -> None:
    assert cut(25, header, None, MODIFIED) == Cut(start, stop, partial=True)


@pytest.mark.parametrize(
    "header", ["bytes=5-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=1-2-3", ""]
)
def test_what_is_not_one_range_is_ignored(header: str) -> None:
    assert cut(25, header, None, MODIFIED) == Cut(0, 25, partial=False)


@pytest.mark.parametrize("header", ["bytes=25-", "bytes=99-100"])
def test_a_range_behind_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        cut(25, header, None, MODIFIED)


def test_if_range_with_the_right_date_lets_the_range_stand() -> None:
    date = Served((), "x", MODIFIED).last_modified
    assert cut(25, "bytes=5-", date, MODIFIED).partial


@pytest.mark.parametrize("validator", ['"abc"', "Sun, 09 Sep 2001 01:46:41 GMT", "nonsense", ""])
def test_if_range_with_anything_else_sends_the_whole_file(validator: str) -> None:
    assert not cut(25, "bytes=5-", validator, MODIFIED).partial


def test_a_range_over_a_border_takes_a_piece_of_each_segment() -> None:
    assert pieces(SEGMENTS, 8, 22) == [Piece("/a", 8, 2), b"0123456789", Piece("/b", 0, 2)]


def test_a_segment_may_begin_inside_its_file() -> None:
    part = (StoreFile("/a", 10, 1_000), StoreFile("/b", 5, 7))
    assert pieces(part, 4, 12) == [Piece("/a", 1_004, 6), Piece("/b", 7, 2)]


def test_a_range_inside_one_segment_takes_that_one() -> None:
    assert pieces(SEGMENTS, 12, 15) == [b"234"]


@given(st.lists(st.binary(max_size=20), max_size=6), st.integers(0, 130), st.integers(0, 130))
def test_pieces_are_the_bytes_of_the_joined_segments(
    contents: list[bytes], first: int, second: int
) -> None:
    whole = b"".join(contents)
    start, stop = sorted((min(first, len(whole)), min(second, len(whole))))
    taken = pieces(tuple(Literal(one) for one in contents), start, stop)
    assert b"".join(one for one in taken if isinstance(one, bytes)) == whole[start:stop]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("snponly.efi", "application/efi"),
        ("IPXE.EFI", "application/efi"),
        ("x.iso", "application/vnd.efi-iso"),
        ("x.img", "application/vnd.efi-img"),
        ("bzImage", "application/octet-stream"),
        ("initrd", "application/octet-stream"),
    ],
)
def test_g96_the_type_goes_by_the_extension(name: str, kind: str) -> None:
    assert type_of(name) == kind


def test_a_text_is_one_literal_segment() -> None:
    assert served_text("#!ipxe\n").size == 7
