"""Who gets in: the claim of a new router, signing in and out, passwords, tokens.

Nothing here is undoable: a secret that was shown or changed cannot be unseen.
"""

import base64
import hmac
from dataclasses import dataclass
from functools import partial
from math import ceil

from appliance.actions.desk import ACCOUNT, Actor, Desk, Done, permit, savable, write_audit
from appliance.actions.passwords import weakness
from appliance.actions.refusals import Forbidden, TooMany, Unknown, problem
from appliance.errors import Problem, Refused
from appliance.store import people
from appliance.store.secrets.open import CLAIM_FILE
from appliance.store.tables import Claim, Session, Token, User

CODE_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # none that are mistaken for another
LOCAL_TOKEN_FILE = "local-token"
TOKEN_PREFIX = "nixie_"
NAME_LONGEST = 40
OWNED = "This router has an owner already. Sign in instead."
TOO_OFTEN = {
    False: "Too many tries came from this address.",
    True: "Somebody is guessing here, so addresses that never signed in before wait their turn.",
}
KNOWN_SECONDS = 90 * 86400.0
"""How long an address counts as one where somebody signed in."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the cookie's value, which exists nowhere else, and who it is."""

    cookie: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token; `secret` is shown once."""

    id: str
    secret: str
    done: Done


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token without its secret."""

    id: str
    name: str
    scope: str
    made_by: str
    created_at: float
    ends_at: float | None
    used_at: float | None


def is_claimed(desk: Desk) -> bool:
    """Whether the router has an owner."""
    with people.looking(desk.people) as session:
        return people.claimed(session)


def claim_code(desk: Desk) -> str | None:
    """The code of the open claim, made at the first call; None once the router has an owner."""
    with people.writing(desk.people) as session:
        if people.claimed(session):
            desk.secrets.remove(CLAIM_FILE)
            return None
        stored = desk.secrets.read(CLAIM_FILE)
        row = people.open_claim(session)
        if stored and row is not None and people.secret_hash(_letters(stored.decode())) == row.code:
            return stored.decode().strip()
        letters, dice = "", int.from_bytes(desk.random(16), "big")
        while len(letters) < 8:
            dice, place = divmod(dice, len(CODE_LETTERS))
            letters += CODE_LETTERS[place]
        code = f"{letters[:4]}-{letters[4:]}"
        desk.secrets.write(CLAIM_FILE, f"{code}\n".encode())
        if row is None:
            row = Claim(id=1, code="", made_at=0.0)
        row.code, row.made_at = people.secret_hash(letters), desk.now()
        session.add(row)
        return code


def local_token(desk: Desk) -> str:
    """The key of whoever can read STATE/secrets/web: root, and the web role itself."""
    stored = desk.secrets.read(LOCAL_TOKEN_FILE)
    if stored:
        return stored.decode().strip()
    secret = f"{TOKEN_PREFIX}local_{_secret(desk)}"
    desk.secrets.write(LOCAL_TOKEN_FILE, f"{secret}\n".encode())
    return secret


def claim(
    desk: Desk, code: str, password: str, *, name: str = "owner", address: str = ""
) -> SignedIn:
    """Make the first user, with every scope; once only, for whoever knows the code.

    The password is looked at before the code, so that only a wrong code uses up a try.
    """
    savable(desk)
    name = name.strip()
    if is_claimed(desk):
        raise Forbidden(problem(OWNED))
    problems = [*_name_problems(name), *_password_problems(password, name)]
    if problems:
        raise Refused(*problems)
    _patient(desk, address, "claim")
    with people.looking(desk.people) as session:
        row = people.open_claim(session)
    if row is not None and not hmac.compare_digest(people.secret_hash(_letters(code)), row.code):
        raise Refused(
            problem("This is not the code that the router shows. Look at it again.", "code")
        )
    stored = desk.passwords.hash(password)
    with people.writing(desk.people) as session:
        row = people.open_claim(session)
        if row is None or people.claimed(session):
            raise Forbidden(problem(OWNED))
        user = User(
            id=desk.new_id(),
            account=ACCOUNT,
            name=name,
            role="owner",
            password=stored,
            created_at=desk.now(),
            changed_at=desk.now(),
        )
        row.claimed_at, row.claimed_by = desk.now(), user.id
        session.add(row)
        session.add(user)
    desk.secrets.remove(CLAIM_FILE)
    desk.patience.succeeded(address, "claim")
    return _sign_in(desk, user, address, "claim", f"{name} claimed this router.")


