"""Building hosts: ask, stop, ask again.  `build` does it and answers with events."""

from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.hosts import bootable, host_named
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Refused
from appliance.events import BuildActed
from appliance.store.builds import BuildRow

UNDER_WAY = ("queued", "running")


def build_host(desk: Desk, actor: Actor, host: str) -> Done:
    """Queue a build of a host (id, or a name that only one host has)."""
    with act(desk, actor, "build_host") as doing:
        found = host_named(desk, doing.session, host)
        bootable(found)
        if found.verdict is None or found.verdict.kind == "looking":
            what = f"Nixie has not looked at {found.name} yet. It is built by itself after that."
            raise Refused(problem(what, "host"))
        doing.wish(desk.new_id(), "build", "build", host=found.id)
        return doing.tell(found.id, f"{found.name} waits to be built.", BuildActed)


def cancel_build(desk: Desk, actor: Actor, build: str) -> Done:
    """Stop a build that waits or runs."""
    with act(desk, actor, "cancel_build") as doing:
        row = _build(desk, build)
        if row.state not in UNDER_WAY:
            raise Refused(problem(f"The build of {row.name} ended before: {row.state}."))
        doing.wish(desk.new_id(), "build", "cancel", build=row.id)
        return doing.tell(row.id, f"The build of {row.name} is being stopped.", BuildActed)


def retry_build(desk: Desk, actor: Actor, build: str) -> Done:
    """Queue the same host again."""
    with act(desk, actor, "retry_build") as doing:
        row = _build(desk, build)
        if row.state in UNDER_WAY:
            raise Refused(problem(f"The build of {row.name} is still under way."))
        doing.wish(desk.new_id(), "build", "retry", build=row.id)
        return doing.tell(row.id, f"{row.name} waits to be built again.", BuildActed)


def _build(desk: Desk, ident: str) -> BuildRow:
    row = desk.reads.build(ident)
    if row is None:
        raise Unknown(problem("There is no such build. Old ones are forgotten; look at the list."))
    return row
