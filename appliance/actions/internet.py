"""What the owner asks of the way out: ask the provider again, find the provider's cable.

Both are wishes to `wan`; neither changes the configuration.
"""

from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.refusals import problem
from appliance.errors import Refused
from appliance.events import ConfigActed
from appliance.plan.links import WAN


def renew(desk: Desk, actor: Actor) -> Done:
    """Ask the provider again, now.  Raises Refused without a port to the internet."""
    with act(desk, actor, "renew_internet") as doing:
        slices = desk.reads.slices()
        if slices is None or slices.wan is None:
            what = "No port is the internet's yet, or it is not there. Find its cable first."
            raise Refused(problem(what))
        link = slices.wan.link
        doing.wish(desk.new_id(), "wan", "renew", link=link)
        return doing.tell(link, f"{link} is to ask its provider again.", ConfigActed)


def search(desk: Desk, actor: Actor) -> Done:
    """Ask for an address on every port that no network has, and take none."""
    with act(desk, actor, "search_internet") as doing:
        free = free_ports(desk)
        if not free:
            what = "Every port belongs to a network already, so there is none to try."
            raise Refused(problem(what))
        doing.wish(desk.new_id(), "wan", "probe", ports=" ".join(free))
        what = f"The internet's cable is looked for in {', '.join(free)}."
        return doing.tell(WAN, what, ConfigActed)


def free_ports(desk: Desk) -> tuple[str, ...]:
    """The ports of no network, the internet's own included."""
    return tuple(one.link for one in desk.reads.ports() if one.network in (None, WAN))
