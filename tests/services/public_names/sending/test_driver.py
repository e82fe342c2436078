"""Requests to a real server over TLS, and messages to a real socket, on loopback."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.model.public_names import OWN_SERVER, PublicName
from services.public_names.dyndns import AGENT, CODES, Get, verdict
from services.public_names.sending.driver import NotReached, ask, dice, exchange
from tests.services.notices.peers import certificate
from tests.services.public_names.peers import PASSWORD, USER, dyndns_server


@pytest.fixture
def pem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate that this machine trusts."""
    path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


def get(port: int, path: str = "/nic/update?myip=203.0.113.5", *, by_ipv4: bool = False) -> Get:
    return Get("127.0.0.1", port, path, USER, PASSWORD, by_ipv4=by_ipv4)


def test_a_request_says_who_asks(pem: Path) -> None:
    with dyndns_server(pem) as service:
        assert ask(get(service.port)) == (200, b"good 203.0.113.5")
    (asked,) = service.asked
    assert (asked.user, asked.agent) == (f"{USER}:{PASSWORD}", AGENT)


def test_a_status_is_told(pem: Path) -> None:
    with dyndns_server(pem) as service:
        service.status, service.says = 503, "busy"
        assert ask(get(service.port)) == (503, b"busy")


def test_every_code_of_the_protocol_comes_through(pem: Path) -> None:
    told = {"server": "127.0.0.1", "user": USER}
    one = PublicName("id", "home.example.org", OWN_SERVER, told)
    with dyndns_server(pem) as service:
        for code, means in CODES.items():
            service.says = code
            assert verdict(one, *ask(get(service.port))).then is means.then, code


def test_a_long_answer_is_read_to_its_bound(pem: Path) -> None:
    with dyndns_server(pem) as service:
        service.says = "x" * 100_000
        assert len(ask(get(service.port))[1]) == 4096


def test_a_certificate_that_nobody_trusts_ends_it(
    pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    with dyndns_server(pem) as service, pytest.raises(NotReached, match="not to be trusted"):
        ask(get(service.port))
    assert service.asked == []


def test_by_ipv4_no_other_way_is_taken(pem: Path) -> None:
    with dyndns_server(pem) as service:
        asked = Get("::1", service.port, "/", by_ipv4=True)
        with pytest.raises(NotReached):
            ask(asked)
        assert ask(get(service.port, by_ipv4=True))[0] == 200


def test_a_closed_port_is_said(pem: Path) -> None:
    with dyndns_server(pem) as service:
        pass
    with pytest.raises(NotReached, match=r"127.0.0.1 was not reached: .*refused"):
        ask(get(service.port))


def test_a_name_that_does_not_exist_is_said() -> None:
    with pytest.raises(NotReached, match="cannot be found"):
        ask(Get("nobody.invalid", 443, "/"))


def test_a_name_that_cannot_be_one_is_said() -> None:
    with pytest.raises(NotReached):
        ask(Get("a..b", 443, "/"))


@contextmanager
def name_server(*says: bytes) -> Iterator[int]:
    """It says this, whatever it hears, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(4096)
                for part in says:
                    client.sendall(part)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)


def test_an_answer_comes_whole() -> None:
    with name_server(struct.pack("!H", 6) + b"abc", b"def") as port:
        assert exchange("127.0.0.1", port, b"question") == b"abcdef"


@pytest.mark.parametrize("says", [b"", b"\0", b"\0\6abc"])
def test_half_an_answer_is_none(says: bytes) -> None:
    with name_server(says) as port, pytest.raises(NotReached, match="in the middle"):
        exchange("127.0.0.1", port, b"question")


def test_dice_stay_within_their_bounds() -> None:
    thrown = [dice() for _ in range(100)]
    assert all(0 <= one < 1 for one in thrown)
    assert len(set(thrown)) > 90
