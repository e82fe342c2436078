"""What a forge sends when something was pushed: is it from the forge, and is it about our branch?

GitHub signs the body (`X-Hub-Signature-256: sha256=…`), Forgejo and Gitea do so in bare digits
(`X-Forgejo-Signature`, `X-Gitea-Signature`), each HMAC-SHA256 with the secret; GitLab sends the
secret itself (`X-Gitlab-Token`).  All name `ref` in the body, and the default branch in what they
call the repository or the project.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

SIGNATURES: Mapping[str, str] = {
    "x-hub-signature-256": "sha256=",
    "x-forgejo-signature": "",
    "x-gitea-signature": "",
}
"""Header → what stands before the hexadecimal digits."""

TOKEN = "x-gitlab-token"
EVENTS = ("x-forgejo-event", "x-gitea-event", "x-gitlab-event", "x-github-event")
PUSHES = frozenset({"push", "push hook"})
TAKEN, IGNORED, REFUSED, OFTEN = "taken", "ignored", "refused", "too often"
"""What becomes of a delivery."""

STATUS: Mapping[str, int] = {TAKEN: 202, IGNORED: 200, REFUSED: 403, OFTEN: 429}
PER_MINUTE = 30
REFUSALS_APART = 5.0  # seconds between two that are written down


@dataclass(frozen=True, slots=True)
class Heard:
    """What becomes of a delivery, and why."""

    outcome: str
    what: str


def heard(headers: Mapping[str, str], body: bytes, secret: bytes, branch: str | None) -> Heard:
    """Judge a delivery; `headers` have lower-case names.

    `branch` is the source's: "" for the default one, None where it is pinned to a commit.
    """
    problem = _unproved(headers, body, secret)
    if problem:
        return Heard(REFUSED, problem)
    event = next((headers[name] for name in EVENTS if name in headers), "")
    if event.lower() not in PUSHES:
        told = event[:40] if event.isprintable() else ""
        return Heard(
            IGNORED, f"It tells of {told or 'nothing'}, not of a push. The secret is right."
        )
    if branch is None:
        return Heard(IGNORED, "This source is pinned to a commit, so a push changes nothing.")
    return _about(_payload(headers, body), branch)


def digest(body: bytes) -> str:
    """By what a delivery is known again."""
    return sha256(body).hexdigest()


def _unproved(headers: Mapping[str, str], body: bytes, secret: bytes) -> str:
    """Why it is not from who knows the secret, "" when it is."""
    if TOKEN in headers:
        good = hmac.compare_digest(headers[TOKEN].encode(), secret)
        return "" if good else "The token is not the secret of this source."
    for name, before in SIGNATURES.items():
        if name in headers:
            ours = before + hmac.new(secret, body, sha256).hexdigest()
            good = hmac.compare_digest(headers[name].encode(), ours.encode())
            return "" if good else "The signature is not made with the secret of this source."
    return "It is not signed. Give the forge the secret of this source."


def _payload(headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    text = body.decode("utf-8", "replace")
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        text = parse_qs(text).get("payload", [""])[0]
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _about(told: Mapping[str, Any], branch: str) -> Heard:
    ref = told.get("ref")
    if not isinstance(ref, str) or not ref.isprintable() or len(ref) > 300:
        return Heard(REFUSED, "It names no branch that can be read.")
    pushed = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    wanted = branch or _default(told)
    if branch and ref == branch:
        pushed = wanted
    if pushed != wanted:
        ours = wanted or "the default branch, which the forge does not name"
        return Heard(IGNORED, f"It was pushed to {pushed}, and this source follows {ours}.")
    return Heard(TAKEN, f"{pushed} was pushed. Nixie is looking at it.")


def _default(told: Mapping[str, Any]) -> str:
    for where in ("repository", "project"):
        place = told.get(where)
        if isinstance(place, dict) and isinstance(place.get("default_branch"), str):
            return str(place["default_branch"])
    return ""


class Pace:
    """How often sources may be told of something.  Time is an argument."""

    def __init__(self) -> None:
        self._came: dict[str, list[float]] = {}
        self._refused: dict[str, float] = {}

    def enters(self, source: str, now: float) -> bool:
        """Whether one more may be looked at: PER_MINUTE at most."""
        recent = [at for at in self._came.get(source, []) if now - at < 60.0]
        if len(recent) < PER_MINUTE:
            self._came[source] = [*recent, now]
            return True
        self._came[source] = recent
        return False

    def worth_noting(self, source: str, now: float) -> bool:
        """Whether a refusal is written down, or too soon after the last."""
        if now - self._refused.get(source, -REFUSALS_APART) < REFUSALS_APART:
            return False
        self._refused[source] = now
        return True
