"""Changes of the configuration: reviewed, applied on trial, kept or undone.

A revision is applied by a wish to `net`, whose id names the change.  `net` alone tries, keeps and
undoes; what is asked here is answered by its events, and by its trial row.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.actions import keeping
from appliance.actions.desk import Actor, Desk, Done, act, permit
from appliance.actions.refusals import Clash, Unknown, problem
from appliance.errors import Refused
from appliance.events import ConfigActed
from appliance.model import check, compare, migrate, read
from appliance.model.cards import names
from appliance.model.compare_ports import reworded
from appliance.model.config import RouterConfig
from appliance.store import revisions
from appliance.store.inventory import Acting
from appliance.store.inventory_view import RevisionView
from appliance.store.tables import Draft, Revision
from appliance.trial import LONGEST_SECONDS, SECONDS, SHORTEST_SECONDS, Phase

FIRST_RUN = Actor("first run", frozenset({"read", "write", "admin"}), "local")
STATES: Mapping[str, str] = {
    Phase.JOURNALLED.value: "being applied",
    Phase.PENDING.value: "on trial",
}
"""Phases of a trial that is not over, as people see them; the others are in net.db's endings."""
WAITING = "on its way"
CHANGE_STATES = (WAITING, *STATES.values(), "kept", "undone", "refused")
REVISION_STATES = ("in force", *CHANGE_STATES, "")


@dataclass(frozen=True, slots=True)
class Review:
    """What a configuration would change; the owner reads it before it is proposed."""

    base: int  # the revision it is compared with, 0 for none
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The newest change; `state` is one of CHANGE_STATES."""

    id: str
    revision: int
    state: str
    why: str = ""
    ends_at: float | None = None  # Unix seconds: undone then, unless it is kept

    @property
    def over(self) -> bool:
        """Was it kept, undone or refused?"""
        return self.state not in (WAITING, *STATES.values())


@dataclass(frozen=True, slots=True)
class Numbered:
    """One revision; `state` is one of REVISION_STATES, "" when it was never tried."""

    number: int
    author: str
    at: float
    state: str
    why: str = ""


def present(desk: Desk) -> RevisionView | None:
    """The revision that the next change starts from: the one on trial, else the one that is kept.

    None before the first.
    """
    newest, kept = desk.reads.revision(), desk.reads.kept()
    if kept is None:
        return newest
    change = newest_change(desk)
    number = kept.revision if change is None or change.over else change.revision
    return desk.reads.revision(number) or RevisionView(kept.revision, kept.config, "", kept.at)


def newest_change(desk: Desk) -> Change | None:
    """The change that was asked for last; None before the first."""
    wish, row = desk.reads.last_apply(), desk.reads.trial()
    if wish is not None and wish.seq > desk.reads.answered():
        return Change(wish.id, int(wish.body["revision"]), WAITING)
    if row is None:
        return None
    if row.state in STATES:
        return Change(row.nonce, row.revision, STATES[row.state], ends_at=row.ends_at)
    ended = desk.reads.endings().get(row.revision)
    return Change(row.nonce, row.revision, ended.state if ended else row.state, row.why)


def present_config(desk: Desk) -> RouterConfig | None:
    """That revision, read; None before the first.  Raises Refused for a newer layout."""
    row = present(desk)
    return read.config(migrate.upgraded(json.loads(row.config))) if row else None


def history(desk: Desk, actor: Actor) -> list[Numbered]:
    """Every revision, newest first."""
    permit(desk, actor, "read", "history")
    kept, endings, change = desk.reads.kept(), desk.reads.endings(), newest_change(desk)

    def state(number: int) -> tuple[str, str]:
        if change and not change.over and change.revision == number:
            return change.state, ""
        if kept and kept.revision == number:
            return "in force", ""
        ended = endings.get(number)
        return (ended.state, ended.why) if ended else ("", "")

    return [Numbered(*head, *state(head[0])) for head in desk.reads.revision_heads()]


def review(desk: Desk, actor: Actor, config: RouterConfig | Mapping[str, Any]) -> Review:
    """Check a configuration and say what it changes.  Raises Refused with every problem."""
    permit(desk, actor, "read", "review")
    row = present(desk)
    wanted = checked(config)
    return Review(row.number if row else 0, said(desk, present_config(desk), wanted))


def cards(desk: Desk) -> Mapping[str, str]:
    """Each word that means one interface of this box, with that one's name."""
    return names(port.nic for port in desk.reads.ports())


