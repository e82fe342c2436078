"""DOOR: the inventory of a bench's router, written as web writes it, without web."""

import uuid
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from appliance.model.config import SCHEMA, RouterConfig
from appliance.model.read import to_json
from appliance.store.migrations.open import inventory_engine
from appliance.store.revisions import canonical, put
from appliance.store.tables import Wish
from appliance.store.wishes import body

ACCOUNT, AUTHOR = "local", "bench"


def inventory(state: Path, first: RouterConfig) -> Engine:
    """Make nixie.db with `first` as revision 1, which `net` keeps by itself."""
    web = inventory_engine(state)
    revise(web, first)
    return web


def revise(web: Engine, config: RouterConfig) -> int:
    """Write the next revision; its number."""
    text = canonical(to_json(config))
    with Session(web) as session, session.begin():
        return put(session, text, layout=SCHEMA, account=ACCOUNT, author=AUTHOR, at=0.0)


def wish(web: Engine, kind: str, **fields: str) -> str:
    """Ask `net` for something; the id of the wish."""
    ident = uuid.uuid4().hex
    row = Wish(
        id=ident,
        account=ACCOUNT,
        author=AUTHOR,
        role="net",
        kind=kind,
        body=body("net", kind, **fields),
        at=0.0,
    )
    with Session(web) as session, session.begin():
        session.add(row)
    return ident
