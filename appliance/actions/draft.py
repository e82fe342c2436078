"""The draft: one configuration being prepared by all pages together, until it is applied.

There is one per router.  It stays while it is on trial, so that it is still there after an undo;
a draft that says what is in force, or on trial, counts as none.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from appliance.actions import changes
from appliance.actions.desk import ACCOUNT, Actor, Desk, Done, act
from appliance.actions.refusals import Clash, Unknown, problem
from appliance.errors import Refused
from appliance.events import ConfigActed
from appliance.model import check, migrate, read
from appliance.model.check_cards import hidden
from appliance.model.config import RouterConfig
from appliance.store import revisions, tables

SUBJECT = "draft"


@dataclass(frozen=True, slots=True)
class Draft:
    """A configuration being prepared; `base` is the revision it began from, `at` Unix seconds."""

    base: int
    config: RouterConfig
    author: str
    at: float

    @property
    def seen(self) -> str:
        """A word for its content: who applies it names the one that they read."""
        return revisions.content_hash(written(self.config))


@dataclass(frozen=True, slots=True)
class Review:
    """What applying the draft would change now, and the two words that Apply asks for."""

    draft: Draft
    base: int  # the revision that it is compared with
    differences: tuple[str, ...]

    @property
    def overtaken(self) -> bool:
        """Whether another revision came since the draft began."""
        return self.base != self.draft.base


def current(desk: Desk) -> Draft | None:
    """The one draft of the router; None while there is nothing to apply."""
    row = desk.reads.draft(ACCOUNT)
    if row is None:
        return None
    config = read.config(migrate.upgraded(json.loads(row.config)))
    if config == changes.present_config(desk):
        return None
    return Draft(row.base, config, row.author, row.at)


def edited(desk: Desk) -> RouterConfig:
    """What pages show for editing: the draft, else what is on trial or in force.

    Raises Unknown before the first configuration.
    """
    draft = current(desk)
    config = draft.config if draft else changes.present_config(desk)
    if config is None:
        raise Unknown(problem("There is no configuration yet. The router makes its first one."))
    return config


def review(desk: Desk) -> Review | None:
    """What the draft would change; None without one."""
    draft, row = current(desk), changes.present(desk)
    if draft is None:
        return None
    differences = changes.said(desk, changes.present_config(desk), draft.config)
    return Review(draft, row.number if row else 0, differences)


def edit(
    desk: Desk, actor: Actor, change: Callable[[RouterConfig], RouterConfig], what: str
) -> Done:
    """Apply `change` to what pages show, check it, and keep it as the draft.

    `what` says for people and the audit what was done.  Raises Refused with every problem, Unknown
    before the first configuration.
    """
    with act(desk, actor, "edit_draft", scope="admin") as doing:
        row = doing.session.get(tables.Draft, ACCOUNT)  # first: nobody else writes from here on
        before = edited(desk)
        wanted = change(before)
        if found := check.problems(wanted) or tuple(hidden(wanted, changes.cards(desk))):
            raise Refused(*found)
        if wanted == before:
            return doing.tell(SUBJECT, "Nothing differs from before.", ConfigActed)
        in_force = changes.present(desk)
        base = in_force.number if in_force else 0
        if row is None:
            row = tables.Draft(
                account=ACCOUNT, base=base, author=actor.name, at=desk.now(), config=written(wanted)
            )
            doing.insert(row)
        elif wanted == changes.present_config(desk):
            doing.delete(row)
        else:
            began = row.base if current(desk) else base
            doing.change(row, base=began, author=actor.name, at=desk.now(), config=written(wanted))
        return doing.tell(SUBJECT, what, ConfigActed)


def discard(desk: Desk, actor: Actor) -> Done:
    """Let go of everything that is not applied.  Raises Unknown when there is nothing."""
    with act(desk, actor, "discard_draft", scope="admin") as doing:
        row = doing.session.get(tables.Draft, ACCOUNT)
        if row is None or current(desk) is None:
            raise Unknown(problem("There is nothing to discard: everything is applied."))
        doing.delete(row)
        return doing.tell(SUBJECT, "What was not applied is discarded.", ConfigActed)


def apply(desk: Desk, actor: Actor, *, base: int, seen: str, seconds: int) -> Done:
    """Put the draft on trial for `seconds`, if it and what it changes are as the actor saw them.

    `base` is the revision that Review compared with, `seen` the draft's own word.  Raises Clash
    when either moved.
    """
    with act(desk, actor, "apply_draft", scope="admin") as doing:
        row, draft = doing.session.get(tables.Draft, ACCOUNT), current(desk)
        if row is None or draft is None:
            raise Unknown(problem("There is nothing to apply. Change something first."))
        if draft.seen != seen:
            what = f"{draft.author} changed it since you looked. Read it again, then apply it."
            raise Clash(problem(what))
        row.at = desk.now()  # what was edited before is over: nobody takes it back behind the trial
        doing.session.add(row)
        return changes.put_forward(
            desk, doing, changes.checked(draft.config), base=base, seconds=seconds
        )


def written(config: RouterConfig) -> str:
    """A configuration as files and hashes have it."""
    return revisions.canonical(read.to_json(config))
