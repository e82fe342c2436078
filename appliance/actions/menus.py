"""Menus: named lists of hosts with a default and a time-out."""

from collections.abc import Sequence

from sqlmodel import Session, select

from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act
from appliance.actions.hosts import bootable, host_named
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Problem, Refused
from appliance.events import MachineActed
from appliance.store import inventory
from appliance.store.inventory import Acting
from appliance.store.tables import Intent, Menu, MenuEntry, NetworkDefault

NAME_LONGEST = 60
ENTRIES = 100
TIMEOUTS = (0, 3600)  # seconds; 0 waits for ever
ROLLBACKS = (0, 10)


def make_menu(
    desk: Desk,
    actor: Actor,
    name: str,
    hosts: Sequence[str] = (),
    *,
    default: str = "",
    timeout_seconds: int = 10,
    rollbacks: int = 0,
) -> Done:
    """Make a menu; `default` is one of its hosts, "" for none."""
    with act(desk, actor, "make_menu") as doing:
        ids, first = _hosts(desk, doing.session, hosts, default)
        name = name.strip()
        problems = _problems(doing.session, name, None, timeout_seconds, rollbacks)
        if problems:
            raise Refused(*problems)
        row = Menu(
            id=desk.new_id(),
            account=actor.account,
            origin=ORIGIN,
            name=name,
            default_host=first,
            timeout_seconds=timeout_seconds,
            rollbacks=rollbacks,
            created_at=desk.now(),
        )
        doing.insert(row)
        _fill(actor, doing, row.id, ids)
        return doing.tell(row.id, f"The menu {name} is made.", MachineActed)


def edit_menu(
    desk: Desk,
    actor: Actor,
    menu: str,
    *,
    name: str | None = None,
    hosts: Sequence[str] | None = None,
    default: str | None = None,
    timeout_seconds: int | None = None,
    rollbacks: int | None = None,
) -> Done:
    """Change a menu; None leaves a part as it is, `default` "" takes the default away."""
    with act(desk, actor, "edit_menu") as doing:
        row = _menu(doing.session, menu)
        entries = _entries(doing.session, row.id)
        present = [entry.host for entry in entries]
        kept_default = row.default_host or "" if default is None else default
        ids, first = _hosts(desk, doing.session, present if hosts is None else hosts, kept_default)
        name = row.name if name is None else name.strip()
        timeout = row.timeout_seconds if timeout_seconds is None else timeout_seconds
        previous = row.rollbacks if rollbacks is None else rollbacks
        problems = _problems(doing.session, name, row.id, timeout, previous)
        if problems:
            raise Refused(*problems)
        doing.change(
            row, name=name, default_host=first, timeout_seconds=timeout, rollbacks=previous
        )
        if ids != present:
            for entry in entries:
                doing.delete(entry)
            _fill(actor, doing, row.id, ids)
        return doing.tell(row.id, f"The menu {name} is changed.", MachineActed)


def remove_menu(desk: Desk, actor: Actor, menu: str) -> Done:
    """Take a menu away, unless a machine or a network still shows it."""
    with act(desk, actor, "remove_menu") as doing:
        row = _menu(doing.session, menu)
        if doing.session.exec(select(Intent.id).where(Intent.menu == row.id)).first():
            raise Refused(problem(f"A machine shows {row.name}. Assign it something else first."))
        if doing.session.exec(
            select(NetworkDefault.network).where(NetworkDefault.menu == row.id)
        ).first():
            raise Refused(
                problem(f"Unknown machines see {row.name}. Choose another default first.")
            )
        for entry in _entries(doing.session, row.id):
            doing.delete(entry)
        doing.change(row, removed_at=desk.now())
        return doing.tell(row.id, f"The menu {row.name} is removed.", MachineActed)


def _hosts(
    desk: Desk, session: Session, hosts: Sequence[str], default: str
) -> tuple[list[str], str | None]:
    """Host ids in order, and the default's."""
    problems: list[Problem] = []
    ids: list[str] = []
    for place, text in enumerate(hosts):
        try:
            found = host_named(desk, session, text)
            bootable(found)
        except Refused as refused:
            problems += [Problem(("hosts", place), one.what) for one in refused.problems]
            continue
        if found.id not in ids:
            ids.append(found.id)
    if len(ids) > ENTRIES:
        problems.append(problem(f"A menu has at most {ENTRIES} hosts.", "hosts"))
    first = host_named(desk, session, default, where="default").id if default else None
    if first is not None and first not in ids and not problems:
        problems.append(problem("The default is not one of the menu's hosts.", "default"))
    if problems:
        raise Refused(*problems)
    return ids, first


def _problems(
    session: Session, name: str, own: str | None, timeout: int, rollbacks: int
) -> list[Problem]:
    problems = []
    if not name or len(name) > NAME_LONGEST or not name.isprintable():
        problems.append(
            problem(f"A menu's name has 1 to {NAME_LONGEST} visible characters.", "name")
        )
    other = inventory.named(session, Menu, name)
    if other is not None and other.id != own:
        problems.append(problem(f"Another menu is called {name}.", "name"))
    if not TIMEOUTS[0] <= timeout <= TIMEOUTS[1]:
        problems.append(
            problem("A time-out is at most 3600 seconds; 0 waits for ever.", "timeout_seconds")
        )
    if not ROLLBACKS[0] <= rollbacks <= ROLLBACKS[1]:
        problems.append(problem("A menu shows at most 10 previous images of a host.", "rollbacks"))
    return problems


def _fill(actor: Actor, doing: Acting, menu: str, hosts: list[str]) -> None:
    for position, host in enumerate(hosts):
        doing.insert(
            MenuEntry(menu=menu, position=position, account=actor.account, origin=ORIGIN, host=host)
        )


def _entries(session: Session, menu: str) -> list[MenuEntry]:
    found = session.exec(select(MenuEntry).where(MenuEntry.menu == menu))
    return sorted(found, key=lambda entry: entry.position)


def _menu(session: Session, ident: str) -> Menu:
    row = inventory.menu(session, ident)
    if row is None:
        raise Unknown(problem("There is no such menu, or it was removed. Look at the list."))
    return row
