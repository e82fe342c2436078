"""Webhooks: a source is looked at as soon as its forge tells of a push.

The secret is made here, shown once, and kept in a file of its own; without one there is no webhook.
"""

from collections.abc import Mapping

from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.refusals import Unknown, problem
from appliance.actions.sources import WEBHOOKS, refresh_source
from appliance.events import SourceActed, WebhookHeard
from appliance.model.source_url import NotASource, parse
from appliance.model.webhooks import IGNORED, OFTEN, REFUSED, TAKEN, Heard, Pace, digest, heard
from appliance.store import inventory
from appliance.store.inventory_view import SourceView
from appliance.store.journal import Entry
from appliance.store.tables import Source

SECRET_BYTES = 32
SHOWN = 8
LOOKED_THROUGH = 400
"""Deliveries of all sources among which one is known again."""
BEFORE_ALL = 1 << 62  # a place behind every event


def open_webhook(desk: Desk, actor: Actor, source: str) -> tuple[Done, str]:
    """Make a new secret, in place of the one before; the secret is for this once."""
    with act(desk, actor, "open_webhook", scope="admin") as doing:
        row = _source(inventory.source(doing.session, source))
        secret, name = desk.random(SECRET_BYTES).hex(), desk.new_id()
        desk.secrets.write(f"{WEBHOOKS}/{name}", secret.encode())
        doing.change(row, webhook=name)
        what = f"{row.name} has a webhook. Give its secret to the forge; it is shown this once."
        return doing.tell(row.id, what, SourceActed), secret


def close_webhook(desk: Desk, actor: Actor, source: str) -> Done:
    """Nobody is listened to any more."""
    with act(desk, actor, "close_webhook", scope="admin") as doing:
        row = _source(inventory.source(doing.session, source))
        doing.change(row, webhook=None)
        return doing.tell(row.id, f"{row.name} has no webhook any more.", SourceActed)


def deliver(
    desk: Desk, pace: Pace, ident: str, headers: Mapping[str, str], body: bytes, address: str
) -> Heard | None:
    """Take what a forge sent; None when there is no such webhook."""
    source = next((one for one in desk.reads.sources() if one.id == ident), None)
    if source is None or source.webhook is None:
        return None
    if not pace.enters(ident, desk.now()):
        return Heard(OFTEN, "It came too often. Wait a minute, then deliver it again.")
    secret = desk.secrets.read(f"{WEBHOOKS}/{source.webhook}")
    if secret is None:
        return None
    found = heard(headers, body, secret, _branch(desk, source))
    known = digest(body)
    if found.outcome == TAKEN and _came_before(desk, ident, known):
        found = Heard(IGNORED, "The same was delivered and taken before.")
    if found.outcome == TAKEN:
        _look(desk, source, address)
    if found.outcome != REFUSED or pace.worth_noting(ident, desk.now()):
        event = WebhookHeard(ident, found.outcome, found.what, address, known)
        inventory.note(desk.inventory, event, desk.now())
    return found


def deliveries(desk: Desk, source: str) -> list[tuple[float, WebhookHeard]]:
    """The newest of a source first, with their time."""
    return [
        (entry.at, entry.event)
        for entry in _all(desk)
        if isinstance(entry.event, WebhookHeard) and entry.event.source == source
    ]


def _look(desk: Desk, source: SourceView, address: str) -> None:
    actor = Actor(f"webhook of {source.name}", frozenset({"write"}), "", address=address)
    refresh_source(desk, actor, source.id)


def _came_before(desk: Desk, source: str, known: str) -> bool:
    return any(one.outcome == TAKEN and one.digest == known for _, one in deliveries(desk, source))


def _all(desk: Desk) -> list[Entry]:
    kinds = (WebhookHeard.__name__,)
    return desk.reads.events_back("nixie", BEFORE_ALL, LOOKED_THROUGH, kinds=kinds)


def _branch(desk: Desk, source: SourceView) -> str | None:
    """The branch that it follows: "" for the default one, None for a commit."""
    try:
        url = parse(source.url, desk.reads.allowed_directories())
    except NotASource:
        return ""
    return None if url.pinned else url.ref


def _source(row: Source | None) -> Source:
    if row is None:
        raise Unknown(problem("There is no such source, or it was removed. Look at the list."))
    return row