def said(desk: Desk, before: RouterConfig | None, after: RouterConfig) -> tuple[str, ...]:
    """One sentence per difference; a port by another word is still that port of this box."""
    if before is None:
        return compare.differences(None, after)
    known, told = reworded(before, after, cards(desk))
    return (*told, *compare.differences(known, after))


def propose_revision(
    desk: Desk,
    actor: Actor,
    config: RouterConfig | Mapping[str, Any],
    *,
    base: int | None = None,
    seconds: int = SECONDS,
) -> Done:
    """Store a checked configuration as the next revision, and have it tried for `seconds`.

    `base` is the number the author started from: Clash when another came since, or when one is on
    trial.  The very first revision is kept as soon as it stands.  The subject of the answer is the
    number, its wish the change that Keep and Undo name.
    """
    with act(desk, actor, "propose_revision", scope="admin") as doing:
        return put_forward(desk, doing, checked(config), base=base, seconds=seconds)


def put_forward(
    desk: Desk, doing: Acting, wanted: RouterConfig, *, base: int | None, seconds: int
) -> Done:
    """What `propose_revision` does, inside an act that has begun."""
    _nothing_on_trial(desk)
    row, heading = present(desk), doing.heading
    present_number = row.number if row else 0
    if base is not None and base != present_number:
        raise Clash(
            problem(
                f"Revision {present_number} came since you began at {base}. Look at it, then "
                "change it again."
            )
        )
    if row is not None and present_config(desk) == wanted:
        what = f"Nothing differs from revision {row.number}."
        return doing.tell(str(row.number), what, ConfigActed)
    stored = read.to_json(wanted)
    number = revisions.add(
        doing.session, stored, account=heading.account, author=heading.actor, at=heading.at
    )
    return _applied(desk, doing, number, seconds)


def revert(desk: Desk, actor: Actor, number: int, *, seconds: int = SECONDS) -> Done:
    """Have an older revision, which was kept once, tried again for `seconds`."""
    with act(desk, actor, "revert_revision", scope="admin") as doing:
        _nothing_on_trial(desk)
        kept, ended = desk.reads.kept(), desk.reads.endings().get(number)
        if desk.reads.revision(number) is None:
            raise Unknown(problem(f"There is no revision {number}."))
        if kept is not None and kept.revision == number:
            raise Refused(problem(f"Revision {number} is in force already."))
        if ended is None or not ended.was_kept:
            raise Refused(problem(f"Revision {number} was never kept, so it is nothing to go to."))
        return _applied(desk, doing, number, seconds)


def keep(desk: Desk, actor: Actor, change: str) -> Done:
    """Say that the change works.

    Clash when another one is on trial, this one is over, somebody else asked for it, or the
    request came over a way that the change takes away.
    """
    with act(desk, actor, "keep_change", scope="admin") as doing:
        number = _on_trial(desk, change).revision
        keeping.refuse(keeping.standing_of(desk, actor, change, number))
        doing.wish(desk.new_id(), "net", "keep", change=change)
        return doing.tell(str(number), f"Revision {number} is to be kept.", ConfigActed)


def to_keep(desk: Desk, token: str) -> Change:
    """The change that a link keeps.  Raises Unknown when it is over, Clash when it was used."""
    change = newest_change(desk)
    found = None if change is None or change.over else change
    keeping.check(desk, found.id if found else None, token)
    assert found
    return found


def keep_by_link(desk: Desk, token: str, *, address: str, reached: str) -> Done:
    """Keep the change of a link, for whoever has it."""
    return keep(desk, keeping.holder(address, reached), to_keep(desk, token).id)


def configs_at_work(desk: Desk) -> tuple[RouterConfig, ...]:
    """While a change is not over: the configuration that is kept, and the one that is tried."""
    change = newest_change(desk)
    if change is None or change.over:
        return ()
    return tuple(one for one in keeping.configs(desk, change.revision) if one is not None)


