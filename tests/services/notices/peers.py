"""Servers that take notices: a small one for mail (RFC 5321, with TLS), and one for the web."""

import base64
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "router", "a pass word"


def certificate(folder: Path) -> Path:
    """One for 127.0.0.1, signed by itself: the file has the key as well."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "peer.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class Mailbox:
    """What the mail server was told; `refuses` is what it says to a recipient."""

    port: int = 0
    mails: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refuses: str = ""


@contextmanager
def mail_server(pem: Path, *, tls: bool = False, starttls: bool = True) -> Iterator[Mailbox]:
    """It takes mail for everybody who knows the password, or with nobody logged in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listening = socket.create_server(("127.0.0.1", 0))
    box = Mailbox(listening.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with suppress(OSError, ssl.SSLError), client:
                client.settimeout(60)
                stream = context.wrap_socket(client, server_side=True) if tls else client
                _converse(stream, box, context, starttls=starttls and not tls)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def _converse(
    stream: socket.socket, box: Mailbox, context: ssl.SSLContext, *, starttls: bool
) -> None:
    lines = stream.makefile("rb")

    def say(text: str) -> None:
        stream.sendall(f"{text}\r\n".encode())

    say("220 peer ready")
    while line := lines.readline().decode().strip():
        verb = line.split()[0].upper()
        box.heard.append(line)
        if verb == "EHLO":
            say("250-peer")
            say("250-STARTTLS" if starttls else "250-8BITMIME")
            say("250 AUTH PLAIN")
        elif verb == "STARTTLS" and starttls:
            say("220 go on")
            stream = context.wrap_socket(stream, server_side=True)
            lines, starttls = stream.makefile("rb"), False
        elif verb == "DATA":
            say("354 go on")
            box.mails.append(b"".join(iter(lines.readline, b".\r\n")).decode())
            box.encrypted.append(isinstance(stream, ssl.SSLSocket))
            say("250 2.0.0 queued as 4711")
        elif verb == "QUIT":
            say("221 bye")
            return
        else:
            say(_answer(verb, line, box))


def _answer(verb: str, line: str, box: Mailbox) -> str:
    if verb == "AUTH":
        given = base64.b64decode(line.split()[2]).decode().split("\0")[1:]
        return "235 welcome" if given == [USER, PASSWORD] else "535 5.7.8 wrong password"
    return box.refuses if verb == "RCPT" and box.refuses else "250 ok"


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Site:
    """What the web server was asked; it answers with `status`."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    status: int = 200
    location: str = ""


@contextmanager
def web_server(pem: Path | None = None) -> Iterator[Site]:
    """It takes every POST."""
    site = Site()

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            site.asked.append(Asked(self.path, headers, body))
            self.send_response(site.status)
            if site.location:
                self.send_header("Location", site.location)
            self.end_headers()
            self.wfile.write(b"as you like")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    if pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    site.url = f"http{'s' if pem else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
