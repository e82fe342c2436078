"""The real server in front of people who take their time."""

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from appliance.cli.client import Client, Where
from tests.webui.conftest import Admin, serving
from webui.listening.serve import Limits

QUICK = Limits(handshake=1.5, head=1.5, body=1.5, taking=1.5)
ASK = b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@contextmanager
def admin_with(state: Path, limits: Limits | None = None) -> Iterator[Admin]:
    with serving(state, limits=limits) as port:
        yield Admin(f"http://127.0.0.1:{port}", state)


def connected(admin: Admin, address: str = "127.0.0.1") -> socket.socket:
    """A connection from an address of the loopback network, which says nothing yet."""
    port = int(admin.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), 20, source_address=(address, 0))


def asked(admin: Admin, address: str = "127.0.0.1") -> int:
    """The status of one request on a fresh connection."""
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(transport=transport, timeout=20) as client:
        return client.get(f"{admin.url}/login").status_code


def rest(connection: socket.socket) -> bytes:
    """What comes until the other side hangs up."""
    found = b""
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return found


def answer(connection: socket.socket) -> bytes:
    """One whole answer on a connection that stays."""
    found = connection.recv(65536)
    head, _, body = found.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    left = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
    while left > 0:
        piece = connection.recv(65536)
        found, left = found + piece, left - len(piece)
    return found


@contextmanager
def bells(admin: Admin) -> Iterator[Iterator[str]]:
    """The lines of an open event stream, after the first bells of each kind."""
    with admin.local() as client, client.stream("GET", "/api/v1/events") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        while next(lines) != "event: events":  # the last of the first bells
            pass
        yield lines


@pytest.mark.parametrize("addresses", [1, 30])
def test_silent_connections_keep_nobody_out(tmp_path: Path, addresses: int) -> None:
    with admin_with(tmp_path) as admin, ExitStack() as held:
        for number in range(300):
            held.enter_context(connected(admin, f"127.0.0.{100 + number % addresses}"))
        assert asked(admin) == 303
        assert asked(admin, "127.0.0.100") == 303
        own = Client(Where(tmp_path))
        assert own.get("/status")["claimed"] is False
        own.close()


def test_who_is_being_answered_keeps_the_connection(tmp_path: Path) -> None:
    limits = Limits(per_address=8)
    with admin_with(tmp_path, limits) as admin, bells(admin) as lines, ExitStack() as held:
        for _ in range(20):
            held.enter_context(connected(admin))
        with admin.local() as other:
            other.put("/api/v1/networks/*/default", json={"kind": "nothing"})
        assert any(line == "event: machines" for line in lines)


def test_a_connection_that_says_nothing_is_hung_up(tmp_path: Path) -> None:
    with admin_with(tmp_path, QUICK) as admin, connected(admin) as silent:
        began = time.monotonic()
        assert rest(silent) == b""
        assert time.monotonic() - began < 9


def test_half_a_head_is_told_so(tmp_path: Path) -> None:
    with admin_with(tmp_path, QUICK) as admin, connected(admin) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        head, _, body = rest(slow).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 Request Timeout")
        assert b"x-content-type-options: nosniff" in head
        (problem,) = json.loads(body)["problems"]
        assert problem["what"].endswith("Send it again.")


def test_half_a_body_is_hung_up(tmp_path: Path) -> None:
    with admin_with(tmp_path, QUICK) as admin, connected(admin) as slow:
        slow.sendall(
            b"POST /api/v1/claim HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b'Content-Length: 100\r\n\r\n{"code":'
        )
        began = time.monotonic()
        rest(slow)
        assert time.monotonic() - began < 9


def test_half_a_head_after_an_answer_is_told_so(tmp_path: Path) -> None:
    with admin_with(tmp_path, QUICK) as admin, connected(admin) as slow:
        slow.sendall(ASK)
        assert b"303 See Other" in answer(slow)
        slow.sendall(b"GET / HTTP/1.1\r\n")
        assert rest(slow).startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_was_answered_may_rest(tmp_path: Path) -> None:
    with admin_with(tmp_path, QUICK) as admin, connected(admin) as kept:
        for _ in range(2):
            kept.sendall(ASK)
            assert b"303 See Other" in answer(kept)
            time.sleep(2 * QUICK.head)


def test_a_stream_outlives_every_deadline(tmp_path: Path) -> None:
    with admin_with(tmp_path, QUICK) as admin, bells(admin) as lines:
        time.sleep(4 * QUICK.body)
        with admin.local() as other:
            other.put("/api/v1/networks/*/default", json={"kind": "nothing"})
        assert any(line == "event: machines" for line in lines)


def test_endless_headers_are_refused(tmp_path: Path) -> None:
    with admin_with(tmp_path) as admin, connected(admin) as chatty:
        chatty.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        try:
            for _ in range(200):
                chatty.sendall(b"x: " + b"y" * 1000 + b"\r\n")
        except ConnectionError:
            pass
        said = rest(chatty)
        assert said == b"" or said.startswith(b"HTTP/1.1 431 ")
        assert asked(admin) == 303


def test_what_is_not_http_is_answered_in_the_apis_shape(tmp_path: Path) -> None:
    with admin_with(tmp_path) as admin, connected(admin) as odd:
        odd.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n")
        head, _, body = rest(odd).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request")
        assert json.loads(body)["problems"][0]["where"] == []


def test_a_handshake_that_does_not_come_is_hung_up(tmp_path: Path) -> None:
    with serving(tmp_path, "admin.br-lan", limits=QUICK) as port:
        admin = Admin(f"https://127.0.0.1:{port}", tmp_path)
        with connected(admin) as silent:
            began = time.monotonic()
            assert rest(silent) == b""
            assert time.monotonic() - began < 9


def test_handshakes_that_do_not_come_keep_nobody_out(tmp_path: Path) -> None:
    with serving(tmp_path, "admin.br-lan") as port, ExitStack() as held:
        admin = Admin(f"https://127.0.0.1:{port}", tmp_path)
        for number in range(300):
            held.enter_context(connected(admin, f"127.0.0.{100 + number % 30}"))
        trusted = ssl.create_default_context(cafile=tmp_path / "secrets/web/ca.crt")
        with httpx.Client(verify=trusted, timeout=20) as client:
            assert client.get(f"{admin.url}/login").status_code == 303


def test_an_answer_that_nobody_takes_is_broken_off(tmp_path: Path) -> None:
    with admin_with(tmp_path, QUICK) as admin, connected(admin) as lazy:
        secret = (tmp_path / "secrets/web/local-token").read_text().strip()
        lazy.sendall(
            (
                "GET /api/v1/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Authorization: Bearer {secret}\r\n\r\n"
            ).encode()
            * 300  # far more than fits into both sockets
        )
        time.sleep(4 * QUICK.taking)
        assert rest(lazy).count(b"HTTP/1.1 200 OK") < 300
