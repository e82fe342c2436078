"""Numbered revisions of the RouterConfig.

A revision's `config` is canonical JSON (sorted keys, two spaces), so that two of them can be
compared line by line, and equal content has an equal hash.
"""

import hashlib
import json
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from appliance.store.tables import Revision


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


def add(session: Session, config: dict[str, Any], *, account: str, author: str, at: float) -> int:
    """Store a checked config as the next revision; the newest's number if nothing differs."""
    text = canonical(config)
    before = newest(session)
    if before is not None and before.hash == content_hash(text):
        return int(before.number or 0)
    return put(session, text, layout=int(config["schema"]), account=account, author=author, at=at)


def adopt(engine: Engine, text: str, **about: Any) -> None:
    """Store a revision that came from elsewhere with its number; `about` as `put` takes it."""
    with Session(engine) as session, session.begin():
        put(session, text, **about)


def put(
    session: Session,
    text: str,
    *,
    layout: int,
    account: str,
    author: str,
    at: float,
    number: int | None = None,
) -> int:
    """Store a revision as it is; its number, the next one unless it has one."""
    row = Revision(
        number=number,
        layout=layout,
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
