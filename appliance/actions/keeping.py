"""Who may keep the change that is on trial: its author, over a connection that will be left.

The author gets a link for the new address, which another device can open without signing in.  Its
token is made from the change's id with a key of this router's, so it is good for one change, and
dead when that is over.
"""

import base64
import hmac
import json
from ipaddress import IPv6Network

from appliance.actions.desk import Actor, Desk
from appliance.actions.refusals import Clash, Unknown, problem
from appliance.model import migrate, read
from appliance.model.config import RouterConfig
from appliance.model.path import Path, Standing, path, standing
from appliance.store.inventory_view import Author

KEY, KEY_BYTES = "keep.key", 32
TOKEN_BYTES = 16
LINK = "link"
"""How somebody came who has the link and nothing else."""


def way(actor: Actor) -> Path:
    """The connection that the actor's request came over."""
    return path(actor.reached, actor.address)


def standing_of(desk: Desk, actor: Actor, change: str, revision: int) -> Standing:
    """May the actor keep the change?  Being its author and coming over the right way both count."""
    author = desk.reads.author_of(change)
    if author is not None and not _is_author(actor, author):
        why = f"{author.name} put revision {revision} on trial, and only {author.name} can keep it."
        return Standing(keeps=False, why=f"{why} You can undo it.")
    before, after = configs(desk, revision)
    if after is None:
        return Standing(keeps=True)
    return standing(before, after, way(actor), lent(desk))


def lent(desk: Desk) -> IPv6Network | None:
    """The IPv6 prefix of the provider, as `net` knows it now."""
    slices = desk.reads.slices()
    return slices.ipv6.delegated if slices else None


def is_author(desk: Desk, actor: Actor, change: str) -> bool:
    """Did the actor ask for the change?"""
    author = desk.reads.author_of(change)
    return author is not None and _is_author(actor, author)


def configs(desk: Desk, revision: int) -> tuple[RouterConfig | None, RouterConfig | None]:
    """The configuration that is kept, and that of a revision; None for what there is not."""
    kept, row = desk.reads.kept(), desk.reads.revision(revision)
    return _read(kept.config) if kept else None, _read(row.config) if row else None


def token(desk: Desk, change: str) -> str:
    """The word that keeps this change, for whoever has it."""
    key = desk.secrets.read(KEY)
    if not key:
        key = desk.random(KEY_BYTES)
        if desk.lasting:
            desk.secrets.write(KEY, key)
    made = hmac.digest(key, f"keep {change}".encode(), "sha256")
    return base64.urlsafe_b64encode(made[:TOKEN_BYTES]).rstrip(b"=").decode()


def check(desk: Desk, change: str | None, given: str) -> None:
    """Raise Unknown unless `given` is the token of `change`, Clash when it was used already."""
    if change is None or not hmac.compare_digest(token(desk, change).encode(), given.encode()):
        what = "This link is for no change that is on trial: it was kept or undone meanwhile."
        raise Unknown(problem(what))
    if desk.reads.is_kept_soon(change):
        raise Clash(problem("This link was used already: the change is being kept."))


def holder(address: str, reached: str) -> Actor:
    """Whoever opened the link."""
    return Actor("the link for Keep", frozenset({"admin"}), LINK, address, reached=reached)


def refuse(found: Standing) -> None:
    """Raise Clash with the reason, unless the change may be kept."""
    if not found.keeps:
        raise Clash(problem(found.why))


def _is_author(actor: Actor, author: Author) -> bool:
    """The box itself is whoever has its console; the link was given by the author."""
    return actor.how in ("local", LINK) or (actor.kind, actor.id) == (author.kind, author.id)


def _read(text: str) -> RouterConfig:
    return read.config(migrate.upgraded(json.loads(text)))