def take_back(desk: Desk, actor: Actor, change: str) -> Done:
    """Undo the change that is on trial."""
    with act(desk, actor, "undo_change", scope="admin") as doing:
        number = _on_trial(desk, change).revision
        doing.wish(desk.new_id(), "net", "undo", change=change, by=actor.name)
        return doing.tell(str(number), f"Revision {number} is to be undone.", ConfigActed)


def extend(desk: Desk, actor: Actor, change: str, seconds: int = SECONDS) -> Done:
    """Have the change on trial for at least `seconds` from now."""
    with act(desk, actor, "extend_change", scope="admin") as doing:
        number = _on_trial(desk, change).revision
        _fits(seconds)
        doing.wish(desk.new_id(), "net", "extend", change=change, seconds=str(seconds))
        what = f"Revision {number} is to stay on trial for {seconds} s from now."
        return doing.tell(str(number), what, ConfigActed)


def begin(desk: Desk, first: str | None) -> None:
    """Have the revision that is kept; on a fresh router, the `first` one (JSON).

    A nixie.db that was lost, or is older than the network, must not take the network back.
    """
    newest, kept = desk.reads.revision(), desk.reads.kept()
    if kept is not None and (newest is None or newest.number < kept.revision):
        revisions.adopt(
            desk.inventory,
            kept.config,
            layout=int(json.loads(kept.config).get("schema", 1)),
            account=FIRST_RUN.account,
            author=FIRST_RUN.name,
            at=kept.at,
            number=kept.revision,
        )
    elif newest is None and first is not None:
        propose_revision(desk, FIRST_RUN, json.loads(first))


def checked(config: RouterConfig | Mapping[str, Any]) -> RouterConfig:
    """Read it in any layout.  Raises Refused with every problem."""
    wanted = config if isinstance(config, RouterConfig) else read.config(migrate.upgraded(config))
    if found := check.problems(wanted):
        raise Refused(*found)
    return wanted


def _applied(desk: Desk, doing: Acting, number: int, seconds: int) -> Done:
    """Ask `net` for it.  It takes the first revision by itself: there is nothing to go back to."""
    _fits(seconds)
    _settle_draft(desk, doing)
    if desk.reads.kept() is None:
        what = f"Revision {number} is the first one: it is kept as soon as it stands."
        return doing.tell(str(number), what, ConfigActed)
    row = doing.session.get(Revision, number)
    if row is not None:
        desk.expect(read.config(migrate.upgraded(json.loads(row.config))))
    wished = {"revision": str(number), "seconds": str(seconds)}
    doing.wish(desk.new_id(), "net", "apply", **wished)
    what = f"Revision {number} goes on trial for {seconds} s. Without Keep it is undone."
    return doing.tell(str(number), what, ConfigActed)


def _settle_draft(desk: Desk, doing: Acting) -> None:
    """Let go of a draft that came true: beside what comes now it would be a wish to go back."""
    row = doing.session.get(Draft, doing.heading.account)
    if row and read.config(migrate.upgraded(json.loads(row.config))) == present_config(desk):
        doing.session.delete(row)


def _fits(seconds: int) -> None:
    if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        what = f"A trial takes {SHORTEST_SECONDS} to {LONGEST_SECONDS} seconds."
        raise Refused(problem(what, "seconds"))


def _nothing_on_trial(desk: Desk) -> None:
    change = newest_change(desk)
    if change is not None and not change.over:
        what = f"Revision {change.revision} is {change.state}. Keep or undo it first."
        raise Clash(problem(what))


def _on_trial(desk: Desk, change: str) -> Change:
    newest = newest_change(desk)
    if newest is None:
        raise Unknown(problem("No change was ever on trial."))
    if newest.id != change:
        what = f"This change is over. Revision {newest.revision} is {newest.state}."
        raise Clash(problem(what))
    if newest.over:
        why = f": {newest.why}" if newest.why else "."
        raise Clash(problem(f"Revision {newest.revision} was {newest.state} already{why}"))
    return newest
