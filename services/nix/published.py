"""The machine → image table, from the inventory and from what is built.

Inventory rows and generations in, `Table` out; the door writes it.
"""

from collections.abc import Iterable, Mapping, Sequence

from appliance.model.images import Verdict
from appliance.model.table import Generation, Host, Machine, Menu, Table, Unknown
from appliance.store.builds import BuildRow, GenerationRow
from appliance.store.inventory_view import MachineView, MenuView, SourceView, UnknownView

WAITING: Mapping[str, str] = {
    "queued": "waits to be built",
    "running": "is being built",
    "failed": "could not be built",
    "cancelled": "was not built: the build was cancelled",
}


def table(
    at: float,
    *,
    sources: Sequence[SourceView],
    machines: Sequence[MachineView],
    menus: Sequence[MenuView],
    unknowns: Sequence[UnknownView],
    verdicts: Sequence[Verdict],
    generations: Sequence[GenerationRow],
    builds: Sequence[BuildRow],
) -> Table:
    """Who boots what at the moment `at` (Unix seconds)."""
    return Table(
        at=at,
        macs={
            (f"{network}|{mac}" if network else mac): machine.id
            for machine in machines
            for network, mac in machine.macs
        },
        machines={
            one.id: Machine(
                id=one.id,
                name=one.name,
                intent=one.intent,
                intent_id=one.intent_id,
                host=one.host,
                menu=one.menu,
                specialisation=one.specialisation,
                once=one.once,
                waits_seconds=one.waits_seconds,
                machine_id=one.machine_id,
                keeps_identity=one.keeps_identity,
            )
            for one in machines
        },
        unknown={one.network: Unknown(one.kind, one.menu) for one in unknowns},
        menus={
            one.id: Menu(
                id=one.id,
                name=one.name,
                hosts=one.hosts,
                default=one.default,
                timeout_seconds=one.timeout_seconds,
                rollbacks=one.rollbacks,
            )
            for one in menus
        },
        hosts=_hosts(sources, verdicts, generations, builds),
    )


def _hosts(
    sources: Sequence[SourceView],
    verdicts: Sequence[Verdict],
    generations: Sequence[GenerationRow],
    builds: Sequence[BuildRow],
) -> dict[str, Host]:
    names = {source.id: source.name for source in sources}
    known = {verdict.host: verdict for verdict in verdicts}
    every = dict.fromkeys([*known, *(one.host for one in generations)])
    latest: dict[str, BuildRow] = {}
    for build in builds:  # newest first
        latest.setdefault(build.host, build)
    made: dict[str, Host] = {}
    for host in every:
        source, _, name = host.partition("/")
        if source not in names:
            continue  # its source was removed
        kept = tuple(_generation(one) for one in generations if one.host == host)
        if kept:
            made[host] = Host(host, name, names[source], kept)
        else:
            lacks, waiting = _waiting(name, known.get(host), latest.get(host))
            made[host] = Host(host, name, names[source], (), waiting, lacks)
    return made


def _generation(row: GenerationRow) -> Generation:
    return Generation(row.number, row.image, row.state, row.specialisations)


def _waiting(name: str, verdict: Verdict | None, build: BuildRow | None) -> tuple[str, str]:
    """Why there is nothing to boot: a word of table.LACKS, and the sentence."""
    if build is not None and build.state in WAITING:
        more = f" {build.what}" if build.what else ""
        return build.state, f"{name} {WAITING[build.state]}.{more}"
    if verdict is not None and verdict.reason:
        return "not-bootable", f"{name} cannot be booted: {verdict.reason}"
    if verdict is not None and verdict.kind == "looking":
        return "looking", f"{name} is being looked at."
    return "unbuilt", f"{name} is not built yet."


def images_in(generations: Iterable[GenerationRow]) -> frozenset[str]:
    """Every image some generation serves."""
    return frozenset(
        image for row in generations for image in (row.image, *row.specialisations.values())
    )
