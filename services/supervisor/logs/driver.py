"""The door to the roles' logs."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

LOG_BYTES = 1 << 20
"""A log is moved aside at this size; one older file is kept."""
TAIL_BYTES = 4096
LONGEST_LINE = 300


class Logs:
    """One file per name in `folder`; `gid` is the group that may read them, None to leave it."""

    def __init__(self, folder: Path, gid: int | None) -> None:
        self._folder, self._gid = folder, gid

    def open(self, name: str) -> int:
        """A descriptor to append to; never through a link.

        Where no log can be had (a full disk, no folder) the words are lost, not the role.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(self._folder / f"{name}.log", flags, 0o640)
        except OSError:
            return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        if self._gid is not None:
            os.fchown(descriptor, -1, self._gid)
        return descriptor

    def trim(self, name: str) -> None:
        """Move a log that grew too long aside; whoever appends to it goes on at its beginning."""
        path = self._folder / f"{name}.log"
        aside = path.with_name(f"{name}.log.1")
        with suppress(OSError):
            if path.stat().st_size > LOG_BYTES:
                shutil.copyfile(path, aside)
                os.chmod(aside, 0o640)
                os.truncate(path, 0)

    def last_line(self, name: str, since: int) -> str:
        """The last line that was written after the first `since` bytes; "" when there is none."""
        try:
            with (self._folder / f"{name}.log").open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                begin = since if since <= size else 0  # it was trimmed meanwhile
                log.seek(max(begin, size - TAIL_BYTES))
                lines = log.read().decode(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip()[:LONGEST_LINE] for line in lines[::-1] if line.strip()), "")


def write_line(descriptor: int, line: str) -> None:
    """Append a line to an open log; a full disk loses it."""
    with suppress(OSError):
        os.write(descriptor, f"{line}\n".encode())