def login(desk: Desk, name: str, password: str, *, address: str = "") -> SignedIn:
    """Check the password and begin a session with a new id."""
    name = name.strip()[: NAME_LONGEST + 1]
    _patient(desk, address, name)
    with people.looking(desk.people) as session:
        user = people.user(session, name)
    if not desk.passwords.matches(user.password if user else None, password) or user is None:
        nobody = Actor(name, frozenset(), "", address)
        write_audit(desk, nobody, "login", "The name or the password was wrong.", outcome="refused")
        raise Refused(
            problem("The name or the password is not right. Type both again.", "password")
        )
    desk.patience.succeeded(address, name)
    return _sign_in(desk, user, address, "login", f"{user.name} signed in.")


def logout(desk: Desk, actor: Actor) -> None:
    """End the actor's session on the server's side."""
    if actor.session is None:
        return
    with people.writing(desk.people) as session:
        row = session.get(Session, actor.session)
        if row is not None:
            session.delete(row)
    write_audit(desk, actor, "logout", f"{actor.name} signed out.")


def reopen_claim(desk: Desk, actor: Actor) -> str:
    """End all that opens something, and return a new claim code.

    Only for whoever holds the box's own key: who stands at the console has lost the password, or
    got the box from somebody else.
    """
    if actor.how != "local":
        raise Forbidden(problem("Only at the router's own console: nixie rescue --new-owner."))
    savable(desk)
    with people.writing(desk.people) as session:
        people.end_everything(session, desk.now())
    write_audit(desk, actor, "reopen_claim", "Every user, session and token is ended.")
    desk.secrets.remove(CLAIM_FILE)
    return claim_code(desk) or ""


def change_password(desk: Desk, actor: Actor, old: str, new: str, *, name: str = "") -> Done:
    """Set a password, given the one so far; that user's other sessions end, tokens stay.

    Whoever signed in changes their own; a token, or the box's own key, says whose with `name`.
    """
    savable(desk)
    name = _whose(actor, name.strip()[: NAME_LONGEST + 1])
    if found := weakness(new, name):
        raise Refused(problem(found, "new"))
    if new == old:
        raise Refused(problem("This is the password so far. Choose another one.", "new"))
    _patient(desk, actor.address, name)
    with people.looking(desk.people) as session:
        user = people.user(session, name)
    if not desk.passwords.matches(user.password if user else None, old) or user is None:
        write_audit(
            desk, actor, "change_password", f"Not the password of {name!r}.", outcome="refused"
        )
        raise Refused(problem("This is not the password so far. Type it again.", "old"))
    desk.patience.succeeded(actor.address, name)
    stored = desk.passwords.hash(new)
    with people.writing(desk.people) as session:
        user.password, user.changed_at = stored, desk.now()
        session.add(user)
        people.drop_sessions(session, user.id, but=actor.session)
    what = "The password is changed. Other browsers have to sign in again."
    write_audit(desk, actor, "change_password", what, subject=user.id)
    return Done("", user.id, what, undoable=False)


def _whose(actor: Actor, name: str) -> str:
    """The name of the user whose password is meant.  Raises Refused, or Forbidden."""
    if actor.kind == "user":
        if name and name.lower() != actor.name.lower():
            raise Forbidden(
                problem(
                    "Everybody changes their own password. Sign in as whoever it belongs to.",
                    "name",
                )
            )
        return actor.name
    if not name:
        raise Refused(problem("Whose password is it? Name the user.", "name"))
    return name


def make_token(
    desk: Desk, actor: Actor, name: str, scope: str = "read", *, days: int | None = None
) -> MadeToken:
    """Make a key for a program; its scope is at most the actor's own."""
    permit(desk, actor, "admin", "make_token")
    savable(desk)
    name = name.strip()
    problems = _name_problems(name)
    if scope not in people.SCOPES:
        problems.append(problem(f"A token's scope is {', '.join(people.SCOPES)}.", "scope"))
    if days is not None and not 1 <= days <= 3650:
        problems.append(problem("A token lives between 1 and 3650 days.", "days"))
    if problems:
        raise Refused(*problems)
    secret = TOKEN_PREFIX + _secret(desk)
    row = Token(
        id=desk.new_id(),
        account=actor.account,
        name=name,
        scope=scope,
        hash=people.secret_hash(secret),
        made_by=actor.name,
        created_at=desk.now(),
        ends_at=desk.now() + days * 86400 if days else None,
    )
    with people.writing(desk.people) as session:
        session.add(row)
    what = f"The token {name} is made. Copy it now; it is not shown again."
    write_audit(desk, actor, "make_token", f"Token {name}, scope {scope}.", subject=row.id)
    return MadeToken(row.id, secret, Done("", row.id, what, undoable=False))


