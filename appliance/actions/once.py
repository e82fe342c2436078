"""What a machine boots once: asking for it again, and leaving it."""

from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.machines import ONCE_SENTENCES, known_machine
from appliance.actions.refusals import problem
from appliance.errors import Refused
from appliance.events import MachineActed
from appliance.store.inventory import Acting
from appliance.store.tables import Intent, Machine


def again(desk: Desk, actor: Actor, machine: str) -> Done:
    """Let the machine boot once more what it was to boot once."""
    with act(desk, actor, "once_again") as doing:
        row, present = _present(doing, machine)
        doing.change(present, id=desk.new_id(), once_id=desk.new_id(), set_at=desk.now())
        boots = (present.once_host or "").partition("/")[2]
        what = ONCE_SENTENCES[present.once or ""].format(name=row.name, boots=boots)
        return doing.tell(row.id, what, MachineActed)


def drop(desk: Desk, actor: Actor, machine: str) -> Done:
    """Do without it: the machine boots what comes after it."""
    with act(desk, actor, "once_dropped") as doing:
        row, present = _present(doing, machine)
        doing.change(
            present,
            id=desk.new_id(),
            once=None,
            once_id=None,
            once_host=None,
            once_specialisation=None,
            set_at=desk.now(),
        )
        then = THEN.get(present.kind, "boots what it has beside that")
        return doing.tell(row.id, f"{row.name} boots nothing once, and {then}.", MachineActed)


THEN = {"local": "starts from its own disk", "hold": "waits for you", "deny": "gets no boot"}


def _present(doing: Acting, machine: str) -> tuple[Machine, Intent]:
    row = known_machine(doing.session, machine)
    present = doing.session.get(Intent, row.id)
    if present is None or present.once is None:
        what = f"{row.name} has nothing to boot once. Give it a host to boot once first."
        raise Refused(problem(what, "machine"))
    return row, present
