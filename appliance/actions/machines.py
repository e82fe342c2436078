"""Machines: what each one's next boot does."""

from sqlmodel import Session, col, select

from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act
from appliance.actions.fitting import doubt_said, host_fit
from appliance.actions.hosts import bootable, host_named
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Problem, Refused
from appliance.events import MachineActed
from appliance.model.identity import machine_id_from
from appliance.model.names import MACHINE_NAME, NETWORK_NAME, mac_from
from appliance.model.processors import fits
from appliance.once import ONCE
from appliance.store import inventory
from appliance.store.inventory import Acting
from appliance.store.inventory_view import inbox_key
from appliance.store.tables import Intent, Machine, MachineMac

BARE_INTENTS = ("local", "hold", "deny")
"""Intents that need neither host nor menu."""

SENTENCES = {
    "local": "{name} boots from its own disk next time.",
    "hold": "{name} waits for you at its next boot.",
    "deny": "{name} gets no boot at all.",
}

LONGEST_WAIT_SECONDS = 3600
ONCE_COLUMNS = ("once", "once_id", "once_host", "once_specialisation")
ONCE_SENTENCES = {
    "install": "{name} boots {boots} next time, once, to install. After that it boots its disk.",
    "rescue": "{name} boots {boots} next time, once. After that it goes on as before.",
}


def add_machine(
    desk: Desk, actor: Actor, mac: str, *, network: str | None = None, name: str = ""
) -> Done:
    """Make a seen or typed MAC a machine; it is on hold until something is assigned."""
    with act(desk, actor, "add_machine") as doing:
        row = _add(desk, actor, doing, mac, network or None, name)
        return doing.tell(row.id, f"{row.name} is a machine now.", MachineActed)


def add_mac(
    desk: Desk, actor: Actor, machine: str, mac: str, *, network: str | None = None
) -> Done:
    """Give a machine another MAC."""
    with act(desk, actor, "add_mac") as doing:
        row = known_machine(doing.session, machine)
        plain, problems = _mac(doing.session, mac, network or None)
        if problems:
            raise Refused(*problems)
        doing.insert(_mac_row(desk, actor, row.id, plain, network or None))
        return doing.tell(row.id, f"{row.name} also has the MAC {plain}.", MachineActed)


def rename_machine(desk: Desk, actor: Actor, machine: str, name: str) -> Done:
    """Give a machine another name."""
    with act(desk, actor, "rename_machine") as doing:
        row = known_machine(doing.session, machine)
        before, name = row.name, name.strip().lower()
        problems = _name(doing.session, name, row.id)
        if problems:
            raise Refused(*problems)
        doing.change(row, name=name)
        return doing.tell(row.id, f"{before} is called {name}.", MachineActed)


def wait_for_newest(desk: Desk, actor: Actor, machine: str, seconds: int) -> Done:
    """Let a machine wait at its boot for the newest image of its host, at most so long; 0: never.

    What it waits for is looked at and built because it asks.
    """
    with act(desk, actor, "wait_for_newest") as doing:
        row = known_machine(doing.session, machine)
        if not 0 <= seconds <= LONGEST_WAIT_SECONDS:
            what = f"A machine waits for an hour at most: 0 to {LONGEST_WAIT_SECONDS} seconds."
            raise Refused(problem(what, "waits_seconds"))
        doing.change(row, waits_seconds=seconds or None)
        most = f"for the newest image, for {seconds // 60 or 1} min at most"
        what = f"{row.name} waits {most}." if seconds else f"{row.name} boots what there is."
        return doing.tell(row.id, what, MachineActed)


def assign_machine(
    desk: Desk,
    actor: Actor,
    machine: str,
    *,
    host: str | None = None,
    menu: str | None = None,
    intent: str | None = None,
    specialisation: str | None = None,
    once: str | None = None,
    network: str | None = None,
    name: str = "",
) -> Done:
    """Decide a machine's next boots: exactly one of a host, a menu, or a bare intent.

    With `once` (of once.ONCE) it is the host that it boots once, and what comes after that is its
    own disk ("install") or what it has now ("rescue").

    `machine` is an id, a name or a MAC; a MAC nobody knows becomes a machine called `name`.
    A machine on hold gets it within seconds.
    """
    with act(desk, actor, "assign_machine") as doing:
        if sum(bool(one) for one in (host, menu, intent)) != 1:
            raise Refused(problem("Choose one of a host, a menu, or an intent.", "host"))
        wanted = _wanted(desk, doing.session, host, menu, intent, specialisation or None)
        if once:
            wanted = _once(desk, once, wanted)
        row = _found(doing.session, machine, network or None)
        if row is None:
            row = _add(desk, actor, doing, machine, network or None, name)
        _set(desk, actor, doing, row, wanted)
        doubt = _doubt(desk, doing.session, row, wanted)
        return doing.tell(row.id, _said(desk, row, wanted) + doubt, MachineActed)


