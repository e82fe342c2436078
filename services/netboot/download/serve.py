"""DOOR: a `Served` file as an HTTP response, by sendfile.

What is kept in memory for a download is a few kilobytes, whatever its size and speed.  The
Content-Length is always there, compression never.  The file is handed to the kernel in strides, so
that progress is known and a broken connection tells how far it came.  Sent means acknowledged by
the client's TCP: megabytes fit into our kernel's buffers that a machine never took.
"""

import asyncio
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from io import FileIO

from aiohttp import web

from services.netboot.files import Cut, Piece, Served, Unsatisfiable, cut, pieces

STRIDE = 32 << 20
GIVEN_AT_ONCE = 4 << 20  # a millisecond's worth: other downloads get their turn
SIOCOUTQ = 0x5411  # bytes not acknowledged yet
TCP_CLOSE = 7  # a state of tcp_info, as in include/net/tcp_states.h
Run = Iterable[tuple[Piece | bytes, FileIO | None]]
"""Bytes, and pieces of files that are open while they are at hand."""
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
    """It ended in the middle: the client went away, or the file did (`gone`).

    `sent` says how far it came.  The connection has to be closed: its length is promised.
    """

    def __init__(self, sent: Sent, *, gone: bool = False) -> None:
        super().__init__("the file went away" if gone else "the client closed the connection")
        self.sent, self.gone = sent, gone


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
        response = _head(asked, served.size, served.type)
        if served.modified:
            response.headers["Last-Modified"] = served.last_modified
        return await _sent(request, response, run, asked, progress or _nobody, confirmed=True)


async def send_pieces(request: web.BaseRequest, run: Run, asked: Cut, size: int, kind: str) -> Sent:
    """Answer a GET or HEAD with pieces that are made while they are sent.

    `asked` are the bytes of the `size` that they come to, `kind` the media type.  Raises Broken,
    `gone` when a piece cannot be made.  What the client took is not waited for.
    """
    response = _head(asked, size, kind)
    return await _sent(request, response, run, asked, _nobody, confirmed=False)


async def _sent(
    request: web.BaseRequest,
    response: web.StreamResponse,
    run: Run,
    asked: Cut,
    progress: Callable[[int], None],
    *,
    confirmed: bool,
) -> Sent:
    try:
        await response.prepare(request)
        if request.method == "HEAD":
            await response.write_eof()
            return Sent(response, asked.start, asked.stop, 0)
    except ConnectionError as error:
        raise Broken(Sent(response, asked.start, asked.stop, 0)) from error
    with _line(request, response, asked) as line:
        await _emptied(request)
        _cork(line, on=True)
        taken = await _body(line, response, run, asked, progress)
        sent = Sent(response, asked.start, asked.stop, taken)
        _cork(line, on=False)
        if confirmed:
            await _acknowledged(request, line, sent)
        return sent


def _cork(line: socket.socket, *, on: bool) -> None:
    """Send full frames only (tcp(7)).  asyncio switches Nagle's algorithm off, and sendfile pushes
    every 64 KiB then, at nearly twice the cost."""
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)


async def _emptied(request: web.BaseRequest) -> None:
    """Wait until the head has left our own buffer: the body goes past it, to the kernel."""
    while request.transport is not None and request.transport.get_write_buffer_size():
        await asyncio.sleep(SHORT_WAIT)


async def _body(
    line: socket.socket,
    response: web.StreamResponse,
    run: Run,
    asked: Cut,
    progress: Callable[[int], None],
) -> int:
    sent = 0
    try:
        for piece, file in run:
            if not piece:
                await asyncio.sleep(0)  # it has been looking for a while: others get their turn
                continue
            length, done = len(piece) if isinstance(piece, bytes) else piece.count, 0
            while done < length:
                stop = min(done + STRIDE, length)
                handed, error = await _handed(line, partial(_give, line, piece, file), done, stop)
                done += handed
                if error is not None:
                    reached = Sent(response, asked.start, asked.stop, sent + done)
                    raise Broken(reached, gone=error.errno == errno.EIO) from error
                progress(sent + done)
            sent += done
    except Broken:
        raise
    except OSError as error:  # the next piece cannot be made
        raise Broken(Sent(response, asked.start, asked.stop, sent), gone=True) from error
    await response.write_eof()
    return sent


def _give(
    line: socket.socket, piece: Piece | bytes, file: FileIO | None, start: int, stop: int
) -> int:
    """Hand bytes of a piece to the kernel; how many it took.  Raises OSError."""
    if file is None or isinstance(piece, bytes):
        assert isinstance(piece, bytes)
        return line.send(memoryview(piece)[start:stop])
    count = min(stop - start, GIVEN_AT_ONCE)
    taken = os.sendfile(line.fileno(), file.fileno(), piece.offset + start, count)
    if taken == 0:
        raise OSError(errno.EIO, f"{piece.file} became shorter")
    return taken


async def _handed(
    line: socket.socket, give: Callable[[int, int], int], start: int, stop: int
) -> tuple[int, OSError | None]:
    """Give a stretch away as the kernel takes it: how much it took, and what stopped it.

    asyncio's own sendfile tells epoll twice a wake what to wait for; this tells it once a stretch,
    which is most of the difference to a web server in C.
    """
    loop, at = asyncio.get_running_loop(), start
    over: asyncio.Future[OSError | None] = loop.create_future()

    def room() -> None:
        nonlocal at
        try:
            at += give(at, stop)
        except BlockingIOError:
            return
        except OSError as error:
            _tell(over, error)
            return
        if at == stop:
            _tell(over, None)

    loop.add_writer(line.fileno(), room)
    try:
        error = await over
    finally:
        loop.remove_writer(line.fileno())
    return at - start, error


def _tell(over: "asyncio.Future[OSError | None]", error: OSError | None) -> None:
    if not over.done():
        over.set_result(error)


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


def _head(asked: Cut, size: int, kind: str) -> web.StreamResponse:
    response = web.StreamResponse(status=206 if asked.partial else 200)
    response.content_length = asked.stop - asked.start
    response.headers["Content-Type"] = kind
    response.headers["Accept-Ranges"] = "bytes"
    if asked.partial:
        span = f"bytes {asked.start}-{asked.stop - 1}/{size}"
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
