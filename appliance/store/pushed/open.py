"""The door to `pushed/`: pieces of pushed hosts by their SHA-256, and what is to be made of them.

Written by web only; build reads, copies what it publishes and leaves the rest.  A piece that has
not all its bytes yet is called `<sha256>.part`: who was cut off goes on where that ends.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.model.pushed import LARGEST_FILE, Piece
from appliance.store.open import free_on

FOLDER = "pushed"
KEPT_SECONDS = 86_400.0
"""How long what nobody went on with stays."""
MOST_BYTES = 2 * LARGEST_FILE
FREE_BYTES = 1 << 30
"""What has to stay free on the disk."""
READ_BYTES = 1 << 20


class Full(Exception):
    """There is no room for it."""


class Pieces:
    """The folder, below the state directory."""

    def __init__(self, state: Path, most: int = MOST_BYTES) -> None:
        self._most = most
        self._folder = state / FOLDER
        self._published = state / "published/files"

    def has(self, piece: Piece) -> int:
        """How many of its bytes are here."""
        for place in (self._published / piece.sha256, self._whole(piece.sha256)):
            with suppress(OSError):
                if place.stat().st_size == piece.size:
                    return piece.size
        return self._begun(piece.sha256)

    def add(self, piece: Piece, at: int, content: bytes) -> int:
        """Append `content`, which begins at `at`; returns how many bytes are here then.

        What does not belong at the end is left.  A whole piece whose hash is another is forgotten:
        then 0.  Raises Full.
        """
        part = self._part(piece.sha256)
        if self.has(piece) != at or at + len(content) > piece.size:
            return self.has(piece)
        if at == 0:
            self._make_room(piece.size)
        with part.open("ab") as file:
            file.write(content)
        if part.stat().st_size < piece.size:
            return part.stat().st_size
        if _sha256(part) != piece.sha256:
            part.unlink()
            return 0
        part.chmod(0o640)
        part.replace(self._whole(piece.sha256))
        return piece.size

    def leave(self, ident: str, told: dict[str, Any]) -> None:
        """Write down what is to be made, under its id."""
        fresh = self._folder / f".{ident}"
        fresh.write_text(json.dumps(told))
        fresh.chmod(0o640)
        fresh.replace(self._folder / f"{ident}.json")

    def sweep(self) -> None:
        """Forget what is published, and what nobody went on with."""
        with suppress(FileNotFoundError):
            for one in self._folder.iterdir():
                with suppress(OSError):
                    old = time.time() - one.stat().st_mtime > KEPT_SECONDS
                    if old or (self._published / one.name).exists():
                        one.unlink()

    def _make_room(self, size: int) -> None:
        self.sweep()
        there = sum(one.stat().st_size for one in self._folder.iterdir())
        # Twice: it is copied to where it is served from.
        if there + size > self._most or free_on(self._folder) < (2 * size + FREE_BYTES):
            raise Full

    def _begun(self, sha256: str) -> int:
        try:
            return self._part(sha256).stat().st_size
        except OSError:
            return 0

    def _part(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.part"

    def _whole(self, sha256: str) -> Path:
        return self._folder / sha256


def arrived(state: Path, ident: str) -> Any:
    """What `leave` wrote under that id.  Raises OSError or ValueError."""
    return json.loads((state / FOLDER / f"{os.path.basename(ident)}.json").read_text())


def whole(state: Path, sha256: str) -> Path:
    """Where a piece lies that is here whole."""
    return state / FOLDER / sha256


def _sha256(place: Path) -> str:
    told = hashlib.sha256()
    with place.open("rb", buffering=0) as file:
        while content := file.read(READ_BYTES):
            told.update(content)
    return told.hexdigest()
