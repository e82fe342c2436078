"""The door to every role's file for whoever looks: opened for one question, read-only.

A role that has not started yet has no file, or an empty one.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from appliance.errors import Unreachable
from appliance.store.open import reader

FILES = ("nixie", "net", "leases", "boot", "build", "wan", "notice")
"""Those with a journal."""
LOOKED_AT = (*FILES, "metrics", "dns")

Found = TypeVar("Found")


class Files:
    """The state directory, read-only."""

    def __init__(self, state: Path) -> None:
        self.state = state

    @contextmanager
    def file(self, name: str) -> Iterator[sqlite3.Connection | None]:
        """The file `name`.db for the time of one look; None when its role has not started."""
        path = self.state / f"{name}.db"
        if name not in LOOKED_AT or not path.exists():
            yield None
            return
        try:
            connection = reader(path)
        except Unreachable:
            yield None
            return
        try:
            yield connection
        finally:
            connection.close()

    def look(
        self, name: str, question: Callable[[sqlite3.Connection], Found], absent: Found
    ) -> Found:
        """Ask one question; `absent` where nobody can answer it yet."""
        with self.file(name) as connection:
            if connection is None:
                return absent
            try:
                return question(connection)
            except sqlite3.OperationalError as error:
                # The role makes its tables right now, or a newer Nixie made them otherwise.
                if "no such table" in str(error) or "no such column" in str(error):
                    return absent
                raise

    def document(self, path: str) -> Any:
        """The JSON of a file below the state directory; None when there is none."""
        try:
            return json.loads((self.state / path).read_bytes())
        except (OSError, ValueError):
            return None

    def started(self, name: str) -> bool:
        """Whether the role behind that file has made its tables."""
        return self.look(name, lambda _: True, False)
