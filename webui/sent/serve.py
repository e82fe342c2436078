"""The door for files of any size: a body by itself, or the files of a form (RFC 7578).

Nothing larger than a piece of the network is in memory; texts of the form have a bound.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from appliance.errors import Problem, Refused
from appliance.store.uploads.open import Coming

TEXT_BYTES = 16_384
MOST_PARTS = 64
Begin = Callable[[], Coming]


@dataclass(frozen=True, slots=True)
class Sent:
    """One file that is there now: what its sender called it, and its SHA-256 in hex."""

    name: str
    sha256: str
    size: int
    head: bytes


@dataclass(slots=True)
class Form:
    """What a form sent: texts and files by the names of their fields."""

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, Sent] = field(default_factory=dict)


async def body(request: Request, begin: Begin) -> Sent:
    """The whole body as one file.  Raises Refused."""
    with begin() as coming:
        async for piece in request.stream():
            coming.add(piece)
        return await _kept(coming, "")


async def form(request: Request, begin: Begin) -> Form:
    """A form with files; a file of no name and no bytes was not chosen.  Raises Refused."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise Refused(Problem((), "Send this form as multipart/form-data."))
    with ExitStack() as stack:
        reading = _Reading(boundary, lambda: stack.enter_context(begin()))
        async for piece in request.stream():
            for coming, field_name, name in reading.feed(piece):
                reading.form.files[field_name] = await _kept(coming, name)
        return reading.ended()


async def _kept(coming: Coming, name: str) -> Sent:
    if not coming.size:
        raise Refused(Problem((), "This file is empty. Send the file itself."))
    digest = await asyncio.to_thread(coming.keep)  # waits for the disk
    return Sent(name, digest, coming.size, coming.head)


class _Reading:
    """One multipart body; told piece by piece."""

    def __init__(self, boundary: bytes, begin: Begin) -> None:
        self.form = Form()
        self._begin = begin
        self._whole: list[tuple[Coming, str, str]] = []
        self._coming: Coming | None = None
        self._text = bytearray()
        self._header, self._value = b"", b""
        self._options: dict[bytes, bytes] = {}
        self._parts, self._over = 0, False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part,
                "on_header_field": self._field,
                "on_header_value": self._content,
                "on_header_end": self._header_is_there,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._ends,
            },
        )

    def feed(self, piece: bytes) -> list[tuple[Coming, str, str]]:
        """Take bytes; returns files that are whole with them: (file, field, its name)."""
        self._whole = []
        try:
            self._parser.write(piece)
        except FormParserError:
            raise _broken() from None
        return self._whole

    def ended(self) -> Form:
        """The form.  Raises Refused when it stops in the middle."""
        if not self._over:
            raise _broken()
        return self.form

    def _part(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Refused(Problem((), f"This form has more than {MOST_PARTS} fields."))
        self._coming, self._options = None, {}
        self._text.clear()
        self._header = self._value = b""

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _content(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_is_there(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._options = parse_options_header(self._value)[1]
        self._header = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        if b"filename" in self._options:
            self._coming = self._coming or self._begin()
            self._coming.add(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > TEXT_BYTES:
            raise Refused(Problem((_word(self._options, b"name"),), "This text is too long."))

    def _end(self) -> None:
        name = _word(self._options, b"name")
        if self._coming is not None:
            self._whole.append((self._coming, name, _word(self._options, b"filename")))
        elif b"filename" not in self._options:
            self.form.texts[name] = self._text.decode(errors="replace")

    def _ends(self) -> None:
        self._over = True


def _word(options: dict[bytes, bytes], name: bytes) -> str:
    return options.get(name, b"").decode(errors="replace")


def _broken() -> Refused:
    return Refused(Problem((), "This form did not come whole. Send it again."))
