"""DOOR: a `Served` file as an HTTP response, by sendfile.

What is kept in memory for a download is a few kilobytes, whatever its size and speed.  The
Content-Length is always there, compression never.  The file is handed to the kernel in strides, so
that progress is known and a broken connection tells how far it came.  Sent means acknowledged by
the client's TCP: megabytes fit into our kernel's buffers that a machine never took.
"""

import asyncio
import fcntl
import socket
import struct
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from io import FileIO

from aiohttp import web

from services.netboot.files import Cut, Piece, Served, Unsatisfiable, cut, pieces

STRIDE = 32 << 20
SIOCOUTQ = 0x5411  # bytes not acknowledged yet
TCP_CLOSE = 7  # a state of tcp_info, as in include/net/tcp_states.h
LAST_BYTES, SILENT_SECONDS = 64 << 10, 1.5
SHORT_WAIT, LONG_WAIT = 0.001, 0.05


@dataclass(frozen=True, slots=True)
class Sent:
    """How it went: `start` and `stop` of what was asked, `bytes` really handed to the kernel."""

    response: web.StreamResponse
    start: int
    stop: int
    bytes: int

    @property
    def whole(self) -> bool:
        """Everything that was asked for went out."""
        return self.bytes == self.stop - self.start


class Broken(ConnectionError):
    """The client went away in the middle; `sent` says how far it came."""

    def __init__(self, sent: Sent) -> None:
        super().__init__("the client closed the connection")
        self.sent = sent


async def send(
    request: web.BaseRequest, served: Served, progress: Callable[[int], None] | None = None
) -> Sent:
    """Answer a GET or HEAD.  Raises OSError when a file is gone, Broken when the client is."""
    ranges, if_range = request.headers.get("Range"), request.headers.get("If-Range")
    try:
        asked = cut(served.size, ranges, if_range, served.modified)
    except Unsatisfiable:
        return Sent(await _unsatisfiable(request, served), 0, 0, 0)
    with ExitStack() as opened:
        run = [
            (piece, opened.enter_context(_open(piece)) if isinstance(piece, Piece) else None)
            for piece in pieces(served.segments, asked.start, asked.stop)
        ]
        response = _head(served, asked)
        try:
            await response.prepare(request)
            if request.method == "HEAD":
                await response.write_eof()
                return Sent(response, asked.start, asked.stop, 0)
        except ConnectionError as error:
            raise Broken(Sent(response, asked.start, asked.stop, 0)) from error
        line = opened.enter_context(_line(request, response, asked))
        sent = await _body(request, response, run, asked, progress or _nobody)
        await _acknowledged(request, line, Sent(response, asked.start, asked.stop, sent))
        return Sent(response, asked.start, asked.stop, sent)


async def _body(
    request: web.BaseRequest,
    response: web.StreamResponse,
    run: list[tuple[Piece | bytes, FileIO | None]],
    asked: Cut,
    progress: Callable[[int], None],
) -> int:
    loop = asyncio.get_running_loop()
    sent = 0
    for piece, file in run:
        if file is None or not isinstance(piece, Piece):
            assert isinstance(piece, bytes)
            try:
                await response.write(piece)
            except ConnectionError as error:
                raise Broken(Sent(response, asked.start, asked.stop, sent)) from error
            sent += len(piece)
            continue
        done = 0
        while done < piece.count:
            at, count = piece.offset + done, min(STRIDE, piece.count - done)
            transport = request.transport
            try:
                if transport is None:
                    raise ConnectionResetError("the connection is closed")
                done += await loop.sendfile(transport, file, at, count)
            except (ConnectionError, RuntimeError) as error:
                done += max(0, file.tell() - at)
                raise Broken(Sent(response, asked.start, asked.stop, sent + done)) from error
            progress(sent + done)
        sent += done
    await response.write_eof()
    return sent


def _line(request: web.BaseRequest, response: web.StreamResponse, asked: Cut) -> socket.socket:
    """A descriptor of our own for the connection: a client that has everything closes at once,
    and asyncio then closes its descriptor before the kernel could be asked.  Raises Broken."""
    transport = request.transport
    if transport is None or transport.is_closing():
        raise Broken(Sent(response, asked.start, asked.stop, 0))
    line: socket.socket = transport.get_extra_info("socket").dup()
    return line


async def _acknowledged(request: web.BaseRequest, line: socket.socket, sent: Sent) -> None:
    """Wait until the client's TCP has everything.  Raises Broken when the connection dies first.

    iPXE under UEFI starts the kernel with the last byte and acknowledges its last segments never:
    a small rest about which nothing is heard counts as taken.
    """
    wait, before = SHORT_WAIT, 0
    clock = asyncio.get_running_loop().time
    since = clock()
    while left := _outstanding(request, line):
        if left != before:
            before, since = left, clock()
        elif left <= LAST_BYTES and clock() - since > SILENT_SECONDS:
            return
        if line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_CLOSE:
            got = max(0, sent.bytes - left)
            raise Broken(Sent(sent.response, sent.start, sent.stop, got))
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONG_WAIT)


def _outstanding(request: web.BaseRequest, line: socket.socket) -> int:
    """Bytes on their way."""
    waiting = request.transport.get_write_buffer_size() if request.transport else 0
    (told,) = struct.unpack("=i", fcntl.ioctl(line.fileno(), SIOCOUTQ, bytes(4)))
    return int(told) + waiting


def _open(piece: Piece) -> FileIO:
    file = FileIO(piece.file)
    if file.seek(0, 2) < piece.offset + piece.count:
        file.close()
        raise FileNotFoundError(f"{piece.file} is shorter than its manifest says")
    file.seek(0)
    return file


def _head(served: Served, asked: Cut) -> web.StreamResponse:
    response = web.StreamResponse(status=206 if asked.partial else 200)
    response.content_length = asked.stop - asked.start
    response.headers["Content-Type"] = served.type
    response.headers["Accept-Ranges"] = "bytes"
    if served.modified:
        response.headers["Last-Modified"] = served.last_modified
    if asked.partial:
        span = f"bytes {asked.start}-{asked.stop - 1}/{served.size}"
        response.headers["Content-Range"] = span
    return response


async def _unsatisfiable(request: web.BaseRequest, served: Served) -> web.StreamResponse:
    response = web.Response(
        status=416,
        text=f"The file has {served.size} bytes.\n",
        headers={"Content-Range": f"bytes */{served.size}"},
    )
    await response.prepare(request)
    await response.write_eof()
    return response


def _nobody(_sent: int) -> None:
    return
