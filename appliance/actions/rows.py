"""Rows of the draft: rules, forwards, routes, names of the owner's own.

What the owner calls a row is its key.  Rows of every kind are put in, taken out, moved and switched
in the same way; `Rows` says of one kind where the configuration has them.  What a form or a program
gives of one is `Stored`: as the configuration's JSON has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from appliance.actions import draft
from appliance.actions.desk import Actor, Desk, Done
from appliance.actions.refusals import Unknown, problem
from appliance.model import read
from appliance.model.config import RouterConfig

Stored = Mapping[str, Any]
Key = tuple[str, ...]
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Rows(Generic[Row]):
    """Rows of one kind: `place` is their path in the configuration, `words` name the fields that
    are a row's key, and `called` says one in a sentence.
    """

    kind: type[Row]
    place: tuple[str, ...]
    words: tuple[str, ...]
    called: str

    def name(self, key: Key) -> str:
        """A row at the beginning of a sentence."""
        return self.called.format(*key)

    def of(self, config: RouterConfig) -> tuple[Row, ...]:
        """All of them, in their order."""
        found: Any = config
        for word in self.place:
            found = getattr(found, word)
        return tuple(found)

    def at(self, config: RouterConfig, key: Key) -> int:
        """Where a row is among them.  Raises Unknown."""
        keys = [tuple(str(getattr(one, word)) for word in self.words) for one in self.of(config)]
        if key not in keys:
            raise Unknown(problem(f"{self.name(key)} is not there."))
        return keys.index(key)

    def saved(self, config: RouterConfig, before: Key, stored: Stored) -> RouterConfig:
        """With a row where `before` was, or at the end when that is ().

        Raises Unknown, Refused.
        """
        rows = self.of(config)
        at = self.at(config, before) if before else len(rows)
        made = read.part(self.kind, stored, (*self.place, at))
        return self._put(config, (*rows[:at], made, *rows[at + 1 :]))

    def without(self, config: RouterConfig, key: Key) -> RouterConfig:
        """Without that row.  Raises Unknown."""
        rows, at = self.of(config), self.at(config, key)
        return self._put(config, (*rows[:at], *rows[at + 1 :]))

    def moved(self, config: RouterConfig, key: Key, by: int) -> RouterConfig:
        """With that row so many places further on, or at an end.  Raises Unknown."""
        rows, at = self.of(config), self.at(config, key)
        rest = (*rows[:at], *rows[at + 1 :])
        to = min(max(at + by, 0), len(rest))
        return self._put(config, (*rest[:to], rows[at], *rest[to:]))

    def switched(self, config: RouterConfig, key: Key, *, on: bool) -> RouterConfig:
        """With that row, which has a switch, on or off.  Raises Unknown."""
        rows, at = self.of(config), self.at(config, key)
        row: Any = rows[at]
        return self._put(config, (*rows[:at], replace(row, enabled=on), *rows[at + 1 :]))

    def _put(self, config: RouterConfig, rows: tuple[Row, ...]) -> RouterConfig:
        made: RouterConfig = _with(config, self.place, rows)
        return made


def save(desk: Desk, actor: Actor, rows: Rows[Row], before: Key, stored: Stored) -> Done:
    """Put in a row, or change the one that is called `before`; () for a new one.

    Raises Unknown, Refused.
    """
    what = said(rows, before, stored)
    return draft.edit(desk, actor, lambda config: rows.saved(config, before, stored), what)


def remove(desk: Desk, actor: Actor, rows: Rows[Row], key: Key) -> Done:
    """Take out a row.  Raises Unknown."""
    what = f"{rows.name(key)} is to go away."
    return draft.edit(desk, actor, lambda config: rows.without(config, key), what)


def raise_up(desk: Desk, actor: Actor, rows: Rows[Row], key: Key) -> Done:
    """Let a row be asked before the one above it.  Raises Unknown."""
    what = f"{rows.name(key)} is to be asked earlier."
    return draft.edit(desk, actor, lambda config: rows.moved(config, key, -1), what)


def lower(desk: Desk, actor: Actor, rows: Rows[Row], key: Key) -> Done:
    """Let a row be asked after the one below it.  Raises Unknown."""
    what = f"{rows.name(key)} is to be asked later."
    return draft.edit(desk, actor, lambda config: rows.moved(config, key, 1), what)


def switch_on(desk: Desk, actor: Actor, rows: Rows[Row], key: Key) -> Done:
    """Let a row hold.  Raises Unknown."""
    what = f"{rows.name(key)} is to be switched on."
    return draft.edit(desk, actor, lambda config: rows.switched(config, key, on=True), what)


def switch_off(desk: Desk, actor: Actor, rows: Rows[Row], key: Key) -> Done:
    """Let a row stay, and hold no more.  Raises Unknown."""
    what = f"{rows.name(key)} is to be switched off."
    return draft.edit(desk, actor, lambda config: rows.switched(config, key, on=False), what)


def said(rows: Rows[Row], before: Key, stored: Stored) -> str:
    """What is to become of a row that is saved, in a sentence."""
    if before:
        return f"{rows.name(before)} is to be changed."
    return f"{rows.name(tuple(str(stored.get(word)) for word in rows.words))} is to be added."


def _with(whole: Any, place: tuple[str, ...], rows: tuple[object, ...]) -> Any:
    word, *rest = place
    inner = _with(getattr(whole, word), tuple(rest), rows) if rest else rows
    return replace(whole, **{word: inner})
