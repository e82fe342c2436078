"""One build: derivations become files, files become a published image.

The manifest is on disk before the generation is a row, and both before the table names it, so a
power cut between any two leaves the generation before in place.
"""

import asyncio
import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from appliance.errors import Problem, Refused, Unreachable
from appliance.model.builders import Builder
from appliance.model.images import (
    Image,
    Part,
    Provenance,
    Verdict,
    content_hash,
    image_from_json,
    image_to_json,
)
from appliance.store import build_facts, builder_states
from appliance.store.builds import BuildRow, generations, revisions, verdicts
from appliance.store.inventory_view import SourceView
from appliance.store.journal import transaction
from services.nix.assembly import Layout, layouts, thin_layouts, wanted_files, weight
from services.nix.complaints import BUILDING
from services.nix.desk import Desk
from services.nix.driver import Hear
from services.nix.failure import sentence
from services.nix.log_lines import Line, Step, Told
from services.nix.publish.driver import (
    Log,
    built_for,
    hashed,
    intact,
    published_image,
    remove,
    store_file,
    write,
)
from services.nix.recipe import Recipe, at_home, from_json, to_json
from services.nix.remote.choice import nobody, ready
from services.nix.remote.driver import Made, built_there
from services.nix.shortage import disk, memory, needed
from services.processes.cgroups.place import Memory

REPORT_SECONDS = 0.25
ADAPTED: Mapping[str, str] = {"native": "native", "adaptable": "adapted"}


class Ended(Enum):
    """What the queue does next."""

    OVER = "the build has its last state"
    LOOK_AGAIN = "its derivations are gone: look at the source again, then build"
    LATER = "the daemon was not there: try again soon"


@dataclass(slots=True)
class _Progress:
    """Where a build stands, between two writings."""

    phase: str = "starting"
    done: int = 0
    expected: int = 0
    told: tuple[str, int, int] = ("starting", 0, 0)


async def build(
    desk: Desk, row: BuildRow, source: SourceView, builders: Sequence[Builder] = ()
) -> Ended:
    """Carry out a build that is in the queue, on one of `builders` or here; its row says how it
    ended.

    Cancelling ends nix within a second and leaves the row to the caller.
    """
    look = build_facts.look(desk.database, row.host)
    if look is None or look.recipe is None:
        _over(desk, row, "failed", f"{row.name} is not bootable as it is now.")
        return Ended.OVER
    made = from_json(look.recipe)
    row = replace(row, revision=look.revision)
    with transaction(desk.database):
        build_facts.build_began(desk.database, row, look.recipe, desk.now())
    if unchanged(desk, row.host, made):
        _over(desk, row, "unchanged", "The image is the same as before.")
        return Ended.OVER
    log = Log(desk.logs / row.log)
    before = desk.nix.builds_memory()
    try:
        done = await _realised(desk, row, made, log, builders)
        if done.answer.exit != 0:
            return _failed(desk, row, done, log, None if done.by else _starved(desk, before))
        desk.fault("build.realised")
        await _publish(desk, row, source, made, log, done)
    except Refused as why:
        log.add(str(why))
        _over(desk, row, "failed", str(why))
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "The disk is full. Make room on it or give it more, then build again."
        _over(desk, row, "failed", what if full else f"The image could not be written: {error}.")
    finally:
        log.close()
    return Ended.OVER


def unchanged(desk: Desk, host: str, made: Recipe) -> bool:
    """The newest generation was built from the very same, and its files are there."""
    ident, recipe = build_facts.newest_recipe(desk.database, host)
    if recipe is None or from_json(recipe) != made:
        return False
    stored = published_image(desk.published, ident)
    return stored is not None and intact(image_from_json(stored).every_part)


async def _realised(
    desk: Desk, row: BuildRow, made: Recipe, log: Log, builders: Sequence[Builder]
) -> Made:
    progress = _Progress()

    def hear(told: Told) -> None:
        if isinstance(told, Line):
            log.add(f"{told.of}> {told.text}" if told.of else told.text)
        elif isinstance(told, Step):
            progress.phase = told.phase or progress.phase
            progress.done, progress.expected = told.done, told.expected

    report = asyncio.create_task(_reported(desk, row, progress))
    try:
        if done := await _delegated(desk, row, made, hear, log, builders):
            return done
        live = await desk.caches.live()
        await _make_room(desk, row, made, live, progress)
        return Made(
            *await desk.nix.realise(
                made.derivations, desk.build_roots(row.id) / "out", live, hear, desk.build_seconds
            )
        )
    finally:
        report.cancel()
        await asyncio.gather(report, return_exceptions=True)


async def _delegated(
    desk: Desk, row: BuildRow, made: Recipe, hear: Hear, log: Log, builders: Sequence[Builder]
) -> Made | None:
    """Let a builder do it; None when it is to be done here.  Raises Refused when nobody can."""
    systems = built_for(desk.nix.store, made.derivations)
    for builder in ready(builders, builder_states.states(desk.database), systems):
        try:
            done = await built_there(desk, row, builder, made, hear, log.add)
        except Unreachable as why:  # the broker, without which nobody is asked
            log.add(str(why))
            break
        if done is not None:
            return done
    if row.builder or builders:
        with transaction(desk.database):
            builder_states.taken(desk.database, row.id, "")
    if systems <= desk.systems:
        return None
    live = await desk.caches.live()
    if (await desk.nix.forecast(made.derivations, live)).builds:
        states = builder_states.states(desk.database)
        raise Refused(Problem(("builder",), nobody(builders, states, systems - desk.systems)))
    return None


