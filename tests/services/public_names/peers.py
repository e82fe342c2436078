"""A service that speaks dyndns2, over TLS, and answers as it is told."""

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "lena", "a pass:word"


@dataclass(frozen=True)
class Asked:
    """One request; `user` is "name:password", "" without."""

    path: str
    told: dict[str, str]
    user: str
    agent: str
    sender: str


@dataclass
class Dyndns:
    """What it was asked; `says` is its answer, with {ip} for the address that it was told or
    sees."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    status: int = 200
    says: str = "good {ip}"
    checks: bool = True


@contextmanager
def dyndns_server(pem: Path, host: str = "127.0.0.1") -> Iterator[Dyndns]:
    """It answers every GET; who does not know the password is told so."""
    service = Dyndns()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            told = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            word = self.headers.get("Authorization", "").removeprefix("Basic ")
            user = base64.b64decode(word).decode()
            agent = self.headers["User-Agent"]
            asked = Asked(parts.path, told, user, agent, self.client_address[0])
            service.asked.append(asked)
            right = not service.checks or user == f"{USER}:{PASSWORD}"
            said = service.says.format(ip=told.get("myip", asked.sender)) if right else "badauth"
            self.send_response(service.status if right else 401)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer((host, 0), Page)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    service.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
