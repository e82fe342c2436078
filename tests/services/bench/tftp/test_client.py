"""The counting client against a server that is told what to send, on loopback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.bench.tftp.client import Failed, fetch

OACK = b"\0\6blksize\x004\0windowsize\x002\0"


def data(block: int, content: bytes) -> bytes:
    return b"\0\3" + block.to_bytes(2, "big") + content


@contextmanager
def serving(*sends: tuple[bytes, ...]) -> Iterator[tuple[tuple[str, int], list[bytes]]]:
    """Answers one datagram after another with `sends`; its address, and what it heard."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(60)
        heard: list[bytes] = []

        def serve() -> None:
            for packets in sends:
                told, client = server.recvfrom(2048)
                heard.append(told)
                for packet in packets:
                    server.sendto(packet, client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname(), heard
        thread.join(10)


def got(where: tuple[str, int]) -> int:
    return fetch(where, "file", 4, 2)


def test_a_file_is_counted_window_by_window() -> None:
    with serving((OACK,), (data(1, b"abcd"), data(2, b"efgh")), (data(3, b"i"),), ()) as place:
        where, heard = place
        assert got(where) == 9
    assert heard[1:] == [b"\0\4\0\0", b"\0\4\0\2", b"\0\4\0\3"]


def test_a_lost_block_is_asked_for_once() -> None:
    again = (data(1, b"abcd"), data(2, b"e"))
    with serving((OACK,), (data(2, b"efgh"), data(3, b"i")), again, ()) as (where, heard):
        assert got(where) == 5
    assert heard[2:] == [b"\0\4\0\0", b"\0\4\0\2"]


def test_an_error_is_said_in_the_servers_words() -> None:
    refused = serving((OACK,), (b"\0\5\0\1no such file\0",))
    with refused as (where, _), pytest.raises(Failed, match="no such file"):
        got(where)


def test_another_oack_is_passed_over() -> None:
    with serving((OACK,), (OACK, data(1, b"ab")), ()) as (where, _):
        assert got(where) == 2
