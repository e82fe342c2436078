"""Looking at the router from outside: a wish to `net`, and what the newest look came to."""

from dataclasses import dataclass, replace

from appliance.actions import changes
from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.refusals import problem
from appliance.errors import Refused
from appliance.events import ConfigActed, OutsideHeard, OutsideRefused, OutsideSilent, say
from appliance.model.config import RouterConfig
from appliance.model.firewall import INTERNET
from appliance.model.outside import Heard, Seen, Socket, exposed, unexpected

TOLD = tuple(kind.__name__ for kind in (OutsideHeard, OutsideRefused, OutsideSilent))


@dataclass(frozen=True, slots=True)
class Look:
    """The newest look, judged by what is in force now.  `at` is Unix seconds; `older` says that the
    configuration was changed since; `config` has the internet's port by its name."""

    seen: Seen
    at: float
    older: bool
    config: RouterConfig
    wrong: tuple[Heard, ...]
    bare: tuple[Socket, ...]


def look(desk: Desk, actor: Actor) -> Done:
    """Have the router looked at from outside.  Raises Refused without a port to the internet."""
    with act(desk, actor, "look_from_outside") as doing:
        slices = desk.reads.slices()
        if slices is None or slices.wan is None:
            what = "This router has no port to the internet, so nobody can look from there."
            raise Refused(problem(what))
        doing.wish(desk.new_id(), "net", "outside", link=slices.wan.link)
        what = "The router is looked at from outside; that takes some seconds."
        return doing.tell(INTERNET, what, ConfigActed)


def newest(desk: Desk, now: float) -> Look | None:
    """What a stranger got to see last; None before the first look."""
    found, config = desk.reads.seen_outside(), changes.present_config(desk)
    if found is None or config is None:
        return None
    seen, at = found
    here, kept = _located(desk, config), desk.reads.kept()
    return Look(
        seen=seen,
        at=at,
        older=kept is not None and kept.at > at,
        config=here,
        wrong=unexpected(here, seen.heard, now),
        bare=exposed(here, seen.sockets),
    )


def why_not(desk: Desk) -> str:
    """Why the newest try to look came to nothing; "" when it came to something."""
    told = desk.reads.latest(TOLD, [])
    return say(told[0].event) if told and isinstance(told[0].event, OutsideRefused) else ""


def _located(desk: Desk, config: RouterConfig) -> RouterConfig:
    """With the internet's port by its name: the owner may have written its MAC."""
    slices = desk.reads.slices()
    if config.wan is None or slices is None or slices.wan is None:
        return config
    return replace(config, wan=replace(config.wan, port=slices.wan.link))
