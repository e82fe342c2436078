"""What may be said of a source, checked; problems stand beside their fields."""

from collections.abc import Sequence
from typing import NamedTuple

from appliance.actions import changes
from appliance.actions.desk import Desk
from appliance.actions.refusals import problem
from appliance.errors import Problem
from appliance.model import reach
from appliance.model.source_options import NotASource
from appliance.model.trust import TREATMENTS, treatment
from appliance.roles import FETCHERS

SHORTEST_INTERVAL = 60
LONGEST_INTERVAL = 30 * 86400
NAME_LONGEST = 60


class Choices(NamedTuple):
    """How a source is to be treated, all of it."""

    trust: str
    allow_ifd: bool
    only_builders: bool
    interval_seconds: int


def wrong(choices: Choices) -> list[Problem]:
    """What cannot be so."""
    problems = []
    if choices.trust not in TREATMENTS:
        problems.append(problem("A source is yours (mine) or a stranger's (stranger).", "trust"))
    elif choices.allow_ifd and not treatment(choices.trust).building_looks:
        what = (
            "A stranger's source builds nothing while it is looked at. Take this back, or say that "
            "the source is yours."
        )
        problems.append(problem(what, "allow_ifd"))
    if choices.allow_ifd and choices.only_builders:
        what = (
            "What a look builds is built on this router. Take this back, or let the router build."
        )
        problems.append(problem(what, "allow_ifd"))
    if choices.interval_seconds and not (
        SHORTEST_INTERVAL <= choices.interval_seconds <= LONGEST_INTERVAL
    ):
        problems.append(
            problem(
                "The interval is between 60 seconds and 30 days, or 0 for only when asked.",
                "interval_seconds",
            )
        )
    return problems


def named_wrong(name: str, *, needed: bool = False) -> list[Problem]:
    """What is wrong with a name."""
    name = name.strip()
    if needed and not name:
        return [problem("A name is missing.", "name")]
    if len(name) > NAME_LONGEST or not name.isprintable() or "/" in name:
        return [problem(f"A name has at most {NAME_LONGEST} visible characters, none a /.", "name")]
    return []


def reached(desk: Desk, texts: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """The servers at home that a source may reach, plain and each once."""
    config = changes.present_config(desk)
    found: list[str] = []
    problems = []
    for n, text in enumerate(texts):
        try:
            place = reach.place(text)
        except NotASource as bad:
            problems.append(problem(bad.what, "reach", n))
            continue
        if config and (what := reach.unreachable(place, config)):
            problems.append(problem(what, "reach", n))
        elif str(place) not in found:
            found.append(str(place))
    if len(found) > reach.MOST_PLACES:
        problems.append(problem(f"A source reaches {reach.MOST_PLACES} servers at most.", "reach"))
    return found, problems


def crowded(desk: Desk, source: str, url: str, texts: Sequence[str]) -> list[Problem]:
    """Too many sources reach somebody at home for each to have a user of its own."""
    others = [one for one in desk.reads.sources() if one.id != source]
    reaching = [one for one in others if reach.places(one.url, one.reach)]
    if not reach.places(url, texts) or len(reaching) < len(FETCHERS):
        return []
    what = (
        f"{len(FETCHERS)} sources may reach servers of your network, and there are so many "
        "already. Take that right from another one first."
    )
    return [problem(what, "reach" if texts else "url")]
