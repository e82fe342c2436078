"""Which generation of a host is served: the owner's say.  `boot` does it, answering by events."""

from dataclasses import replace

from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.hosts import FoundHost, host_named
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Refused
from appliance.events import MachineActed
from appliance.generations import images_of, served
from appliance.store.builds import GenerationRow
from appliance.store.reads import Reads

STANDS = {"trial": "is on trial", "good": "is good", "unwatched": "is not watched"}


def pin_generation(desk: Desk, actor: Actor, host: str, number: int) -> Done:
    """Serve this generation of a host and no other, whatever comes, until it is unpinned."""
    with act(desk, actor, "pin_generation") as doing:
        found = host_named(desk, doing.session, host)
        row = _numbered(desk, found, number)
        doing.wish(desk.new_id(), "boot", "pin", host=found.id, image=row.image)
        what = f"{found.name} serves generation {number} until you unpin it."
        return doing.tell(found.id, what, MachineActed)


def unpin_generation(desk: Desk, actor: Actor, host: str) -> Done:
    """Let the newest generation of a host be served again."""
    with act(desk, actor, "unpin_generation") as doing:
        found = host_named(desk, doing.session, host)
        if not any(row.pinned for row in desk.reads.generations(found.id)):
            raise Refused(problem(f"No generation of {found.name} is pinned.", "host"))
        doing.wish(desk.new_id(), "boot", "unpin", host=found.id)
        what = f"{found.name} serves its newest generation again, unless that is bad."
        return doing.tell(found.id, what, MachineActed)


def roll_back(desk: Desk, actor: Actor, host: str) -> Done:
    """Set the generation that a host serves aside: the one before it is served, until a newer one
    is built."""
    with act(desk, actor, "roll_back") as doing:
        found = host_named(desk, doing.session, host)
        rows, stands = desk.reads.generations(found.id), desk.reads.standings()
        now = served(rows, stands, found.id)
        if now is None:
            raise Refused(problem(f"{found.name} serves nothing to go back from.", "host"))
        after = replace(
            stands,
            aside=stands.aside | frozenset(images_of(now)),
            pins={one: image for one, image in stands.pins.items() if one != found.id},
        )
        then = served(rows, after, found.id, there=desk.reads.image)
        if then is None:
            what = f"{found.name} has no other generation to serve. Build one first."
            raise Refused(problem(what, "host"))
        doing.wish(desk.new_id(), "boot", "set-aside", host=found.id, image=now.image)
        what = f"{found.name} goes from generation {now.number} to {then.number}."
        return doing.tell(found.id, what, MachineActed)


def try_again(desk: Desk, actor: Actor, host: str, number: int) -> Done:
    """Put a bad generation of a host on trial again."""
    with act(desk, actor, "try_again") as doing:
        found = host_named(desk, doing.session, host)
        row = _numbered(desk, found, number)
        stands = desk.reads.standings()
        if row.state != "bad" and not any(stands.worst(image) for image in images_of(row)):
            what = f"Generation {number} of {found.name} {STANDS[row.state]}: it can be served."
            raise Refused(problem(what, "generation"))
        doing.wish(desk.new_id(), "boot", "try-again", host=found.id, image=row.image)
        what = f"Generation {number} of {found.name} may prove itself again."
        return doing.tell(found.id, what, MachineActed)


def served_now(reads: Reads, host: str | None = None) -> dict[str, GenerationRow]:
    """What each host (or one) serves to a machine on which nothing has failed, by host id."""
    stands, rows = reads.standings(), reads.generations(host)
    by_host: dict[str, list[GenerationRow]] = {}
    for row in rows:
        by_host.setdefault(row.host, []).append(row)
    found = {one: served(theirs, stands, one) for one, theirs in by_host.items()}
    return {one: row for one, row in found.items() if row is not None}


def _numbered(desk: Desk, host: FoundHost, number: int) -> GenerationRow:
    rows = desk.reads.generations(host.id)
    for row in rows:
        if row.number == number:
            return row
    has = ", ".join(str(row.number) for row in reversed(rows[:12])) or "none yet"
    raise Unknown(problem(f"{host.name} has no generation {number}. It has {has}.", "generation"))
