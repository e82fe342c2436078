"""Secrets that the role `notice` keeps: they go in by its socket, and never come out."""

from appliance.actions.desk import Desk
from appliance.errors import Problem, Refused
from appliance.store.recall.open import recall

SECRET_LONGEST = 500


def check_secret(secret: str) -> None:
    """Raises Refused for one that nobody could have meant."""
    if len(secret) > SECRET_LONGEST or not secret.isprintable():
        what = f"A secret has at most {SECRET_LONGEST} visible characters."
        raise Refused(Problem(("secret",), what))


def hand_over(desk: Desk, ident: str, secret: str) -> None:
    """Leave the secret of the thing with that id.  Raises Refused when nobody takes it."""
    if recall(desk.reads.state, "notice", {"of": ident, "secret": secret}) != [True]:
        what = "The role that keeps secrets does not answer, so nobody keeps this. Try again soon."
        raise Refused(Problem(("secret",), what))


def is_kept(desk: Desk, ident: str) -> bool:
    """Whether there is one; what it is, nobody is told."""
    return bool((recall(desk.reads.state, "notice", {"of": ident}) or [False])[0])
