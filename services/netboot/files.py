"""What is served as one file, and which bytes of it a request asks for.

A file is a row of segments: ranges of files on disk, or literal bytes.  Sizes come from the
manifest, so a Content-Length is always known (iPXE shows no progress without one, and UEFI HTTP
boot asks for it by HEAD first).  Ranges follow RFC 9110 §14: one range is obeyed, several at once
are answered with the whole file, which the law allows.  If-Range is obeyed for dates only; an
entity tag never matches, because none is given out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime

from appliance.model.images import Literal, Part, Segment, StoreFile

TYPES: Mapping[str, str] = {
    ".efi": "application/efi",  # EDK2 decides by it what the file is
    ".iso": "application/vnd.efi-iso",
    ".img": "application/vnd.efi-img",
    ".ipxe": "text/plain; charset=utf-8",
    ".crt": "application/x-x509-ca-cert",
    ".txt": "text/plain; charset=utf-8",
}
OTHER_TYPE = "application/octet-stream"

_ONE_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Served:
    """One file: `modified` is Unix seconds, for Last-Modified and If-Range."""

    segments: tuple[Segment, ...]
    type: str
    modified: float = 0.0

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(segment.size for segment in self.segments)

    @property
    def last_modified(self) -> str:
        """The HTTP date."""
        return formatdate(int(self.modified), usegmt=True)


@dataclass(frozen=True, slots=True)
class Piece:
    """`count` bytes of one file on disk from `offset` on."""

    file: str
    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class Cut:
    """The bytes from `start` to behind `stop`; `partial` makes it a 206."""

    start: int
    stop: int
    partial: bool


class Unsatisfiable(ValueError):
    """The range begins behind the end of the file: 416."""


def type_of(name: str) -> str:
    """The media type for a file name.

    >>> type_of("snponly.EFI"), type_of("bzImage")
    ('application/efi', 'application/octet-stream')
    """
    return TYPES.get(name[name.rfind(".") :].lower() if "." in name else "", OTHER_TYPE)


def served_part(part: Part, modified: float) -> Served:
    """An image's part."""
    return Served(part.segments, type_of(part.name), modified)


def served_text(text: str, kind: str = ".ipxe") -> Served:
    """A script or page made just now."""
    return Served((Literal(text.encode()),), TYPES[kind])


def cut(size: int, range_header: str | None, if_range: str | None, modified: float) -> Cut:
    """Which bytes to send.  Raises Unsatisfiable."""
    whole = Cut(0, size, partial=False)
    asked = _ONE_RANGE.fullmatch(range_header.strip()) if range_header else None
    if asked is None or (if_range is not None and not _same_date(if_range, modified)):
        return whole
    first, last = asked.groups()
    if first:
        start = int(first)
        stop = min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return whole  # not a range at all, so the header is ignored
    elif last:
        start, stop = max(0, size - int(last)), size
    else:
        return whole
    if start >= size:
        raise Unsatisfiable
    return Cut(start, stop, partial=True)


def pieces(segments: tuple[Segment, ...], start: int, stop: int) -> list[Piece | bytes]:
    """The segments' bytes from `start` to behind `stop`, in order."""
    found: list[Piece | bytes] = []
    at = 0
    for segment in segments:
        first, behind = max(start - at, 0), min(stop - at, segment.size)
        if first < behind:
            if isinstance(segment, StoreFile):
                found.append(Piece(segment.file, segment.offset + first, behind - first))
            else:
                found.append(segment.content[first:behind])
        at += segment.size
    return found


def _same_date(text: str, modified: float) -> bool:
    try:
        return int(parsedate_to_datetime(text).timestamp()) == int(modified)
    except (ValueError, TypeError, OverflowError):
        return False
