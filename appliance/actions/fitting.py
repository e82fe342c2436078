"""Whether what a machine is to boot fits it, as far as its boots have told.

Nothing is refused here: what is doubtful is said when it is assigned, and stays on the machine's
page until it is mended.
"""

from collections.abc import Iterable

from appliance.generations import booted, served
from appliance.model.fit import Fit, fit, known
from appliance.store.inventory_view import MachineView
from appliance.store.reads import Reads

TOLD = ("memory", "plat", "drivers")
"""Facts of a boot that the fit depends on."""
BOOTS_READ = 5


def machine_fit(reads: Reads, machine: MachineView) -> Fit | None:
    """How the machine's next boot fits it; None when it runs no image, or none is there."""
    if machine.intent != "run" or machine.host is None:
        return None
    macs = [mac for _, mac in machine.macs]
    return host_fit(reads, machine.id, macs, machine.host, machine.specialisation)


def host_fit(
    reads: Reads, machine: str, macs: Iterable[str], host: str, specialisation: str | None
) -> Fit | None:
    """The same for a host that it has not been given yet."""
    rows, stands = reads.generations(host), reads.standings()
    given = served(rows, stands, host, machine, boots=lambda row: booted(row, specialisation))
    image = reads.image(booted(given, specialisation)) if given else None
    return fit(image, known(_facts(reads, macs))) if image else None


def doubt_said(found: Fit | None) -> str:
    """The first doubt as sentences that follow another one, "" without any.

    >>> from appliance.model.images import Finding
    >>> doubt_said(Fit(False, "", (Finding("warn", "It is large.", "a = 1;"),)))
    ' But: It is large. Add to the host: a = 1;'
    """
    first = next(iter(found.findings if found else ()), None)
    if first is None:
        return ""
    return f" But: {first.what}{f' Add to the host: {first.missing}' if first.missing else ''}"


def _facts(reads: Reads, macs: Iterable[str]) -> dict[str, object]:
    """What the newest boot that told anything had to tell."""
    boots = [boot for mac in macs for boot in reads.boots(mac=mac, limit=BOOTS_READ)]
    newest = sorted(boots, key=lambda boot: -boot.began_at)
    return next((boot.facts for boot in newest if any(boot.facts.get(one) for one in TOLD)), {})
