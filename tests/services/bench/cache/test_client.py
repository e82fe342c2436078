import pytest

from services.bench.cache.client import _whole

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"


@pytest.mark.parametrize("so_far", [b"", HEAD, HEAD + b"\r\n", HEAD + b"\r\nStor"])
def test_an_answer_is_waited_for_to_its_end(so_far: bytes) -> None:
    assert not _whole(so_far)


def test_an_answer_with_its_whole_body_counts() -> None:
    assert _whole(HEAD + b"\r\nStore")


def test_what_is_not_there_is_no_answer() -> None:
    with pytest.raises(ValueError, match="404"):
        _whole(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
