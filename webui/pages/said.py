"""The steps of a boot as sentences: who said what, and when."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from appliance.model.health import unwell
from appliance.store.boots import BootRow, StepRow
from webui import phrases
from webui.lanes import Lane

ROUTER = "router"
_ASKED = frozenset({"DISCOVER", "REQUEST", "INFORM", "4011"})


class Line(NamedTuple):
    """One row of "What was said"; `at` is seconds since the boot began."""

    at: str
    who: str
    what: str
    bad: bool


def lines(boot: BootRow, steps: Sequence[StepRow], called: str) -> tuple[Line, ...]:
    """Every step in order."""
    found = []
    for step in steps:
        ours, what = _SAID.get(step.kind, _other)(step, boot)
        bad = step.status in {"aborted", "missing", "refused"}
        at = max(0.0, step.began_at - boot.began_at)
        found.append(Line(f"{at:.3f}", ROUTER if ours else called, what, bad))
    return tuple(found)


def note(lane: Lane, boot: BootRow) -> str:
    """The small line below a lane's name."""
    if lane.state == "unreached":
        if lane.key == "kernel" and boot.state == "served":
            return "silent by choice"
        return "not reached"
    return _NOTES[lane.key](lane, boot) if lane.key in _NOTES else ""


def _dhcp(step: StepRow, _: BootRow) -> tuple[bool, str]:
    if step.name in _ASKED and "address" not in step.detail and "why" not in step.detail:
        firmware = str(step.detail.get("firmware", ""))
        return False, f"{step.name}: {phrases.firmware(firmware)}" if firmware else step.name
    if step.detail.get("why"):
        return True, f"Silence: {step.detail['why']}"
    parts = [str(step.detail.get(key, "")) for key in ("address", "file")]
    given = ", ".join(part for part in parts if part)
    return True, f"{step.name} {given}".strip()


def _loader(step: StepRow, _: BootRow) -> tuple[bool, str]:
    if step.status == "missing":
        return False, f"asked for {step.name}, which is not there"
    size = phrases.size(step.bytes) if step.bytes else ""
    if step.status == "aborted":
        return False, f"broke off {step.name}{f' after {size}' if size else ''}"
    if step.status == "running":
        return False, f"takes {step.name}{f', {size} so far' if size else ''}"
    return False, f"took {step.name}{f', {size}' if size else ''}"


def _script(step: StepRow, boot: BootRow) -> tuple[bool, str]:
    if step.detail.get("sentence"):
        return True, str(step.detail["sentence"])
    run = f"{boot.name}, generation {boot.generation}" if boot.name else "a host"
    said = {
        "run": f"script: run {run}",
        "menu": "script: show the menu",
        "hold": "script: wait, with a code on the screen",
        "local": "script: start the local disk",
        "deny": "script: nothing for this machine",
        "shell": "script: iPXE's own command line",
    }
    return True, said.get(step.name, f"script: {step.name}")


def _menu(step: StepRow, _: BootRow) -> tuple[bool, str]:
    return False, f"chose {step.name} in the menu"


def _part(step: StepRow, _: BootRow) -> tuple[bool, str]:
    ours, what = _loader(step, _)
    took = (step.ended_at or step.began_at) - step.began_at
    if step.status == "ok" and took > 0.05:
        what += f" in {phrases.took(took)}"
    if step.status == "running" and step.total:
        what = f"takes {step.name}, {phrases.size(step.bytes or 0)} of {phrases.size(step.total)}"
    return ours, what


def _hold(step: StepRow, _: BootRow) -> tuple[bool, str]:
    return False, f"waits for you, asked {phrases.count(step.bytes or 1, 'time')}"


def _report(step: StepRow, _: BootRow) -> tuple[bool, str]:
    number = step.detail.get("errno")
    return False, f"could not {step.name}{f', error {number}' if number else ''}"


def _up(step: StepRow, _: BootRow) -> tuple[bool, str]:
    kernel = step.detail.get("kernel")
    if ill := unwell(step.detail.get("health")):
        return False, f"phoned home: {' '.join(one.said for one in ill)}"
    return False, f"phoned home{f', runs Linux {kernel}' if kernel else ''}"


def _other(step: StepRow, _: BootRow) -> tuple[bool, str]:
    return False, f"{step.kind} {step.name}".strip()


_SAID: Mapping[str, Callable[[StepRow, BootRow], tuple[bool, str]]] = {
    "dhcp": _dhcp,
    "loader": _loader,
    "autoexec": _loader,
    "script": _script,
    "menu": _menu,
    "part": _part,
    "hold": _hold,
    "report": _report,
    "up": _up,
}


def _note_dhcp(_: Lane, boot: BootRow) -> str:
    address = boot.facts.get("address")
    return f"{address} offered" if address else "asked"


def _note_loader(lane: Lane, _: BootRow) -> str:
    file = next((step.name for step in lane.steps if step.kind == "loader"), "autoexec.ipxe")
    name = file.rpartition("/")[2]
    return f"{name}, {phrases.size(lane.bytes)}" if lane.bytes else name


def _note_script(lane: Lane, boot: BootRow) -> str:
    if any(step.kind == "report" for step in lane.steps):
        return "a command did not work"
    if any(step.kind == "menu" for step in lane.steps):
        return "chosen in the menu"
    return f"host {boot.name}" if boot.name else ""


def _note_part(lane: Lane, _: BootRow) -> str:
    sent, total = lane.bytes, sum(step.total or 0 for step in lane.steps)
    parts = phrases.count(len({step.name for step in lane.steps}), "part")
    if total and sent < total:
        return f"{phrases.size(sent)} of {phrases.size(total)}"
    return f"{parts}, {phrases.size(sent)}"


def _note_kernel(lane: Lane, boot: BootRow) -> str:
    if lane.state == "silent":
        return "nothing heard"
    kernel = (boot.facts.get("up") or {}).get("kernel")
    return f"{kernel}, then the host" if kernel else "then the host"


def _note_up(_: Lane, boot: BootRow) -> str:
    return str((boot.facts.get("up") or {}).get("hostname", "")) or "heard"


_NOTES: Mapping[str, Callable[[Lane, BootRow], str]] = {
    "dhcp": _note_dhcp,
    "loader": _note_loader,
    "script": _note_script,
    "part": _note_part,
    "kernel": _note_kernel,
    "up": _note_up,
    "hold": lambda *_: "until you chose",
}
