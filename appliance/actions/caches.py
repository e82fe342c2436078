"""Binary caches: asked before anything is built; added, ordered, tried, switched off.

A cache is inventory: effective at once, undoable.  Its password is a file of its own that web never
reads again: the broker hands it to the one job that asks this cache.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select

from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act
from appliance.actions.refusals import Unknown, problem
from appliance.actions.sources import CACHE_PASSWORDS, KEY_MODE
from appliance.errors import Problem, Refused
from appliance.events import CacheActed
from appliance.model.caches import Cache, Said, checked
from appliance.store.inventory import Acting
from appliance.store.tables import CacheRow

SCOPE = "admin"
MOST = 20
DEEDS = ("try", "has", "up", "down", "on", "off", "remove")
WHAT_LONGEST = 400


def save_cache(desk: Desk, actor: Actor, ident: str, said: Said) -> Done:
    """Add a cache after the others, or change the one with that id; then it is tried.

    Without a user it is asked without a password.  At another address it is another server, and is
    not shown the password that was kept for the one before.
    """
    with act(desk, actor, "save_cache", scope=SCOPE) as doing:
        told = checked(said)
        row = _row(doing, ident) if ident else None
        _check_others(desk, ident, told.url)
        values: dict[str, Any] = {
            "url": told.url,
            "keys": told.keys,
            "user": told.user,
            "credential": _credential(desk, row, told),
            "set_at": desk.now(),
        }
        if row is None:
            ident = desk.new_id()
            rows = _rows(doing)
            more: dict[str, Any] = {
                "place": rows[-1].place + 1 if rows else 1,
                "enabled": True,
                "origin": ORIGIN,
            }
            doing.insert(CacheRow(id=ident, account=actor.account, **values, **more))
        else:
            doing.change(row, **values)
        doing.wish(desk.new_id(), "build", "try-cache", cache=ident)
        return doing.tell(ident, f"{told.url} is saved, and tried now.", CacheActed)


def act_on_cache(desk: Desk, actor: Actor, ident: str, deed: str, what: str = "") -> Done:
    """One of DEEDS; `what` is asked for.  Raises Unknown for other words."""
    if deed in ("up", "down"):
        return move_cache(desk, actor, ident, up=deed == "up")
    if deed in ("on", "off"):
        return enable_cache(desk, actor, ident, on=deed == "on")
    if deed == "has":
        return ask_cache(desk, actor, ident, what)
    if deed == "remove":
        return remove_cache(desk, actor, ident)
    if deed == "try":
        return try_cache(desk, actor, ident)
    raise Unknown(problem(f"With a cache, nobody can {deed!r}: it is one of {', '.join(DEEDS)}."))


def move_cache(desk: Desk, actor: Actor, ident: str, *, up: bool) -> Done:
    """Have it asked before the one above it, or after the one below.  Raises Unknown."""
    with act(desk, actor, "move_cache", scope=SCOPE) as doing:
        row, rows = _row(doing, ident), _rows(doing)
        at = [one.id for one in rows].index(ident)
        to = max(at - 1, 0) if up else min(at + 1, len(rows) - 1)
        rows.insert(to, rows.pop(at))
        for place, one in enumerate(rows, 1):
            doing.change(one, place=place)
        where = "is asked first" if to == 0 else f"is asked after {rows[to - 1].url}"
        return doing.tell(ident, f"{row.url} {where}.", CacheActed)


def try_cache(desk: Desk, actor: Actor, ident: str) -> Done:
    """Have it tried step by step; what came of it is the answer to the wish.  Raises Unknown."""
    with act(desk, actor, "try_cache", scope=SCOPE) as doing:
        row = _row(doing, ident)
        doing.wish(desk.new_id(), "build", "try-cache", cache=ident)
        return doing.tell(ident, f"{row.url} is tried now.", CacheActed)


def ask_cache(desk: Desk, actor: Actor, ident: str, what: str) -> Done:
    """Ask whether it has `what`: a store path, or a host by its name or id; the answer comes to the
    wish.  Raises Unknown, and Refused for what is neither."""
    with act(desk, actor, "ask_cache", scope=SCOPE) as doing:
        row = _row(doing, ident)
        asked = _asked(desk, what.strip())
        doing.wish(desk.new_id(), "build", "has", cache=ident, what=asked)
        return doing.tell(ident, f"{row.url} is asked for {asked.rpartition('/')[2]}.", CacheActed)


def enable_cache(desk: Desk, actor: Actor, ident: str, *, on: bool) -> Done:
    """Let it be asked, or leave it out.  Raises Unknown."""
    with act(desk, actor, "enable_cache", scope=SCOPE) as doing:
        row = _row(doing, ident)
        doing.change(row, enabled=on)
        if on:
            doing.wish(desk.new_id(), "build", "try-cache", cache=ident)
        return doing.tell(
            ident, f"{row.url} is {'asked' if on else 'not asked any more'}.", CacheActed
        )


def remove_cache(desk: Desk, actor: Actor, ident: str) -> Done:
    """Let it be; nothing it signs is taken any more.  Raises Unknown."""
    with act(desk, actor, "remove_cache", scope=SCOPE) as doing:
        row = _row(doing, ident)
        url = row.url
        doing.delete(row)
        what = f"{url} is removed. What came from it stays as long as it is needed."
        return doing.tell(ident, what, CacheActed)


def _asked(desk: Desk, what: str) -> str:
    """A store path as it is, a host as its id."""
    if what.startswith("/nix/store/") and len(what) <= WHAT_LONGEST and what.isprintable():
        return what
    hosts = [one.host for one in desk.reads.verdicts()]
    found = [one for one in hosts if what in (one, one.partition("/")[2])]
    if len(found) == 1:
        return found[0]
    said = "Write a path below /nix/store, or a host's name."
    if found:
        said = f"Several sources have a host {what}. Write one of {', '.join(found)}."
    raise Refused(Problem(("what",), said))


def _credential(desk: Desk, row: CacheRow | None, told: Said) -> str | None:
    """The file with the password: a new one for a new password, so that undo finds the old one.

    Raises Refused when a password is missing.
    """
    if not told.user:
        return None
    if told.password:
        name = desk.new_id()
        content = {"user": told.user, "password": told.password, "url": told.url}
        desk.secrets.write(f"{CACHE_PASSWORDS}/{name}", json.dumps(content).encode(), mode=KEY_MODE)
        return name
    if row is not None and row.credential and (row.url, row.user) == (told.url, told.user):
        return row.credential
    what = "Write the password for this user at this address; what was kept is for another."
    first = "Write the password, too. Without a user it is asked without one."
    raise Refused(Problem(("password",), what if row is not None and row.credential else first))


def _row(doing: Acting, ident: str) -> CacheRow:
    row = doing.session.get(CacheRow, ident)
    if row is None:
        raise Unknown(problem("This cache is not there any more.", "cache"))
    return row


def _rows(doing: Acting) -> list[CacheRow]:
    """In their order."""
    order = (col(CacheRow.place), col(CacheRow.set_at), col(CacheRow.id))
    return list(doing.session.exec(select(CacheRow).order_by(*order)))


def _check_others(desk: Desk, ident: str, url: str) -> None:
    """Raises Refused when another has the address, or there are too many."""
    others: Sequence[Cache] = [one for one in desk.reads.caches() if one.id != ident]
    if url in (one.url for one in others):
        raise Refused(Problem(("url",), "This cache is there already. Change that one instead."))
    if not ident and len(others) >= MOST:
        raise Refused(Problem(("url",), f"There are {MOST} caches already. Remove one first."))
