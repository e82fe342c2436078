"""What a machine can be given for its next boot, as the options of one select.

A choice is one word: `run:<host>`, `run:<host>:<specialisation>`, the same with `rescue` or
`install` for once, `menu:<menu>`, `local`, `hold` or `deny`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from appliance.actions.desk import Actor, Desk, Done
from appliance.actions.machines import assign_machine
from appliance.errors import Problem, Refused
from appliance.model.images import Verdict
from appliance.model.processors import fits
from appliance.store.inventory_view import MachineView, MenuView
from webui.pages.once import pending

INTENTS: Mapping[str, str] = {"local": "Local disk", "hold": "Hold", "deny": "Deny"}
_ONCE: Mapping[str, str] = {
    "rescue": "Once, then as before",
    "install": "Install once, then its own disk",
}


class Choice(NamedTuple):
    """One option."""

    value: str
    label: str
    chosen: bool = False


class Group(NamedTuple):
    """Options of one kind; `label` "" stands alone."""

    label: str
    choices: tuple[Choice, ...]


class Meant(NamedTuple):
    """A choice, read: a host, a menu or a bare intent."""

    host: str | None = None
    menu: str | None = None
    intent: str | None = None
    specialisation: str | None = None
    once: str | None = None


class HostChoice(NamedTuple):
    """A host that can boot; `ready` when an image of it is published."""

    id: str
    name: str
    system: str | None
    specialisations: tuple[str, ...]
    ready: bool


def hosts(verdicts: Iterable[Verdict], built: Iterable[str]) -> tuple[HostChoice, ...]:
    """The hosts worth offering, by name; `built` are the ids that have an image."""
    ready = frozenset(built)
    found = [
        HostChoice(each.host, each.name, each.system, each.specialisations, each.host in ready)
        for each in verdicts
        if each.boots
    ]
    return tuple(sorted(found, key=lambda host: (not host.ready, host.name)))


def fitting(offered: Sequence[HostChoice], firmware: str) -> tuple[Choice, ...]:
    """The hosts for a machine that waits; those that have an image first."""
    return tuple(
        Choice(f"run:{host.id}", f"{host.name} ({'fits' if host.ready else 'not built yet'})")
        for host in offered
        if fits(firmware, host.system)
    )


def next_boots(
    machine: MachineView, offered: Sequence[HostChoice], menus: Sequence[MenuView]
) -> tuple[Group, ...]:
    """Everything this machine can be given, with what it has now chosen."""
    now = value(machine)
    groups = (
        Group("Run", _hosts("run", offered)),
        Group("Menu", tuple(Choice(f"menu:{menu.id}", menu.name) for menu in menus)),
        Group("Instead", tuple(Choice(kind, label) for kind, label in INTENTS.items())),
        *(Group(label, _hosts(kind, offered)) for kind, label in _ONCE.items()),
    )
    known = any(choice.value == now for group in groups for choice in group.choices)
    gone = () if known else (Group("", (Choice(now, _gone(machine)),)),)
    return tuple(
        Group(
            group.label,
            tuple(Choice(each.value, each.label, each.value == now) for each in group.choices),
        )
        for group in (*gone, *groups)
        if group.choices
    )


def value(machine: MachineView) -> str:
    """What the machine has now, as a choice."""
    if machine.once is not None and pending(machine):
        once = machine.once
        return ":".join(filter(None, (once.kind, once.host, once.specialisation)))
    if machine.intent == "run" and machine.host:
        special = f":{machine.specialisation}" if machine.specialisation else ""
        return f"run:{machine.host}{special}"
    if machine.intent == "menu" and machine.menu:
        return f"menu:{machine.menu}"
    return machine.intent


def meant(chosen: str) -> Meant:
    """Read a choice.  Raises Refused.

    >>> meant("run:s1/ember:debug")
    Meant(host='s1/ember', menu=None, intent=None, specialisation='debug', once=None)
    """
    kind, _, rest = chosen.partition(":")
    if kind in ("run", *_ONCE) and rest:
        host, _, special = rest.partition(":")
        once = kind if kind in _ONCE else None
        return Meant(host=host, specialisation=special or None, once=once)
    if kind == "menu" and rest:
        return Meant(menu=rest)
    if kind in INTENTS:
        return Meant(intent=kind)
    raise Refused(Problem(("next",), "Choose what it boots next."))


def give(desk: Desk, actor: Actor, machine: str, chosen: str, network: str | None = None) -> Done:
    """Let a machine (id or MAC) boot what was chosen.  Raises Refused."""
    what = meant(chosen)
    return assign_machine(
        desk,
        actor,
        machine,
        host=what.host,
        menu=what.menu,
        intent=what.intent,
        specialisation=what.specialisation,
        once=what.once,
        network=network,
    )


def said(machine: MachineView, names: Mapping[str, str], menus: Mapping[str, str]) -> str:
    """The next boot in a word or two; `names` and `menus` by id."""
    if machine.once is not None and pending(machine):
        once = machine.once
        host = names.get(once.host, host_name(once.host))
        return f"{_called(host, once.specialisation or '')}, once"
    if machine.had is not None and machine.had.state == "unsure":
        return "nothing, it asks you"
    if machine.intent == "run" and machine.host:
        host = names.get(machine.host, host_name(machine.host))
        return _called(host, machine.specialisation or "")
    if machine.intent == "menu" and machine.menu:
        return f"Menu {menus.get(machine.menu, '')}".strip()
    return INTENTS.get(machine.intent, machine.intent.capitalize())


def host_name(host: str) -> str:
    """The name in a host id.

    >>> host_name("0190/ember")
    'ember'
    """
    return host.rpartition("/")[2]


def _hosts(kind: str, offered: Sequence[HostChoice]) -> tuple[Choice, ...]:
    return tuple(
        Choice(":".join(filter(None, (kind, host.id, name))), _called(host.name, name))
        for host in offered
        for name in ("", *host.specialisations)
    )


def _called(host: str, specialisation: str) -> str:
    return f"{host}, {specialisation}" if specialisation else host


def _gone(machine: MachineView) -> str:
    if machine.intent == "run" and machine.host:
        return f"{host_name(machine.host)}, which its source lost"
    if machine.once is not None and pending(machine):
        return f"{host_name(machine.once.host)}, which its source lost"
    return "What it had is gone"