async def _make_room(
    desk: Desk, row: BuildRow, made: Recipe, live: Sequence[str], progress: _Progress
) -> None:
    """Raise Refused when the store's disk is too small for this, even without its garbage."""
    last = next((one.size for one in generations(desk.database, row.host)), 0)
    if not live and not last:
        return  # nothing can be known
    told = await desk.nix.forecast(made.derivations, live)
    missing = needed(told, last) - desk.nix.free()
    if missing <= 0:
        return
    progress.phase = "making room on the disk"
    await desk.nix.collect(missing)
    if needed(told, last) > (free := desk.nix.free()):
        raise Refused(Problem(("disk",), disk(told, last, free)))


async def _reported(desk: Desk, row: BuildRow, progress: _Progress) -> None:
    while True:
        now = (progress.phase, progress.done, progress.expected)
        if now != progress.told:
            progress.told = now
            with transaction(desk.database):
                build_facts.build_stepped(desk.database, row, *now, desk.now())
        await asyncio.sleep(REPORT_SECONDS)


def _starved(desk: Desk, before: Memory | None) -> Memory | None:
    """How the memory of builds stands when the kernel ended one for it since; else None."""
    now = desk.nix.builds_memory()
    return now if now and before and now.kills > before.kills else None


def _failed(desk: Desk, row: BuildRow, done: Made, log: Log, starved: Memory | None) -> Ended:
    answer, lines = done.answer, done.lines
    error = lines.error or answer.error or "\n".join(lines.printed) or answer.what
    last = next((one for one in reversed(lines.last_lines) if one.strip()), "")
    names = {
        "failed": lines.failed[-1] if lines.failed else "A derivation",
        "because": f": {last}" if last else "",
    }
    every = "\n".join([*lines.errors, error])
    kind, what = sentence(BUILDING, every, names)
    if answer.reason == "timeout":
        kind, what = "time", f"The whole build took longer than {desk.build_seconds:g} s."
    if starved is not None:
        kind, what = "memory", memory(lines.failed[0] if lines.failed else row.name, starved.limit)
    what = f"On {done.by}: {what}" if done.by else what
    log.add(what)
    remove(desk.build_roots(row.id))
    if kind == "gone":
        return Ended.LOOK_AGAIN
    if kind == "no daemon":
        return Ended.LATER
    _over(desk, row, "failed", what)
    return Ended.OVER


async def _publish(
    desk: Desk, row: BuildRow, source: SourceView, made: Recipe, log: Log, done: Made
) -> None:
    with transaction(desk.database):
        build_facts.build_stepped(desk.database, row, "publishing", 1, 1, desk.now())
    verdict = next(one for one in verdicts(desk.database, row.source) if one.host == row.host)
    known: dict[str, Part] = {}
    image = await _image(desk, row, source, made, verdict, None, known, done)
    special = {
        name: await _image(desk, row, source, one, verdict, name, known, done)
        for name, one in made.specialisations.items()
    }
    for one in (image, *special.values()):
        write(desk.published / "images" / f"{one.id}.json", image_to_json(one))
    desk.fault("build.written")
    with transaction(desk.database):
        number = build_facts.image_published(
            desk.database,
            image,
            {name: one.id for name, one in special.items()},
            to_json(made),
            desk.now(),
        )
        build_facts.build_ended(
            desk.database, row, "built", f"Generation {number}.", desk.now(), image.id
        )
    desk.fault("build.recorded")
    log.add(f"Generation {number}: {image.size} bytes to load.")
    desk.publish()


async def _image(
    desk: Desk,
    row: BuildRow,
    source: SourceView,
    made: Recipe,
    verdict: Verdict,
    specialisation: str | None,
    known: dict[str, Part],
    done: Made,
) -> Image:
    store = desk.nix.store
    here = at_home(made, done.home)
    files = {part: store_file(store, path) for part, path in wanted_files(here).items()}
    planned = layouts(made, files)
    if notes := weight(planned):
        with transaction(desk.database):
            build_facts.host_noted(desk.database, verdict, *notes)
    parts = await _hashed(planned, known)
    thin = await _hashed(thin_layouts(here, files), known)
    revision = next(
        one for one in revisions(desk.database, row.source, 1_000) if one.id == row.revision
    )
    line = made.command_line
    return Image(
        id=content_hash(row.host, specialisation, parts, line, made.toplevel),
        host=row.host,
        name=row.name,
        specialisation=specialisation,
        recipe="linux",
        system=made.system,
        parts=parts,
        command_line=line,
        toplevel=made.toplevel,
        watched=verdict.watched,
        provenance=Provenance(
            source=source.id,
            url=source.url,
            locked=revision.locked,
            revision=revision.rev,
            nar_hash=revision.nar_hash,
            last_modified=revision.last_modified,
            drvs=dict(made.drvs),
            built_at=desk.now(),
            built_on=done.by or "here",
            nix=done.nix if done.by else str(desk.version or ""),
            adapted="as built" if source.as_built else ADAPTED.get(verdict.kind, "adapted"),
        ),
        thin=thin,
        initrd_modules=made.initrd_modules,
    )


async def _hashed(planned: Sequence[Layout], known: dict[str, Part]) -> tuple[Part, ...]:
    """The parts with their hashes; what is `known` is not read again."""
    for one in planned:
        if str(one) not in known:
            known[str(one)] = await hashed(one)
    return tuple(known[str(one)] for one in planned)


def _over(desk: Desk, row: BuildRow, state: str, what: str) -> None:
    with transaction(desk.database):
        build_facts.build_ended(desk.database, row, state, what, desk.now())
    if state == "failed":
        remove(desk.build_roots(row.id))
    desk.publish()
