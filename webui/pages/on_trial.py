"""The head of /changes while a change is on trial, what became of the last one, and who has moved.

Keep stands where it counts: whoever came a way that the change takes away gets a link and a code
for another device instead of the button.
"""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv6Network
from typing import NamedTuple

from appliance.actions import changes, draft, keeping
from appliance.actions.changes import Change
from appliance.model import ends
from appliance.model.config import RouterConfig
from appliance.model.path import Standing
from appliance.model.stays import Stay
from appliance.plan.beside import stays
from appliance.store.leases import LeaseRow
from appliance.store.trials import ProbeRow
from webui import phrases
from webui.pages import trial
from webui.pages.states import Pill
from webui.pages.trial import Bar
from webui.qr import Code, code
from webui.session import Here

TOLD_SECONDS = 1800
"""How long the head tells that a change was undone."""
PROBES: Mapping[bool | None, str] = {True: "ok", False: "bad", None: "wait"}


class Check(NamedTuple):
    """One of the router's own checks."""

    pill: Pill
    figure: str


class OtherWay(NamedTuple):
    """Where Keep is taken, when not here: `link` keeps from another device, "" for who may not."""

    why: str
    link: str
    picture: Code | None


class Head(NamedTuple):
    """The change on trial; without `bar.text` it does not stand yet."""

    bar: Bar
    heading: str
    undone_at: str
    keeps: bool
    owns: bool
    other: OtherWay | None
    places: tuple[str, ...]  # where this page answers until then
    differences: tuple[str, ...]
    by: str
    checks: tuple[Check, ...]
    checked: str  # "3 s ago"


class Over(NamedTuple):
    """The last change was not kept."""

    what: str
    why: str
    drafted: bool  # what was changed is still in the draft


class Moving(NamedTuple):
    """An old address, and who still needs it."""

    what: str
    who: tuple[str, ...]


class Now(NamedTuple):
    """What stands above the list of acts."""

    head: Head | None
    over: Over | None
    moving: tuple[Moving, ...]


def now(here: Here) -> Now:
    """This moment."""
    change = changes.newest_change(here.desk)
    open_ = change if change and not change.over else None
    return Now(
        head=head(here, open_) if open_ else None,
        over=over(here, change) if change and change.over else None,
        moving=() if open_ else moving(here),
    )


def head(here: Here, change: Change) -> Head:
    """The head of a change that is not over."""
    before, after = keeping.configs(here.desk, change.revision)
    found = keeping.standing_of(here.desk, here.actor, change.id, change.revision)
    told = changes.said(here.desk, before, after) if after else ()
    probes = here.reads.probes(change.id)
    author = here.reads.author_of(change.id)
    owns = here.actor.may("admin")
    return Head(
        bar=trial.bar(change, here.now),
        heading=heading(len(told)),
        undone_at=phrases.exact_clock(change.ends_at) if change.ends_at else "",
        keeps=found.keeps and owns,
        owns=owns,
        other=other_way(here, change, found) if owns else None,
        places=places(before, after, keeping.lent(here.desk)) if before and after else (),
        differences=told,
        by=f"By {author.name}, revision {change.revision}" if author else "",
        checks=checks(probes),
        checked=phrases.ago(here.now - max(one.seen_at for one in probes)) if probes else "",
    )


def other_way(here: Here, change: Change, found: Standing) -> OtherWay | None:
    """How to keep the change from elsewhere; None where the button is enough."""
    if found.keeps:
        return None
    if not found.at:
        return OtherWay(found.why, "", None)
    at = f"[{found.at}]" if ":" in found.at else found.at
    link = f"https://{at}/keep/{keeping.token(here.desk, change.id)}"
    return OtherWay(found.why, link, code(link))


def heading(many: int) -> str:
    """How much is on trial.

    >>> heading(1), heading(3)
    ('One change is on trial', 'Three changes are on trial')
    """
    verb = "change is" if many == 1 else "changes are"
    return phrases.capital(f"{phrases.word(many)} {verb} on trial")


def places(
    before: RouterConfig, after: RouterConfig, lent: IPv6Network | None = None
) -> tuple[str, ...]:
    """Where the router answers until the trial is over, for each address that moves.

    `lent` is the provider's IPv6 prefix.
    """
    homes = {network.bridge: network for network in after.networks}
    found = (
        (homes[stay.link], ends.successor(after, homes[stay.link], stay.address.ip, lent), stay)
        for stay in stays(before, after, lent)
    )
    return tuple(
        f"From {home.name} the router answers at both {there} and the old {stay.address.ip} until "
        "you keep."
        for home, there, stay in found
        if there != stay.address.ip
    )


def checks(probes: Iterable[ProbeRow]) -> tuple[Check, ...]:
    """The router's own checks as pills."""
    return tuple(
        Check(Pill(PROBES[one.ok], one.name), one.figure or ("not yet" if one.ok is None else ""))
        for one in probes
    )


def over(here: Here, change: Change) -> Over | None:
    """What became of the last change, while that is news; None when it was kept."""
    ended = here.reads.endings().get(change.revision)
    if ended is None or ended.state == "kept" or here.now - ended.at > TOLD_SECONDS:
        return None
    what = f"Revision {change.revision} was {change.state} {phrases.ago(here.now - ended.at)}"
    return Over(what, change.why, draft.current(here.desk) is not None)


def moving(here: Here) -> tuple[Moving, ...]:
    """The old addresses that still answer, each with who needs it."""
    names = {mac: one.name for one in here.reads.machines() for _, mac in one.macs}
    return tuple(
        _moving(stay, here.reads.leases(stay.network), names, here.now)
        for stay in here.reads.leaving()
    )


def _moving(stay: Stay, leases: Sequence[LeaseRow], names: Mapping[str, str], at: float) -> Moving:
    held = [
        one
        for one in leases
        if one.state == "bound" and one.ends_at > at and one.address in stay.address.network
    ]
    until = phrases.exact_clock(stay.until) if stay.until else ""
    day = phrases.day(stay.until, at) if stay.until else ""
    return Moving(
        what=f"{stay.address.ip}, the old address on {stay.network}, answers until everybody has "
        f"moved, until {day} {until} at the latest.",
        who=tuple(
            f"{names.get(one.mac) or one.hostname or one.mac} has {one.address}" for one in held
        ),
    )