def hold_machine(desk: Desk, actor: Actor, machine: str) -> Done:
    """Let the machine wait at its next boot; what it had is kept for `release_machine`."""
    with act(desk, actor, "hold_machine") as doing:
        row = known_machine(doing.session, machine)
        present = doing.session.get(Intent, row.id)
        if present is None or present.kind == "hold":
            raise Refused(problem(f"{row.name} is on hold already."))
        doing.change(present, kind="hold", before=present.kind, id=desk.new_id(), set_at=desk.now())
        return doing.tell(row.id, SENTENCES["hold"].format(name=row.name), MachineActed)


def release_machine(desk: Desk, actor: Actor, machine: str) -> Done:
    """End a hold: the machine gets what it had before."""
    with act(desk, actor, "release_machine") as doing:
        row = known_machine(doing.session, machine)
        present = doing.session.get(Intent, row.id)
        if present is not None and present.kind != "hold":
            raise Refused(problem(f"{row.name} is not on hold."))
        if present is None or present.before is None:
            raise Refused(
                problem(f"{row.name} had nothing before. Assign a host or a menu.", "host")
            )
        doing.change(present, kind=present.before, before=None, id=desk.new_id(), set_at=desk.now())
        return doing.tell(row.id, f"{row.name} goes on.", MachineActed)


def remove_machine(desk: Desk, actor: Actor, machine: str) -> Done:
    """Forget a machine; its boots stay in the history."""
    with act(desk, actor, "remove_machine") as doing:
        row = known_machine(doing.session, machine)
        present = doing.session.get(Intent, row.id)
        if present is not None:
            doing.delete(present)
        for mac in _macs(doing.session, row.id):
            doing.delete(mac)
        doing.change(row, removed_at=desk.now())
        return doing.tell(row.id, f"{row.name} is removed.", MachineActed)


def forget_held(desk: Desk, actor: Actor, network: str, mac: str) -> Done:
    """Take a waiting machine out of the inbox until it asks again, which is its next boot.

    The act itself is the record of it: `Reads.held` leaves out boots that began before.
    """
    with act(desk, actor, "forget_held") as doing:
        try:
            plain = mac_from(mac)
        except ValueError as wrong:
            raise Refused(problem(f"{wrong}.", "mac")) from None
        if not NETWORK_NAME.fullmatch(network):
            raise Refused(problem(f"{network!r} is not a network's name.", "network"))
        left_alone = f"{plain} is left alone until it asks again."
        return doing.tell(inbox_key(network, plain), left_alone, MachineActed)


def known_machine(session: Session, text: str) -> Machine:
    """A machine by id, name or MAC.  Raises Unknown."""
    row = _found(session, text, None)
    if row is None:
        raise Unknown(
            problem("There is no such machine, or it was removed. Look at the list.", "machine")
        )
    return row


def _wanted(
    desk: Desk,
    session: Session,
    host: str | None,
    menu: str | None,
    intent: str | None,
    specialisation: str | None,
) -> dict[str, str | None]:
    """The columns of the new intent, checked."""
    plain = dict.fromkeys(("host", "menu", "specialisation", *ONCE_COLUMNS))
    if host:
        found = host_named(desk, session, host)
        bootable(found, specialisation)
        return {**plain, "kind": "run", "host": found.id, "specialisation": specialisation}
    if menu:
        row = inventory.menu(session, menu)
        if row is None:
            raise Unknown(problem(f"There is no menu {menu!r}.", "menu"))
        return {**plain, "kind": "menu", "menu": row.id}
    if intent not in BARE_INTENTS:
        raise Refused(problem(f"An intent is one of {', '.join(BARE_INTENTS)}.", "intent"))
    return {**plain, "kind": intent}


def _once(desk: Desk, once: str, wanted: dict[str, str | None]) -> dict[str, str | None]:
    """The columns of a host that is booted once; an installation changes what comes after, too."""
    if once not in ONCE:
        raise Refused(problem(f"Once is one of {', '.join(ONCE)}.", "once"))
    if wanted["kind"] != "run":
        raise Refused(problem("Only a host is booted once. Choose one.", "host"))
    host, special = wanted["host"], wanted["specialisation"]
    asked = dict(zip(ONCE_COLUMNS, (once, desk.new_id(), host, special), strict=True))
    if once == "rescue":
        return asked
    return {**wanted, **asked, "kind": "local", "host": None, "specialisation": None}


def _set(
    desk: Desk, actor: Actor, doing: Acting, row: Machine, wanted: dict[str, str | None]
) -> None:
    present = doing.session.get(Intent, row.id)
    if present is None:
        fresh = Intent(
            machine=row.id,
            id=desk.new_id(),
            account=actor.account,
            origin=ORIGIN,
            kind="hold",
            set_at=desk.now(),
        )
        doing.insert(fresh.sqlmodel_update(wanted))
        return
    if "kind" not in wanted:  # it has something once, and what it had stays
        doing.change(present, id=desk.new_id(), set_at=desk.now(), **wanted)
        return
    before = None
    if wanted["kind"] == "hold":  # a hold keeps what it replaces, for the release
        before = present.before if present.kind == "hold" else present.kind
        wanted = {"kind": "hold"}
    doing.change(present, id=desk.new_id(), set_at=desk.now(), before=before, **wanted)


