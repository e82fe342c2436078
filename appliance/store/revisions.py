"""Numbered revisions of the RouterConfig, and the draft of the next one.

A revision's `config` is canonical JSON (sorted keys, two spaces), so that two of them can be
compared line by line, and equal content has an equal hash.
"""

import hashlib
import json
from typing import Any

from sqlmodel import Session, col, select

from appliance.store.tables import Draft, Revision


def canonical(config: dict[str, Any]) -> str:
    """The one way to write a config.

    >>> print(canonical({"b": 1, "a": []}))
    {
      "a": [],
      "b": 1
    }
    """
    return json.dumps(config, indent=2, sort_keys=True)


def content_hash(text: str) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def newest(session: Session) -> Revision | None:
    """The revision with the highest number."""
    return session.exec(select(Revision).order_by(col(Revision.number).desc()).limit(1)).first()


def numbered(session: Session, number: int) -> Revision | None:
    """One revision."""
    return session.get(Revision, number)


def all_numbers(session: Session) -> list[tuple[int, str, float]]:
    """(number, author, at) of every revision, newest first."""
    rows = session.exec(
        select(Revision.number, Revision.author, Revision.at).order_by(col(Revision.number).desc())
    )
    return [(int(number or 0), author, at) for number, author, at in rows]


def add(session: Session, config: dict[str, Any], *, account: str, author: str, at: float) -> int:
    """Store a checked config as the next revision; the newest's number if nothing differs."""
    text = canonical(config)
    before = newest(session)
    if before is not None and before.hash == content_hash(text):
        return int(before.number or 0)
    row = Revision(
        layout=int(config["schema"]),
        account=account,
        origin="local",
        author=author,
        at=at,
        hash=content_hash(text),
        config=text,
    )
    session.add(row)
    session.flush()
    return int(row.number or 0)


def draft(session: Session, account: str) -> Draft | None:
    """The change being prepared."""
    return session.get(Draft, account)


def keep_draft(
    session: Session, config: dict[str, Any], *, base: int, account: str, author: str, at: float
) -> None:
    """Save the draft in place of the one before."""
    row = session.get(Draft, account)
    if row is None:
        row = Draft(account=account, base=base, author=author, at=at, config="")
    row.base, row.author, row.at, row.config = base, author, at, canonical(config)
    session.add(row)


def drop_draft(session: Session, account: str) -> None:
    """Forget the draft."""
    row = session.get(Draft, account)
    if row is not None:
        session.delete(row)
