"""A step of a boot as a sentence, and what a client said about itself made harmless.

Clients may say anything (DMI strings, host names); what is kept is short printable ASCII.
"""

import re
from collections.abc import Mapping

from appliance.store.boots import StepRow

LETTERS = 80
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")

JUNK = frozenset(
    {
        "",
        "to be filled by o.e.m.",
        "system serial number",
        "default string",
        "not specified",
        "not applicable",
        "none",
        "n/a",
        "0",
        "0123456789",
        "123456789",
        "unknown",
        "chassis serial number",
        "serial number",
    }
)
"""What boards say when nobody filled the field in."""

SAID = ("uuid", "arch", "plat", "sb", "ver", "bus", "serial", "mem")
"""What the script's URL may tell."""


def clean(text: str, letters: int = LETTERS) -> str:
    """Printable and short.

    >>> clean("ember\\n<b>")
    'ember?<b>'
    """
    return _UNPRINTABLE.sub("?", text)[:letters]


def said(query: Mapping[str, str]) -> dict[str, str]:
    """What a client tells about itself in its URL, without junk."""
    told = {name: clean(query[name].strip()) for name in SAID if name in query}
    return {name: text for name, text in told.items() if not _junk(name, text)}


def bytes_said(count: int) -> str:
    """A size for people.

    >>> bytes_said(274_432), bytes_said(654_311_424)
    ('268 KiB', '624 MiB')
    """
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= 10 * size or (count >= size and unit != "GiB"):
            return f"{count / size:.0f} {unit}"
    return f"{count} bytes"


def step_said(step: StepRow) -> str:
    """What happened, in a sentence."""
    if step.kind == "dhcp":
        return _dhcp(step)
    if step.kind in ("loader", "autoexec", "part"):
        return _file(step)
    if step.kind == "report":
        return f"It reports that {step.name} failed with error {step.detail.get('errno', '')}."
    if step.kind == "script":
        return _script(step)
    return {
        "menu": f"Picked in the menu: {step.name}.",
        "hold": f"It waits, and asked {step.bytes or 0} times.",
        "up": "It phoned home.",
    }.get(step.kind, step.name)


def _script(step: StepRow) -> str:
    sentence, times = step.detail.get("sentence"), step.detail.get("times", 1)
    told = f"It was told: {sentence}" if sentence else f"The script was sent: {step.name}."
    return f"{told} It asked {times} times." if times > 1 else told


def _dhcp(step: StepRow) -> str:
    if step.status == "refused":
        return f"DHCP gave it nothing to boot: {step.detail.get('why', '')}"
    file, address = step.detail.get("file"), step.detail.get("address")
    told = f", {file}" if file else ""
    return f"DHCP {step.name}{f' {address}' if address else ''}{told}."


def _file(step: StepRow) -> str:
    if step.status == "missing":
        return f"It asked for {step.name}, which is not there."
    if step.detail.get("probe"):
        return f"It asked for the size of {step.name}."
    sent = bytes_said(step.bytes or 0)
    if step.status == "aborted":
        return f"{step.name} broke off after {sent} of {bytes_said(step.total or 0)}."
    if step.status == "running":
        return f"{step.name} is on its way."
    seconds = (step.ended_at or step.began_at) - step.began_at
    start = step.detail.get("range", (0, 0))[0]
    rest = f", which went on after {bytes_said(start)}" if start else ""
    return f"{step.name}{rest}, {sent} in {seconds:.1f} s."


def _junk(name: str, text: str) -> bool:
    plain = text.lower()
    if name == "uuid":
        digits = plain.replace("-", "")
        return len(set(digits)) <= 1 or digits.startswith("03000200040005000006")
    return plain in JUNK
