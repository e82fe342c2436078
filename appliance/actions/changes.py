"""Changes of the configuration: reviewed, then made the next revision."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.actions.desk import Actor, Desk, Done, act, permit
from appliance.actions.refusals import Clash, problem
from appliance.errors import Refused
from appliance.events import ConfigActed
from appliance.model import check, compare, migrate, read
from appliance.model.config import RouterConfig
from appliance.store import revisions


@dataclass(frozen=True, slots=True)
class Review:
    """What a configuration would change; the owner reads it before it is proposed."""

    base: int  # the revision it is compared with, 0 for none
    differences: tuple[str, ...]


def present_config(desk: Desk) -> RouterConfig | None:
    """The newest revision, read; None before the first.  Raises Refused for a newer layout."""
    row = desk.reads.revision()
    return read.config(migrate.upgraded(json.loads(row.config))) if row else None


def review(desk: Desk, actor: Actor, config: RouterConfig | Mapping[str, Any]) -> Review:
    """Check a configuration and say what it changes.  Raises Refused with every problem."""
    permit(desk, actor, "read", "review")
    row = desk.reads.revision()
    wanted = _checked(config)
    return Review(row.number if row else 0, compare.differences(present_config(desk), wanted))


def propose_revision(
    desk: Desk,
    actor: Actor,
    config: RouterConfig | Mapping[str, Any],
    *,
    base: int | None = None,
) -> Done:
    """Store a checked configuration as the next revision, which `net` then applies.

    `base` is the number the author started from: Clash when another came since.  The subject of
    the answer is the new number.
    """
    with act(desk, actor, "propose_revision", scope="admin") as doing:
        wanted = _checked(config)
        newest = revisions.newest(doing.session)
        number_before = int(newest.number or 0) if newest else 0
        if base is not None and base != number_before:
            raise Clash(
                problem(
                    f"Revision {number_before} came since you began at {base}. Look at it, then "
                    "change it again."
                )
            )
        number = revisions.add(
            doing.session,
            read.to_json(wanted),
            account=actor.account,
            author=actor.name,
            at=desk.now(),
        )
        revisions.drop_draft(doing.session, actor.account)
        what = f"Revision {number} is on its way to the network."
        if number == number_before:
            what = f"Nothing differs from revision {number}."
        return doing.tell(str(number), what, ConfigActed)


def save_draft(desk: Desk, actor: Actor, config: Mapping[str, Any], *, base: int) -> Done:
    """Keep an unfinished configuration; fields are checked, their harmony is not yet."""
    with act(desk, actor, "save_draft", scope="admin") as doing:
        wanted = read.config(config)
        revisions.keep_draft(
            doing.session,
            read.to_json(wanted),
            base=base,
            account=actor.account,
            author=actor.name,
            at=desk.now(),
        )
        return doing.tell("draft", "The draft is kept.", ConfigActed)


def _checked(config: RouterConfig | Mapping[str, Any]) -> RouterConfig:
    wanted = config if isinstance(config, RouterConfig) else read.config(migrate.upgraded(config))
    if found := check.problems(wanted):
        raise Refused(*found)
    return wanted
