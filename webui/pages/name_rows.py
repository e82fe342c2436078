"""The rows of the page /names that move: name servers, lists of blocked names, a pause."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from appliance.store.names import ListRow, Standing
from webui import phrases
from webui.pages.states import Pill


class Server(NamedTuple):
    """A name server as it does."""

    address: str
    name: str  # by which it proves itself, "" when it is asked in the clear
    state: Pill
    takes: str
    asked: str


class Listed(NamedTuple):
    """A list of blocked names."""

    url: str
    names: str
    when: str
    problem: str


class Pause(NamedTuple):
    """A pause of blocking that counts down."""

    text: str
    said: str
    seconds: int


def lead(standing: Standing | None) -> str:
    """What was asked so far."""
    if standing is None:
        return "The names role has not said anything yet."
    counts = standing.counts
    asked = counts.get("asked", 0)
    said = f"{phrases.count(asked, 'question')} since it started"
    for word, what in (("forwarded", "asked of others"), ("blocked", "blocked")):
        if counts.get(word):
            said += f", {phrases.number(counts[word])} {what}"
    return phrases.sentence(said)


def servers(standing: Standing | None) -> tuple[Server, ...]:
    """The name servers as they do."""
    return tuple(
        Server(
            str(one["address"]),
            str(one["tls_name"] or ""),
            _health(one),
            f"{one['seconds'] * 1000:.0f} ms" if one["seconds"] is not None else "–",
            phrases.number(one["asked"]),
        )
        for one in (standing.upstreams if standing else ())
    )


def _health(one: Mapping[str, Any]) -> Pill:
    if not one["asked"]:
        return Pill("wait", "Not asked yet")
    return Pill("ok", "Answers") if one["well"] else Pill("bad", "Silent")


def paused(until: float, now: float) -> Pause | None:
    """The pause that is under way.

    >>> paused(160, 100).said, paused(100, 100)
    ('1\\xa0min left', None)
    """
    left = int(until - now)
    if left <= 0:
        return None
    return Pause(phrases.tube(left), f"{phrases.duration(left)} left", left)


def listed(one: ListRow, now: float) -> Listed:
    """A list of blocked names."""
    fetched = phrases.ago(now - one.fetched_at) if one.fetched_at is not None else "never"
    return Listed(one.url, phrases.number(one.names), fetched, one.problem)
