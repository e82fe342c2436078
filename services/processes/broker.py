"""What a role may ask the supervisor to run: a short list of typed verbs.

A request is one JSON line `{"verb": …, "args": {…}}`; the answers are JSON lines `{"out": text}`
and `{"err": text}`, last `{"exit": status, "reason": reason, "what": sentence}`.  The caller is
known by its uid (unix(7), SO_PEERCRED).  Every argument is checked and rebuilt by the verb itself;
here the shape of the request and the right to make it are decided.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.errors import Problem, Refused
from services.processes.ending import Ended

LINE_BYTES = 1 << 20
REFUSED_STATUS = 126
"""What a shell says of a command it may not start."""

MAY: Mapping[str, frozenset[str]] = {
    "*": frozenset({"build"}),
    "list": frozenset({"dns"}),
}
"""Verb to the roles that may use it; "*" stands for every verb that is not named."""


@dataclass(frozen=True, slots=True)
class Request:
    """A well-formed wish; whether it is granted is another matter."""

    verb: str
    args: Mapping[str, object]


def read(line: bytes) -> Request:
    """Take a request apart.  Raises Refused when it is not one."""
    if len(line) > LINE_BYTES:
        raise _refused(f"The request is longer than {LINE_BYTES} bytes.")
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _refused("The request is not a line of JSON.") from error
    if not isinstance(asked, dict) or not isinstance(asked.get("verb"), str):
        raise _refused("The request names no verb.")
    args = asked.get("args", {})
    if not isinstance(args, dict):
        raise _refused(f"The arguments of {asked['verb']} are not an object.")
    return Request(asked["verb"], args)


def permit(
    verb: str,
    uid: int,
    callers: Mapping[int, frozenset[str]],
    known: frozenset[str],
    may: Mapping[str, frozenset[str]] = MAY,
) -> None:
    """Raise Refused unless `uid` belongs to a role that may use `verb`, or is root.

    `callers` maps a uid to the roles that run under it: one, or all of them where there is only
    one user.
    """
    roles = callers.get(uid, frozenset())
    if not roles and uid != 0:
        raise _refused(f"User {uid} is no role of this router and may ask for nothing.")
    if verb not in known:
        raise _refused(f"There is no verb {verb!r}; there are {', '.join(sorted(known))}.")
    allowed = may.get(verb, may.get("*", frozenset()))
    if uid != 0 and not roles & allowed:
        raise _refused(f"The role {', '.join(sorted(roles))} may not ask for {verb}.")


def last_line(end: Ended) -> bytes:
    """The final answer.

    >>> last_line(Ended(0, "done", "It ended well."))
    b'{"exit": 0, "reason": "done", "what": "It ended well.", "memory": 0}\\n'
    """
    told = {"exit": end.code, "reason": end.reason, "what": end.what, "memory": end.memory}
    return _line(told)


def said_line(stream: str, text: str) -> bytes:
    """One piece of output."""
    return _line({stream: text})


def refusal(why: Exception) -> bytes:
    """The only answer to a request that is not granted."""
    return last_line(Ended(REFUSED_STATUS, "refused", str(why)))


def _line(answer: Mapping[str, object]) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def _refused(what: str) -> Refused:
    return Refused(Problem(("broker",), what))
