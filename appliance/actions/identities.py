"""Who machines are: what systemd calls each, and the key it is known by.  `boot` keeps that, and
answers by events."""

from collections.abc import Callable, Mapping

from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.machines import known_machine
from appliance.actions.refusals import problem
from appliance.errors import Refused
from appliance.events import MachineActed
from appliance.model.identity import machine_id_from, spaced


def keep_identity(desk: Desk, actor: Actor, machine: str, _code: str = "") -> Done:
    """Have a machine ask for its identity when it starts, unless its own disk has it."""
    with act(desk, actor, "keep_identity") as doing:
        row = known_machine(doing.session, machine)
        doing.change(row, keeps_identity=True)
        what = f"{row.name} asks for its identity from its next boot."
        return doing.tell(row.id, what, MachineActed)


def leave_identity(desk: Desk, actor: Actor, machine: str, _code: str = "") -> Done:
    """Let a machine start without asking; what it is known by stays."""
    with act(desk, actor, "leave_identity") as doing:
        row = known_machine(doing.session, machine)
        doing.change(row, keeps_identity=False)
        what = f"{row.name} starts without asking for its identity from its next boot."
        return doing.tell(row.id, what, MachineActed)


def renew_machine_id(desk: Desk, actor: Actor, machine: str, _code: str = "") -> Done:
    """Have systemd call a machine otherwise, as if it were another computer."""
    with act(desk, actor, "renew_machine_id") as doing:
        row = known_machine(doing.session, machine)
        doing.change(row, machine_id=machine_id_from(desk.random(16)))
        what = f"{row.name} has another machine id from its next boot."
        return doing.tell(row.id, what, MachineActed)


def approve_identity(desk: Desk, actor: Actor, machine: str, code: str) -> Done:
    """The code on the machine's screen is this one: what it showed is its own."""
    with act(desk, actor, "approve_identity", scope="admin") as doing:
        row = known_machine(doing.session, machine)
        digits = _waiting(desk, row.id, row.name, code)
        wish = desk.new_id()
        doing.wish(wish, "boot", "approve-identity", machine=row.id, code=digits)
        return doing.tell(row.id, f"{row.name} gets its identity.", MachineActed)


def refuse_identity(desk: Desk, actor: Actor, machine: str, code: str) -> Done:
    """Nobody's screen shows this code: whoever asked gets nothing."""
    with act(desk, actor, "refuse_identity") as doing:
        row = known_machine(doing.session, machine)
        digits = _waiting(desk, row.id, row.name, code)
        doing.wish(desk.new_id(), "boot", "refuse-identity", machine=row.id, code=digits)
        what = f"Whoever shows {spaced(digits)} does not get the identity of {row.name}."
        return doing.tell(row.id, what, MachineActed)


def forget_identity(desk: Desk, actor: Actor, machine: str, _code: str = "") -> Done:
    """Know a machine by no key any more; the next one that is approved is another."""
    with act(desk, actor, "forget_identity", scope="admin") as doing:
        row = known_machine(doing.session, machine)
        if row.id not in desk.reads.identities():
            raise Refused(problem(f"{row.name} is not known by a key.", "machine"))
        doing.wish(desk.new_id(), "boot", "forget-identity", machine=row.id)
        return doing.tell(row.id, f"The identity of {row.name} is forgotten.", MachineActed)


def act_on(desk: Desk, actor: Actor, machine: str, word: str, code: str = "") -> Done:
    """Do what the word of `ACTS` says; approve and refuse take the code on the screen."""
    found = ACTS.get(word)
    if found is None:
        raise Refused(problem(f"Say one of {', '.join(ACTS)}.", "act"))
    return found(desk, actor, machine, code)


IdentityAct = Callable[[Desk, Actor, str, str], Done]
ACTS: Mapping[str, IdentityAct] = {
    "keep": keep_identity,
    "leave": leave_identity,
    "approve": approve_identity,
    "refuse": refuse_identity,
    "forget": forget_identity,
    "renew-id": renew_machine_id,
}
"""What can be done about a machine's identity, by the word that API and pages use."""


def _waiting(desk: Desk, machine: str, name: str, code: str) -> str:
    """The digits of a code that somebody shows now.  Raises Refused."""
    digits = "".join(code.split())
    shown = [one.code for one in desk.reads.identity_asks(desk.now()) if one.machine == machine]
    if digits not in shown:
        now = " or ".join(spaced(one) for one in shown) or "nothing"
        what = f"{name} does not show {code!r} now, but {now}. Compare with its own screen."
        raise Refused(problem(what, "code"))
    return digits