def revoke_token(desk: Desk, actor: Actor, token: str) -> Done:
    """End a token, by id."""
    permit(desk, actor, "admin", "revoke_token")
    savable(desk)
    with people.writing(desk.people) as session:
        row = session.get(Token, token)
        if row is None or row.account != actor.account or row.revoked_at is not None:
            raise Unknown(
                problem("There is no such token, or it was revoked before. Look at the list.")
            )
        row.revoked_at = desk.now()
        session.add(row)
    what = f"The token {row.name} no longer opens anything."
    write_audit(desk, actor, "revoke_token", what, subject=row.id)
    return Done("", row.id, what, undoable=False)


def tokens(desk: Desk, actor: Actor) -> list[TokenRow]:
    """Every token that still is one."""
    permit(desk, actor, "admin", "tokens")
    with people.looking(desk.people) as session:
        return [
            TokenRow(
                row.id, row.name, row.scope, row.made_by, row.created_at, row.ends_at, row.used_at
            )
            for row in people.tokens(session, actor.account)
        ]


def by_cookie(desk: Desk, cookie: str, address: str, *, awake: bool) -> Actor | None:
    """Who a cookie belongs to; only `awake` requests (not pollers) keep the session young."""
    desk.clock.follow(partial(_move_sessions, desk))
    now = desk.now()
    with people.looking(desk.people) as session:
        found = people.session_of(session, cookie, now)
        scopes = people.scopes_of(session, found[1].role) if found else frozenset()
    if found is None:
        return None
    row, user = found
    if awake and now > row.seen_at + people.SEEN_EVERY_SECONDS:
        with people.writing(desk.people) as session:
            live = session.get(Session, row.id)
            if live is not None:
                live.seen_at, live.address = now, address
                session.add(live)
    return Actor(user.name, scopes, "session", address, user.account, row.id, user.id)


def by_token(desk: Desk, secret: str, address: str) -> Actor | None:
    """Who a bearer token belongs to."""
    now = desk.now()
    own = desk.secrets.read(LOCAL_TOKEN_FILE)
    if own and hmac.compare_digest(own.strip(), secret.encode()):
        return Actor("this box", people.SCOPES["admin"], "local", address)
    with people.looking(desk.people) as session:
        row = people.token_of(session, secret, now)
    if row is None:
        return None
    if row.used_at is None or now > row.used_at + people.SEEN_EVERY_SECONDS:
        with people.writing(desk.people) as session:
            live = session.get(Token, row.id)
            if live is not None:
                live.used_at = now
                session.add(live)
    return Actor(row.name, people.SCOPES[row.scope], "token", address, row.account, id=row.id)


def _sign_in(desk: Desk, user: User, address: str, verb: str, what: str) -> SignedIn:
    cookie = _secret(desk)
    desk.clock.follow(partial(_move_sessions, desk))
    now = desk.now()
    row = Session(
        id=people.secret_hash(cookie),
        user=user.id,
        created_at=now,
        seen_at=now,
        address=address,
    )
    with people.writing(desk.people) as session:
        people.drop_old_sessions(session, now)
        session.add(row)
        scopes = people.scopes_of(session, user.role)
    actor = Actor(user.name, scopes, "session", address, user.account, row.id, user.id)
    write_audit(desk, actor, verb, what, subject=user.id)
    return SignedIn(cookie, actor)


def _move_sessions(desk: Desk, seconds: float) -> None:
    """Nobody is signed out, and nobody stays longer, because the clock was set."""
    with people.writing(desk.people) as session:
        people.move_sessions(session, seconds)


def _patient(desk: Desk, address: str, name: str) -> None:
    pause = desk.patience.begin(address, name, desk.now())
    if pause is not None:
        seconds = ceil(pause.seconds)
        raise TooMany(f"{TOO_OFTEN[pause.crowd]} Wait {seconds} s, then try again.", seconds)


def _secret(desk: Desk) -> str:
    """43 characters, 256 random bits."""
    return base64.urlsafe_b64encode(desk.random(32)).rstrip(b"=").decode()


def _letters(code: str) -> str:
    """A claim code the way people type it: any case, any hyphens."""
    return "".join(letter for letter in code.upper() if letter.isalnum())


def _name_problems(name: str) -> list[Problem]:
    if not name:
        return [problem("A name is missing.", "name")]
    if len(name) > NAME_LONGEST or not name.isprintable():
        return [problem(f"A name has at most {NAME_LONGEST} visible characters.", "name")]
    return []


def _password_problems(password: str, name: str) -> list[Problem]:
    found = weakness(password, name)
    return [problem(found, "password")] if found else []
