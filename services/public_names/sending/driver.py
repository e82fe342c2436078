"""The door to the servers that publish names: one request, one answer, in a thread.

Certificates are checked, redirects are not followed.  Updates of a zone go by TCP (RFC 7766): no
answer can be forged by who does not see the question, and nothing is sent twice.
"""

import base64
import http.client
import os
import socket
import ssl
import struct
from collections.abc import Callable
from typing import TypeVar

from services.public_names.dyndns import AGENT, Get

PATIENCE_SECONDS = 20.0
LONGEST_ANSWER = 4096
ANY_IPV4 = ("0.0.0.0", 0)
SIZE = struct.Struct("!H")
Answer = TypeVar("Answer")


class NotReached(Exception):
    """There was no answer; the text says why."""


def ask(get: Get) -> tuple[int, bytes]:
    """The status and the beginning of the answer to a request.  Raises NotReached."""
    headers = {"User-Agent": AGENT, "Accept": "text/plain, */*"}
    if get.password:
        word = base64.b64encode(f"{get.user}:{get.password}".encode()).decode()
        headers["Authorization"] = f"Basic {word}"

    def answer() -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(
            get.host,
            get.port,
            timeout=PATIENCE_SECONDS,
            context=ssl.create_default_context(),
            source_address=ANY_IPV4 if get.by_ipv4 else None,
        )
        try:
            connection.request("GET", get.path, headers=headers)
            came = connection.getresponse()
            return came.status, came.read(LONGEST_ANSWER)
        finally:
            connection.close()

    return _reached(get.host, answer)


def exchange(host: str, port: int, message: bytes) -> bytes:
    """What a name server answers to a message.  Raises NotReached."""

    def answer() -> bytes:
        with socket.create_connection((host, port), PATIENCE_SECONDS) as stream:
            stream.sendall(SIZE.pack(len(message)) + message)
            with stream.makefile("rb") as lines:
                (size,) = SIZE.unpack(_exactly(lines.read(SIZE.size), SIZE.size))
                return _exactly(lines.read(size), size)

    return _reached(host, answer)


def _reached(host: str, answer: Callable[[], Answer]) -> Answer:
    try:
        return answer()
    except ssl.SSLCertVerificationError as error:
        what = f"{host}: its certificate is not to be trusted: {error.verify_message}."
        raise NotReached(what) from error
    except TimeoutError as error:
        raise NotReached(f"{host} said nothing for {PATIENCE_SECONDS:.0f} s.") from error
    except socket.gaierror as error:
        raise NotReached(f"{host} cannot be found: {error.strerror}.") from error
    except (OSError, http.client.HTTPException, ValueError, EOFError) as error:
        why = " ".join((str(error) or type(error).__name__).split())
        raise NotReached(f"{host} was not reached: {why[:200]}.") from error


def _exactly(found: bytes, size: int) -> bytes:
    if len(found) != size:
        raise EOFError("it hung up in the middle of its answer")
    return found


def dice() -> float:
    """From 0 to 1, by the kernel."""
    return int.from_bytes(os.urandom(4)) / (1 << 32)


def identity() -> int:
    """The id of a message."""
    return int.from_bytes(os.urandom(2))
