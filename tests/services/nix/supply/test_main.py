"""The process that asks a cache: real sockets, and whom it shows the password."""

import base64
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.nix.narinfo import fingerprint, offered
from services.nix.supply.__main__ import valid
from services.nix.supply.verdict import INFO

PATH = "/nix/store/k1h685hvpma469x3yj24g9ljbsjcv83m-kernel"
NARINFO = (
    f"StorePath: {PATH}\nURL: nar/x.nar\nNarHash: sha256:{'1' * 52}\nNarSize: 120\n"
    f"References: {PATH[11:]}\n"
)
ROOT = Path(__file__).parents[4]
Answer = Callable[[str], tuple[int, dict[str, str], str]]


@contextmanager
def serving(answer: Answer, shown: list[str], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A web server; what is shown to it by way of authorization goes into `shown`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            shown.append(self.headers.get("Authorization", ""))
            status, fields, text = answer(self.path)
            self.send_response(status)
            for name, value in {**fields, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def ask(url: str, names: list[str], **more: Any) -> dict[str, Any]:
    asked = {"url": url, "keys": [], "user": "", "password": "", "names": names, "first": False}
    done = subprocess.run(
        [sys.executable, "-m", "services.nix.supply"],
        input=json.dumps({**asked, **more}),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_a_password_goes_to_the_cache_and_not_where_it_sends_us() -> None:
    shown: list[str] = []
    away: list[str] = []
    with serving(lambda _: (200, {}, "StoreDir: /nix/store\n"), away) as other:
        there = {"Location": f"http://127.0.0.1:{other}/{INFO}"}
        with serving(lambda _: (302, there, ""), shown) as port:
            told = ask(f"http://127.0.0.1:{port}", [INFO], user="lan", password="word")
    assert told["answers"][0]["text"] == "StoreDir: /nix/store\n"
    assert shown == [f"Basic {base64.b64encode(b'lan:word').decode()}"]
    assert away == [""]


def test_it_is_not_sent_round_for_ever() -> None:
    shown: list[str] = []
    with serving(lambda path: (302, {"Location": path}, ""), shown) as port:
        told = ask(f"http://127.0.0.1:{port}", [INFO])
    assert (told["answers"][0]["status"], len(shown)) == (302, 3)


def test_a_certificate_that_nobody_knows_ends_it(tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=x", "-keyout", "key", "-out", "crt"],
        cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    with serving(lambda _: (200, {}, ""), [], context) as port:
        (told,) = ask(f"https://127.0.0.1:{port}", [INFO], user="u", password="p")["answers"]
    assert (told["status"], told["why"]) == (0, "tls")


def test_where_nobody_listens_is_said() -> None:
    with serving(lambda _: (200, {}, ""), []) as port:
        pass
    (told,) = ask(f"http://127.0.0.1:{port}", [INFO, PATH[11:43]])["answers"]
    assert (told["status"], told["why"]) == (0, "refused")


def test_it_stops_at_the_first_that_is_there() -> None:
    shown: list[str] = []
    has = PATH[11:43]

    def answer(path: str) -> tuple[int, dict[str, str], str]:
        return (200, {}, NARINFO) if has in path else (404, {}, "")

    with serving(answer, shown) as port:
        names = ["a" * 32, has, "b" * 32]
        told = ask(f"http://127.0.0.1:{port}", names, first=True)["answers"]
    assert [one["status"] for one in told] == [404, 200]


@pytest.fixture
def signed() -> tuple[str, str]:
    """A narinfo signed as Nix does, and the public key."""
    key = Ed25519PrivateKey.generate()
    told = offered(NARINFO)
    assert told is not None
    by = base64.b64encode(key.sign(fingerprint(told.info).encode())).decode()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return f"{NARINFO}Sig: lan-1:{by}\n", f"lan-1:{public}"


def test_a_signature_is_checked_against_the_key(signed: tuple[str, str]) -> None:
    text, key = signed
    told, other = offered(text), offered(text.replace("NarSize: 120", "NarSize: 121"))
    assert told is not None
    assert other is not None
    assert valid(told, [key]) == ["lan-1"]
    assert valid(other, [key]) == []
    assert valid(told, [key.replace("lan-1", "lan-2")]) == []
    assert valid(told, [f"lan-1:{'A' * 43}="]) == []
