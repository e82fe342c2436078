"""Machines that wait for the owner, each with its code and the hosts that fit it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from appliance.store.boots import HeldRow
from appliance.store.inventory_view import MachineView
from webui import phrases
from webui.pages import choices
from webui.pages.choices import Choice, HostChoice

_ARM = frozenset({"pxe-arm64", "http-arm64", "uboot-arm64", "rpi"})
_LOADERS = frozenset({"", "script", "chain"})  # its ROM was not seen
_EFI: Mapping[str, str] = {"x86_64": "pxe-x64", "i386": "pxe-ia32", "arm64": "pxe-arm64"}


class Waiting(NamedTuple):
    """A machine nobody has met, with its code and the hosts that fit it."""

    key: str  # for ids in the page
    network: str
    mac: str
    code: str
    spelled: str
    what: str
    facts: str
    choices: tuple[Choice, ...]
    problem: str


class Inbox(NamedTuple):
    """The machines that wait, ready to print; those beyond the first few move up."""

    once: str
    heading: str
    rows: tuple[Waiting, ...]
    more: str
    bootable: bool  # is there any host to give


SHOWN = 6
"""Each row offers every host that fits, and anybody can invent machines."""


def unmet(held: Sequence[HeldRow], machines: Sequence[MachineView]) -> list[HeldRow]:
    """Those that still wait for a choice: one that was given something is on its way."""
    given = {mac for machine in machines if machine.intent != "hold" for _, mac in machine.macs}
    return [row for row in held if row.mac not in given]


def waiting(
    held: HeldRow,
    hosts: Sequence[HostChoice],
    now: float,
    *,
    firmware: str = "",
    name: str = "",
    problem: str = "",
) -> Waiting:
    """A machine that waits, from its row; `firmware` is its boot's, `name` the owner's."""
    if firmware in _LOADERS:
        firmware = firmware_of(held.facts)
    offered = choices.fitting(hosts, firmware)
    facts = [phrases.firmware(firmware)] if firmware else []
    if held.facts.get("sb") in {"1", "01"}:
        facts.append("Secure Boot on")
    if held.facts.get("serial"):
        facts.append(f"serial {held.facts['serial']}")
    tail = f"On {held.network}, waiting for {phrases.duration(now - held.since)}."
    if firmware in _ARM and len(offered) == 1:
        tail += " One of your hosts is built for Arm."
    return Waiting(
        key=held.mac.replace(":", ""),
        network=held.network,
        mac=held.mac,
        code=held.code,
        spelled=phrases.spelled(held.code),
        what=name or met(held.facts, firmware),
        facts=f"{', '.join(facts)}. {tail}" if facts else tail,
        choices=offered,
        problem=problem,
    )


def firmware_of(facts: Mapping[str, object]) -> str:
    """The firmware behind a loader, from what iPXE says of its platform; "" when it does not.

    >>> firmware_of({"plat": "efi", "arch": "x86_64"}), firmware_of({"plat": "pcbios"})
    ('pxe-x64', 'pxe-bios')
    """
    if facts.get("plat") == "pcbios":
        return "pxe-bios"
    return _EFI.get(str(facts.get("arch", "")), "") if facts.get("plat") == "efi" else ""


def heading(waiting: int) -> str:
    """The inbox's heading.

    >>> heading(1), heading(2)
    ('One machine is waiting', 'Two machines are waiting')
    """
    verb = "is" if waiting == 1 else "are"
    return phrases.capital(f"{phrases.counted(waiting, 'machine')} {verb} waiting")


def more(waiting: int) -> str:
    """Those below the rows.

    >>> more(1), more(30)
    ('One more waits and moves up here.', '30 more wait and move up here.')
    """
    verbs = ("waits", "moves") if waiting == 1 else ("wait", "move")
    return phrases.sentence(f"{phrases.word(waiting)} more {verbs[0]} and {verbs[1]} up here")


def met(facts: Mapping[str, object], firmware: str) -> str:
    """What an unknown machine says it is.

    >>> met({"manufacturer": "Gigabyte", "product": "B550M"}, ""), met({}, "rpi")
    ('Gigabyte B550M', 'A Raspberry Pi')
    """
    said = " ".join(str(facts[key]) for key in ("manufacturer", "product") if facts.get(key))
    if said:
        return said
    return "A Raspberry Pi" if firmware == "rpi" else "A machine you have not met"
