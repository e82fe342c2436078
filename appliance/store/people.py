"""access.db: users, sessions, roles, tokens, the audit and the claim.

Secrets are stored as hashes only: passwords by argon2id (`passwords.py`), the cookie, tokens and
the claim code, which are random and long, by SHA-256.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Engine, delete, func, update
from sqlmodel import Session, col, select

from appliance.store.tables import Act, Audit, Claim, Role, Token, User
from appliance.store.tables import Session as SessionRow

ROLES: Mapping[str, str] = {
    "owner": "read write admin",
    "helper": "read write",
    "viewer": "read",
}
"""Role name → scopes, written at the first start."""

SCOPES: Mapping[str, frozenset[str]] = {
    "read": frozenset({"read"}),
    "write": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "admin"}),
}
"""What a token's scope includes."""

IDLE_SECONDS = 12 * 3600
LONGEST_SECONDS = 30 * 86400
SEEN_EVERY_SECONDS = 60  # how often `seen_at` is written


def secret_hash(secret: str) -> str:
    """How random secrets are stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One transaction that may change things."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def looking(engine: Engine) -> Iterator[Session]:
    """One transaction that only reads, and holds up nobody."""
    with Session(engine.execution_options(begin="DEFERRED"), expire_on_commit=False) as session:
        yield session


def first_rows(session: Session) -> None:
    """Write the roles that are missing."""
    for name, scopes in ROLES.items():
        if session.get(Role, name) is None:
            session.add(Role(name=name, scopes=scopes))


def user(session: Session, name: str) -> User | None:
    """A user by name, in any case."""
    return session.exec(select(User).where(func.lower(User.name) == name.lower())).first()


def claimed(session: Session) -> bool:
    """Whether anybody has a password here."""
    return session.exec(select(User.id).limit(1)).first() is not None


def scopes_of(session: Session, role: str) -> frozenset[str]:
    """What that role may do; nothing when it does not exist."""
    row = session.get(Role, role)
    return frozenset(row.scopes.split()) if row else frozenset()


def session_of(session: Session, cookie: str, now: float) -> tuple[SessionRow, User] | None:
    """The live session behind a cookie, with its user."""
    row = session.get(SessionRow, secret_hash(cookie))
    if row is None or now > row.seen_at + IDLE_SECONDS or now > row.created_at + LONGEST_SECONDS:
        return None
    found = session.get(User, row.user)
    return (row, found) if found else None


def drop_sessions(session: Session, user: str, *, but: str | None = None) -> None:
    """End every session of that user, except the one with the id `but`."""
    session.execute(
        delete(SessionRow).where(col(SessionRow.user) == user, col(SessionRow.id) != (but or ""))
    )


def move_sessions(session: Session, seconds: float) -> None:
    """Move every session's times along: the clock was set."""
    session.execute(
        update(SessionRow).values(
            created_at=SessionRow.created_at + seconds, seen_at=SessionRow.seen_at + seconds
        )
    )


def bring_near(session: Session, now: float) -> None:
    """Nobody was seen later than now: the clock was set back while nobody looked."""
    session.execute(update(SessionRow).where(col(SessionRow.seen_at) > now).values(seen_at=now))
    later = col(SessionRow.created_at) > now
    session.execute(update(SessionRow).where(later).values(created_at=now))


def drop_old_sessions(session: Session, now: float) -> None:
    """Forget sessions that nobody can use any more."""
    session.execute(
        delete(SessionRow).where(
            (col(SessionRow.seen_at) < now - IDLE_SECONDS)
            | (col(SessionRow.created_at) < now - LONGEST_SECONDS)
        )
    )


def token_of(session: Session, secret: str, now: float) -> Token | None:
    """The live token with that secret."""
    row = session.exec(select(Token).where(Token.hash == secret_hash(secret))).first()
    if row is None or row.revoked_at is not None:
        return None
    return None if row.ends_at is not None and now > row.ends_at else row


def tokens(session: Session, account: str) -> list[Token]:
    """Every token that was not revoked, newest first."""
    return list(
        session.exec(
            select(Token)
            .where(Token.account == account, col(Token.revoked_at).is_(None))
            .order_by(col(Token.created_at).desc())
        )
    )


def open_claim(session: Session) -> Claim | None:
    """The claim that waits for its code."""
    row = session.get(Claim, 1)
    return row if row is not None and row.claimed_at is None else None


def end_everything(session: Session, now: float) -> None:
    """Forget every user with their sessions, revoke every token, and open the claim again."""
    session.execute(delete(SessionRow))
    session.execute(delete(User))
    session.execute(update(Token).where(col(Token.revoked_at).is_(None)).values(revoked_at=now))
    session.execute(delete(Claim))


AUDIT_KEPT = 200_000
"""Lines; whoever guesses passwords writes some, and they take some 40 MB."""


def audit(
    session: Session,
    *,
    at: float,
    account: str,
    actor: str,
    actor_kind: str,
    actor_id: str,
    address: str,
    verb: str,
    what: str,
    subject: str = "",
    outcome: str = "done",
    act: str | None = None,
) -> None:
    """Write one line of the audit, and forget the line that is too old by now."""
    line = Audit(
        act=act,
        at=at,
        account=account,
        actor=actor,
        actor_kind=actor_kind,
        actor_id=actor_id,
        address=address,
        verb=verb,
        subject=subject,
        what=what,
        outcome=outcome,
    )
    session.add(line)
    session.flush()
    session.execute(delete(Audit).where(col(Audit.seq) <= (line.seq or 0) - AUDIT_KEPT))


def audit_act(session: Session, act: Act) -> None:
    """Copy an act of nixie.db into the audit, once."""
    if session.exec(select(Audit.seq).where(Audit.act == act.id)).first() is None:
        audit(
            session,
            at=act.at,
            account=act.account,
            actor=act.actor,
            actor_kind=act.actor_kind,
            actor_id=act.actor_id,
            address=act.address,
            verb=act.verb,
            what=act.what,
            subject=act.subject,
            act=act.id,
        )


def last_audited_act(session: Session) -> float:
    """When the youngest act that the audit knows was done; 0 when it knows none."""
    found = session.exec(select(func.max(Audit.at)).where(col(Audit.act).is_not(None))).first()
    return float(found or 0.0)


def known_addresses(session: Session, since: float, limit: int = 1024) -> list[str]:
    """Addresses where somebody signed in since then, the last one last."""
    found = session.exec(
        select(Audit.address)
        .where(col(Audit.verb).in_(("login", "claim")), Audit.outcome == "done", Audit.at >= since)
        .group_by(col(Audit.address))
        .order_by(func.max(Audit.seq).desc())
        .limit(limit)
    )
    return list(found)[::-1]


def audited(session: Session, account: str, limit: int) -> list[Audit]:
    """The newest lines first."""
    return list(
        session.exec(
            select(Audit)
            .where(Audit.account == account)
            .order_by(col(Audit.seq).desc())
            .limit(limit)
        )
    )
