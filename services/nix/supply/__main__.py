"""DOOR: asks a cache for small texts by HTTP, in a process that ends, as the user `remote`.

Reads a JSON object on standard input (`url`, `keys`, `user`, `password`, `names`, `first`) and
prints {"answers": [{"name", "status", "text", "why"}], "signed": {store path: [key names]}}.  A
name is nix-cache-info or the hash of a store path.  With `first` it ends at the first narinfo that
is there.  `status` is 0 where no answer came, and `why` says what went wrong: one of
`verdict.FELL`'s words.  Signatures are checked here, where `cryptography` is loaded once.
"""

import base64
import http.client
import json
import socket
import ssl
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.nix.narinfo import Offered, fingerprint, offered

SECONDS = 10.0
TEXT_BYTES = 64 << 10
HOPS = 3
AGENT = "nixie-router"
FELL: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLError, "tls"),
    (socket.gaierror, "name"),
    (ConnectionRefusedError, "refused"),
    (TimeoutError, "silent"),
    (ConnectionError, "broken"),
    (http.client.HTTPException, "not http"),
    (OSError, "unreached"),
)


class Talk:
    """One connection, kept open from one question to the next."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._server = urlsplit(url).netloc
        told = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._shown = {"Authorization": f"Basic {told}"} if user else {}
        self._open: http.client.HTTPConnection | None = None
        self._to = ("", "")

    def text(self, name: str) -> tuple[int, str]:
        """Status and text.  Raises what `FELL` names."""
        url = f"{self._url}/{name}"
        for _ in range(HOPS):
            status, text, where = self._asked(url)
            if status not in (301, 302, 303, 307, 308) or not where:
                break
            url = urljoin(url, where)
            if urlsplit(url).scheme not in ("http", "https"):
                break
        return status, text

    def _asked(self, url: str) -> tuple[int, str, str]:
        split = urlsplit(url)
        shown = self._shown if split.netloc == self._server else {}
        connection = self._connection(split.scheme, split.netloc)
        try:
            connection.request("GET", split.path, headers={"User-Agent": AGENT, **shown})
            answer = connection.getresponse()
            text = answer.read(TEXT_BYTES).decode(errors="replace")
            if answer.read(1) or answer.will_close:
                self._close()
            return answer.status, text, answer.getheader("Location") or ""
        except Exception:
            self._close()
            raise

    def _connection(self, scheme: str, server: str) -> http.client.HTTPConnection:
        if self._open is None or self._to != (scheme, server):
            self._close()
            secure = scheme == "https"
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            self._open, self._to = kind(server, timeout=SECONDS), (scheme, server)
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None


def main() -> None:
    """Answer what stands on standard input."""
    asked = json.load(sys.stdin)
    talk = Talk(asked["url"], asked["user"], asked["password"])
    answers = list(_answers(talk, asked["names"], first=asked["first"]))
    found = [offered(one["text"]) for one in answers if one["status"] == 200]
    signed = {one.info.path: valid(one, asked["keys"]) for one in found if one is not None}
    json.dump({"answers": answers, "signed": signed}, sys.stdout)


def valid(told: Offered, keys: list[str]) -> list[str]:
    """Names of the keys by which a narinfo is signed as it should be."""
    good = []
    for key in keys:
        name, _, public = key.partition(":")
        for signature in told.signatures:
            by, _, raw = signature.partition(":")
            if by == name and _is_by(public, raw, fingerprint(told.info)):
                good.append(name)
    return good


def _is_by(public: str, signature: str, text: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public))
        key.verify(base64.b64decode(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _answers(talk: Talk, names: list[str], *, first: bool) -> Iterator[dict[str, Any]]:
    for name in names:
        is_path = len(name) == 32
        try:
            status, text = talk.text(f"{name}.narinfo" if is_path else name)
        except tuple(kind for kind, _ in FELL) as error:
            why = next(word for kind, word in FELL if isinstance(error, kind))
            yield {"name": name, "status": 0, "text": str(error)[:300], "why": why}
            return
        yield {"name": name, "status": status, "text": text, "why": ""}
        if first and is_path and status == 200:
            return


if __name__ == "__main__":
    main()
