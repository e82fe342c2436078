"""The event table that every role's file has."""

from collections.abc import Collection

from appliance.events import KINDS
from appliance.store import journal
from appliance.store.journal import Entry
from appliance.store.looks.open import FILES, Files

_NONE: list[Entry] = []


class JournalLooks(Files):
    """What every role said."""

    def events(self, name: str, after: int = 0, limit: int = 500) -> list[Entry]:
        """Events of one file after a cursor, oldest first."""
        return self.look(name, lambda file: list(journal.read(file, after, limit)), _NONE)

    def events_back(
        self,
        name: str,
        before: int,
        limit: int,
        *,
        kinds: Collection[str] = KINDS,
        since: float = 0.0,
    ) -> list[Entry]:
        """Events of one file before a place, newest first."""
        return self.look(
            name, lambda file: journal.read_back(file, before, limit, kinds, since), _NONE
        )

    def events_on(
        self, name: str, after: int, limit: int, *, kinds: Collection[str] = KINDS
    ) -> list[Entry]:
        """Events of one file after a place, oldest first."""
        return self.look(name, lambda file: journal.read_on(file, after, limit, kinds), _NONE)

    def latest(self, kinds: Collection[str], fields: Collection[str]) -> list[Entry]:
        """The newest event of each kind and of each value of these fields: file after file, each
        newest first.  Nothing is in order of time, for the clock may have been set in between."""
        return [
            entry
            for name in FILES
            for entry in self.look(name, lambda file: journal.latest(file, kinds, fields), _NONE)
        ]

    def last_event(self, name: str) -> int:
        """The place of the newest event of one file, 0 when there is none."""
        return self.look(name, journal.last, 0)

    def answers(self, role: str, wish: str, asked_at: float) -> list[Entry]:
        """Events in the file of a role that name a wish, oldest first."""
        return self.look(role, lambda file: journal.answers(file, wish, asked_at), _NONE)
