"""Where acts are done: the open books, the actor, and the frame every act has.

The frame checks the permission, opens the transaction, and writes the audit after it.  The audit
is in access.db and the act in nixie.db; should the power fail between the two commits, the next
start copies what is missing (`catch_up`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from appliance.actions.passwords import Passwords
from appliance.actions.patience import Patience
from appliance.actions.refusals import Forbidden, problem
from appliance.errors import Unreachable
from appliance.faults import Fault, no_fault
from appliance.model.config import RouterConfig
from appliance.steady import Watched
from appliance.store import people
from appliance.store.inventory import Acting, Heading, Told, acting, acts_since
from appliance.store.reads import Reads
from appliance.store.secrets.open import Secrets

ACCOUNT = "local"
ORIGIN = "local"

Done = Told
"""What every act returns: act, subject, what, undoable, wish."""

KINDS: Mapping[str, str] = {"session": "user", "token": "token", "local": "box"}
"""How somebody came → what they are."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.  `how`: "session", "token", "local" (the box's own key), "" for nobody known.

    A name is for people: a token may be called like a user.  Who it is are `kind` and `id`.
    """

    name: str
    scopes: frozenset[str]
    how: str
    address: str = ""
    account: str = ACCOUNT
    session: str | None = None  # id of the session row
    id: str = ""  # of the user or the token
    reached: str = ""  # the router's address that the request came to, "" on the box itself

    @property
    def kind(self) -> str:
        """user, token, box or nobody."""
        return KINDS.get(self.how, "nobody")

    def may(self, scope: str) -> bool:
        """Whether the scope ("read", "write", "admin") is among the actor's."""
        return scope in self.scopes


def nothing(_config: RouterConfig) -> None:
    """Nobody has to get ready for a configuration."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything acts need; the clock and the dice are given, so tests can hold them."""

    inventory: Engine
    people: Engine
    reads: Reads
    secrets: Secrets
    passwords: Passwords
    patience: Patience
    now: Callable[[], float]
    clock: Watched  # the same clock, for what is stored by it
    new_id: Callable[[], str]
    random: Callable[[int], bytes]
    fault: Fault = no_fault
    expect: Callable[[RouterConfig], None] = nothing  # called before it is asked for
    lasting: bool = True  # False: the disk can only be read, so nothing can be changed

    def close(self) -> None:
        """Let go of the files."""
        self.inventory.dispose()
        self.people.dispose()


@contextmanager
def act(desk: Desk, actor: Actor, verb: str, *, scope: str = "write") -> Iterator[Acting]:
    """The frame of one act on the inventory; `scope` is what the actor needs."""
    permit(desk, actor, scope, verb)
    savable(desk)
    heading = Heading(
        ident=desk.new_id(),
        at=desk.now(),
        account=actor.account,
        actor=actor.name,
        actor_kind=actor.kind,
        actor_id=actor.id,
        address=actor.address,
        verb=verb,
        scope=scope,
    )
    with acting(desk.inventory, heading) as doing:
        yield doing
    desk.fault("web.acted")
    if doing.told.what:
        write_audit(
            desk, actor, verb, doing.told.what, subject=doing.told.subject, act=heading.ident
        )


def savable(desk: Desk) -> None:
    """Raise Unreachable while nothing that is changed could be saved."""
    if not desk.lasting:
        what = f"Nothing was changed: the disk with {desk.reads.state} can only be read."
        raise Unreachable(
            f"{what} Check the disk or take another one, then start the router again."
        )


def permit(desk: Desk, actor: Actor, scope: str, verb: str) -> None:
    """Raise Forbidden, and say so in the audit, unless the actor has the scope."""
    if actor.may(scope):
        return
    what = f"{actor.name} may not do this: it needs the scope {scope!r}. Ask an owner."
    write_audit(desk, actor, verb, what, outcome="refused")
    raise Forbidden(problem(what))


def write_audit(
    desk: Desk,
    actor: Actor,
    verb: str,
    what: str,
    *,
    subject: str = "",
    outcome: str = "done",
    act: str | None = None,
) -> None:
    """One line of the audit."""
    with people.writing(desk.people) as session:
        people.audit(
            session,
            at=desk.now(),
            account=actor.account,
            actor=actor.name,
            actor_kind=actor.kind,
            actor_id=actor.id,
            address=actor.address,
            verb=verb,
            what=what,
            subject=subject,
            outcome=outcome,
            act=act,
        )


def catch_up(desk: Desk) -> None:
    """Copy acts into the audit that a power cut kept out of it."""
    with people.writing(desk.people) as session:
        for missed in acts_since(desk.inventory, people.last_audited_act(session)):
            people.audit_act(session, missed)