def _said(desk: Desk, row: Machine, wanted: dict[str, str | None]) -> str:
    if wanted.get("once"):
        boots = (wanted["once_host"] or "").partition("/")[2]
        return ONCE_SENTENCES[wanted["once"] or ""].format(name=row.name, boots=boots)
    kind, host = wanted["kind"] or "", wanted["host"] or ""
    if kind == "run":
        boots = host.partition("/")[2]
        ready = any(desk.reads.generations(host)) if host else False
        later = "" if ready else " once it is built"
        special = f" ({wanted['specialisation']})" if wanted["specialisation"] else ""
        told = f"{row.name} boots {boots}{special} next time{later}."
        return told + _misfit(desk, row, host)
    if kind == "menu":
        return f"{row.name} shows a menu next time."
    return SENTENCES[kind].format(name=row.name)


def _doubt(desk: Desk, session: Session, row: Machine, wanted: dict[str, str | None]) -> str:
    """What may go wrong with a host on this machine, as sentences; "" when nothing is known."""
    once = "once_" if wanted.get("once") else ""
    host, special = (wanted.get(f"{once}{name}") for name in ("host", "specialisation"))
    if host is None:
        return ""
    macs = [one.mac for one in _macs(session, row.id)]
    return doubt_said(host_fit(desk.reads, row.id, macs, host, special))


def _misfit(desk: Desk, row: Machine, host: str) -> str:
    """A warning for a host that is made for another processor than this machine had last."""
    verdict = next((one for one in desk.reads.verdicts() if one.host == host), None)
    last = next((one for one in desk.reads.newest_boots() if one.machine == row.id), None)
    if verdict is None or last is None:
        return ""
    if fits(last.firmware, verdict.system, str(last.facts.get("arch", ""))):
        return ""
    made = str(verdict.system).partition("-")[0]
    return (
        f" But {verdict.name} is made for {made}, and {row.name} last started as "
        f"{last.firmware.rpartition('-')[2]}: it will not start there."
    )


def _add(
    desk: Desk, actor: Actor, doing: Acting, mac: str, network: str | None, name: str
) -> Machine:
    plain, problems = _mac(doing.session, mac, network)
    name = name.strip().lower()
    problems += _name(doing.session, name, None) if name else []
    if problems:
        raise Refused(*problems)
    row = Machine(
        id=desk.new_id(),
        account=actor.account,
        origin=ORIGIN,
        name=name or _free_name(doing.session, plain),
        machine_id=machine_id_from(desk.random(16)),
        created_at=desk.now(),
    )
    doing.insert(row)
    doing.insert(_mac_row(desk, actor, row.id, plain, network))
    return row


def _mac_row(desk: Desk, actor: Actor, machine: str, mac: str, network: str | None) -> MachineMac:
    return MachineMac(
        id=desk.new_id(),
        account=actor.account,
        origin=ORIGIN,
        machine=machine,
        network=network,
        mac=mac,
    )


def _mac(session: Session, text: str, network: str | None) -> tuple[str, list[Problem]]:
    try:
        mac = mac_from(text)
    except ValueError as wrong:
        return "", [problem(f"{wrong}.", "mac")]
    problems = []
    if network is not None and not NETWORK_NAME.fullmatch(network):
        problems.append(problem(f"{network!r} is not a network's name.", "network"))
    if int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
        problems.append(problem(f"{mac} belongs to a group or to nobody, not to a card.", "mac"))
    taken = session.exec(
        select(MachineMac).where(MachineMac.mac == mac, col(MachineMac.network).is_(None))
        if network is None
        else select(MachineMac).where(MachineMac.mac == mac, MachineMac.network == network)
    ).first()
    if taken is not None:
        owner = session.get(Machine, taken.machine)
        problems.append(problem(f"{mac} belongs to {owner.name if owner else 'another'}.", "mac"))
    return mac, problems


def _name(session: Session, name: str, own: str | None) -> list[Problem]:
    if not MACHINE_NAME.fullmatch(name):
        return [
            problem(
                f"{name!r} is not a machine's name. Write small letters, digits and hyphens.",
                "name",
            )
        ]
    other = inventory.named(session, Machine, name)
    if other is not None and other.id != own:
        return [problem(f"Another machine is called {name}.", "name")]
    return []


def _free_name(session: Session, mac: str) -> str:
    wanted = "machine-" + mac.replace(":", "")[6:]
    name, number = wanted, 1
    while inventory.named(session, Machine, name):
        number += 1
        name = f"{wanted}-{number}"
    return name


def _found(session: Session, text: str, network: str | None) -> Machine | None:
    row = inventory.machine(session, text.strip(), network)
    if row is not None:
        return row
    try:
        return inventory.machine(session, mac_from(text), network)
    except ValueError:
        raise Unknown(
            problem(
                f"No machine is called {text!r}, and it is not a MAC address. Look at the list.",
                "machine",
            )
        ) from None


def _macs(session: Session, machine: str) -> list[MachineMac]:
    return list(session.exec(select(MachineMac).where(MachineMac.machine == machine)))
