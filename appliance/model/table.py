"""The machine → image table: who boots what, as `build` publishes it and `boot` obeys it.

Standard library only.  `published/table.json` is replaced atomically, whole, so a reader sees one
moment of the inventory.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = 1

INTENTS = ("run", "menu", "local", "hold", "deny")
LACKS = ("queued", "running", "failed", "cancelled", "not-bootable", "looking", "unbuilt")
"""Why a host has nothing published: what its last build came to, or what was found of it."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One image in a host's history.  `state`: trial, good, bad, pinned, unwatched."""

    number: int
    image: str
    state: str
    specialisations: Mapping[str, str]  # name -> image id


@dataclass(frozen=True, slots=True)
class Host:
    """A bootable host, newest generation first."""

    id: str
    name: str
    source: str  # its source's name, for people
    generations: tuple[Generation, ...]
    waiting: str | None = None  # a sentence while nothing is published: "ember is being built."
    lacks: str = ""  # why, as a word of LACKS


@dataclass(frozen=True, slots=True)
class Menu:
    """A named list of hosts."""

    id: str
    name: str
    hosts: tuple[str, ...]  # host ids, in order
    default: str | None  # host id
    timeout_seconds: int
    rollbacks: int  # how many previous images each host shows


@dataclass(frozen=True, slots=True)
class Once:
    """A host that a machine is to boot once; `kind` is one of once.ONCE.

    Each asking has its own `id`, which stays through a hold and an undo: what was had is had.
    """

    id: str
    kind: str
    host: str
    specialisation: str | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine's next boots.  `intent` is one of INTENTS; every change has a new `intent_id`.

    `once` comes before all of that but a hold, as long as appliance/once.py gives it.
    """

    id: str
    name: str
    intent: str
    intent_id: str
    host: str | None  # for run
    menu: str | None  # for menu
    specialisation: str | None = None
    once: Once | None = None
    waits_seconds: int = 0  # at most, for its host's newest image
    machine_id: str = ""  # for systemd.machine_id=, "" for none
    keeps_identity: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """What an unknown machine gets on a network: `kind` is menu, hold or nothing."""

    kind: str
    menu: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """Everything `boot` needs to know; keys of `macs` are MAC text, optionally "network|mac"."""

    at: float
    macs: Mapping[str, str]  # "52:54:.." or "lan|52:54:.." -> machine id
    machines: Mapping[str, Machine]
    unknown: Mapping[str, Unknown]  # network name -> default; "*" for the rest
    menus: Mapping[str, Menu]
    hosts: Mapping[str, Host]

    def machine(self, network: str, mac: str) -> Machine | None:
        """The machine behind `mac` on `network`; an entry for that network wins."""
        found = self.macs.get(f"{network}|{mac}") or self.macs.get(mac)
        return self.machines.get(found) if found else None

    def default(self, network: str) -> Unknown:
        """What unknown machines get there; hold when nobody decided."""
        return self.unknown.get(network) or self.unknown.get("*") or Unknown("hold", None)


EMPTY = Table(0.0, {}, {}, {}, {}, {})


def table_to_json(table: Table) -> dict[str, Any]:
    """The form in published/table.json."""
    return {"schema": SCHEMA, **asdict(table)}


def table_from_json(stored: Mapping[str, Any]) -> Table:
    """Read it back.  Raises ValueError when it comes from a newer version."""
    if int(stored["schema"]) > SCHEMA:
        raise ValueError("the table was published by a newer Nixie; update this one")
    return Table(
        at=float(stored["at"]),
        macs=dict(stored["macs"]),
        machines={key: _machine(one) for key, one in stored["machines"].items()},
        unknown={key: Unknown(**one) for key, one in stored["unknown"].items()},
        menus={
            key: Menu(**{**one, "hosts": tuple(one["hosts"])})
            for key, one in stored["menus"].items()
        },
        hosts={
            key: Host(
                **{
                    **one,
                    "generations": tuple(Generation(**each) for each in one["generations"]),
                }
            )
            for key, one in stored["hosts"].items()
        },
    )


def _machine(stored: Mapping[str, Any]) -> Machine:
    once = stored.get("once")
    return Machine(**{**stored, "once": Once(**once) if once else None})
