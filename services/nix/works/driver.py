"""One build: derivations become files, files become a published image.

The manifest is on disk before the generation is a row, and both before the table names it, so a
power cut between any two leaves the generation before in place.
"""

import asyncio
import errno
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from functools import partial
from typing import Any

from appliance.errors import Problem, Refused
from appliance.model.builders import Builder
from appliance.model.files import FilesHost, is_files
from appliance.model.files import from_json as files_host
from appliance.model.images import (
    Image,
    Part,
    Provenance,
    Verdict,
    content_hash,
    image_from_json,
    image_to_json,
)
from appliance.store import build_facts, builder_states, outlooks
from appliance.store.builds import BuildRow, generations, revisions, verdicts
from appliance.store.inventory_view import SourceView
from appliance.store.journal import transaction
from services.nix.assembly import layouts, thin_layouts, wanted_files, weight
from services.nix.calls import AS_USUAL, NOT_HERE, NOTHING_BUILT
from services.nix.closures.driver import Closures, made_here, note
from services.nix.desk import Desk
from services.nix.driver import Hear
from services.nix.files.driver import image as image_of_files
from services.nix.log_lines import LogLines
from services.nix.places.driver import ARRIVALS, HERE, TABLE
from services.nix.publish.driver import (
    Log,
    built_for,
    intact,
    published_image,
    remove,
    required,
    store_file,
    write,
)
from services.nix.recipe import Recipe, at_home, from_json, to_json
from services.nix.remote.choice import by_features, helpers, nobody, ready, served
from services.nix.remote.driver import Made, is_lost, unless_silent
from services.nix.remote.machines import url
from services.nix.shortage import disk, needed
from services.nix.supply.driver import bring, live
from services.nix.works.elsewhere.driver import built_on_one
from services.nix.works.failure import AGAIN, GONE, LEFT, helper, why
from services.nix.works.parts.driver import let_go, parts_of
from services.nix.works.progress.driver import Progress, began, heard, timed, waits, watched
from services.processes.cgroups.place import Memory

ADAPTED: Mapping[str, str] = {"native": "native", "adaptable": "adapted"}


class Ended(Enum):
    """What the queue does next."""

    OVER = "the build has its last state"
    LOOK_AGAIN = "its derivations are gone: look at the source again, then build"
    LATER = "the daemon was not there: try again soon"
    WITHOUT = "a builder went away in the middle: go on with the others"


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
    await desk.meet_nix()
    if desk.lowered:
        _over(desk, row, "failed", desk.lowered, "no-sandbox")
        return Ended.OVER
    row = replace(row, revision=look.revision)
    with transaction(desk.database):
        build_facts.build_began(desk.database, row, look.recipe, desk.now())
    if unchanged(desk, row.host, look.recipe):
        _over(desk, row, "unchanged", "The image is the same as before.")
        return Ended.OVER
    log = Log(desk.logs / row.log)
    progress = Progress()
    began(desk, progress)
    try:
        return await _carried_out(desk, row, source, look.recipe, log, builders, progress)
    except Refused as why:
        full = any(one.where == ("disk",) for one in why.problems)
        if full:
            timed(desk, row, "", progress, whole=False)
        log.add(str(why))
        _over(desk, row, "failed", str(why), "disk" if full else "")
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "The disk is full. Make room on it or give it more, then build again."
        what = what if full else f"The image could not be written: {error}."
        _over(desk, row, "failed", what, "disk" if full else "")
    finally:
        log.close()
    return Ended.OVER


def unchanged(desk: Desk, host: str, recipe: Mapping[str, Any]) -> bool:
    """The newest generation was built from the very same, and its files are there."""
    ident, before = build_facts.newest_recipe(desk.database, host)
    if before is None or _read(before) != _read(recipe):
        return False
    stored = published_image(desk.published, ident)
    return stored is not None and intact(image_from_json(stored).every_part)


def _read(recipe: Mapping[str, Any]) -> Recipe | FilesHost:
    """A recipe as a look stored it."""
    return files_host(recipe) if is_files(recipe) else from_json(recipe)


async def _carried_out(
    desk: Desk,
    row: BuildRow,
    source: SourceView,
    recipe: Mapping[str, Any],
    log: Log,
    builders: Sequence[Builder],
    progress: Progress,
) -> Ended:
    made, hear = _read(recipe), partial(heard, log, progress)
    if isinstance(made, FilesHost):
        progress.phase = "fetching its files"
        async with desk.places.one_of(HERE):
            fetched = image_of_files(desk, row, source, made, hear)
            image = await watched(desk, row, progress, fetched)
        _record(desk, row, image, {}, recipe, log, {})
        return Ended.OVER
    work = _realised(desk, row, source, made, log, builders, progress, hear)
    done = await watched(desk, row, progress, work)
    starved = None if done.by else _starved(desk, progress.before)
    whole = done.answer.exit == 0
    if whole or starved:
        timed(desk, row, done.by, progress, whole=whole)
    if not whole:
        return _failed(desk, row, done, log, starved, progress, builders)
    desk.fault("build.realised")
    async with desk.places.one_of(TABLE):
        await _publish(desk, row, source, made, log, done)
    return Ended.OVER


async def _realised(
    desk: Desk,
    row: BuildRow,
    source: SourceView,
    made: Recipe,
    log: Log,
    builders: Sequence[Builder],
    progress: Progress,
    hear: Hear,
) -> Made:
    others = helpers(builders, builder_states.states(desk.database))
    here = served(others) | (frozenset() if source.only_builders else desk.systems)
    if done := await _delegated(desk, row, made, hear, log, builders, here, progress):
        return done
    waits(desk, progress, (HERE,))
    async with desk.places.one_of(HERE):
        began(desk, progress)
        asked = await live(desk)
        await bring(desk, made, asked, log.add)
        await _make_room(desk, row, made, asked, progress)
        lines = LogLines({url(one.id): one.name for one in others})
        work = desk.nix.realise(
            made.derivations,
            desk.build_roots(row.id) / "out",
            asked,
            hear,
            desk.build_seconds,
            without=_without(source, others),
            lines=lines,
        )
        return Made(await unless_silent(desk, work, lines, hear), lines)


def _without(source: SourceView, others: Sequence[Builder]) -> Mapping[str, str]:
    """What a build on this router does without."""
    if not source.only_builders:
        return AS_USUAL
    return NOT_HERE if others else NOTHING_BUILT


async def _delegated(
    desk: Desk,
    row: BuildRow,
    made: Recipe,
    hear: Hear,
    log: Log,
    builders: Sequence[Builder],
    here: frozenset[str],
    progress: Progress,
) -> Made | None:
    """Let a builder do it; None when it is to be done here, where systems of `here` may be built,
    or comes from a cache.  Raises Refused when nobody can."""
    systems = built_for(desk.nix.store, made.derivations)
    there = ready(builders, builder_states.states(desk.database), systems)
    if len({frozenset(one.features) for one in there}) > 1:
        features = await asyncio.to_thread(required, desk.nix.store, made.derivations)
        there = by_features(there, features)
    if done := await built_on_one(desk, row, there, systems, made, hear, log.add, progress):
        return done
    if row.builder or builders:
        with transaction(desk.database):
            builder_states.taken(desk.database, row.id, "")
    if systems <= here:
        return None
    waits(desk, progress, (HERE,))
    async with desk.places.one_of(HERE):
        asked = await live(desk)
        await bring(desk, made, asked, log.add)
        builds = (await desk.nix.forecast(made.derivations, asked)).builds
    if builds:
        states = builder_states.states(desk.database)
        what = nobody(builders, states, systems, desk.systems)
        raise Refused(Problem(("builder",), what))
    return None


async def _make_room(
    desk: Desk, row: BuildRow, made: Recipe, asked: Sequence[str], progress: Progress
) -> None:
    """Raise Refused when the store's disk is too small for this, even without its garbage."""
    last = next((one.size for one in generations(desk.database, row.host)), 0)
    if not asked and not last:
        return  # nothing can be known
    told = await desk.nix.forecast(made.derivations, asked)
    missing = needed(told, last) - desk.nix.free()
    if missing <= 0:
        return
    progress.phase = "making room on the disk"
    async with desk.places.one_of(ARRIVALS):  # what has arrived and is not kept yet
        await desk.nix.collect(missing)
    if needed(told, last) > (free := desk.nix.free()):
        raise Refused(Problem(("disk",), disk(told, last, free)))


def _starved(desk: Desk, before: Memory | None) -> Memory | None:
    """How the memory of builds stands when the kernel ended one for it since; else None."""
    now = desk.nix.builds_memory()
    return now if now and before and now.kills > before.kills else None


def _failed(
    desk: Desk,
    row: BuildRow,
    done: Made,
    log: Log,
    starved: Memory | None,
    progress: Progress,
    builders: Sequence[Builder],
) -> Ended:
    kind, what = why(done.answer, done.lines, row.name, desk.build_seconds, starved)
    what = f"On {done.by}: {what}" if done.by and kind != GONE else what
    log.add(what)
    remove(desk.build_roots(row.id))
    if kind == "disk" and not done.by:
        timed(desk, row, "", progress, whole=False)
    if kind == "gone":
        return Ended.LOOK_AGAIN
    if kind == GONE:
        return Ended.LATER
    if kind == LEFT:
        for one in builders:
            if one.shares and one.name == helper(done.lines):
                is_lost(desk, one, what.removesuffix(f" {AGAIN}"))
        return Ended.WITHOUT
    _over(desk, row, "failed", what, kind)
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
    closures = done.closures if done.by else await made_here(desk, made)
    _record(desk, row, image, special, to_json(made), log, closures)
    every = [part for one in (image, *special.values()) for part in one.every_part]
    await let_go(desk, row, at_home(made, done.home), every)


def _record(
    desk: Desk,
    row: BuildRow,
    image: Image,
    special: Mapping[str, Image],
    recipe: Mapping[str, Any],
    log: Log,
    closures: Closures,
) -> None:
    """Manifests first, then the generation and the end of its build."""
    for one in (image, *special.values()):
        write(desk.published / "images" / f"{one.id}.json", image_to_json(one))
    note(desk, (image, *special.values()), closures)
    desk.fault("build.written")
    with transaction(desk.database):
        number = build_facts.image_published(
            desk.database,
            image,
            {name: one.id for name, one in special.items()},
            dict(recipe),
            desk.now(),
        )
        build_facts.build_ended(
            desk.database, row, "built", f"Generation {number}.", desk.now(), image.id
        )
        outlooks.stale(desk.database, row.host)
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
    parts = await parts_of(desk, row, planned, files, known)
    thin = await parts_of(desk, row, thin_layouts(here, files), files, known)
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
            built_on=done.by or " with ".join(["here", *done.lines.helped]),
            nix=done.nix if done.by else str(desk.version or ""),
            adapted="as built" if source.as_built else ADAPTED.get(verdict.kind, "adapted"),
        ),
        thin=thin,
        initrd_modules=made.initrd_modules,
    )


def _over(desk: Desk, row: BuildRow, state: str, what: str, word: str = "") -> None:
    with transaction(desk.database):
        build_facts.build_ended(desk.database, row, state, what, desk.now(), obstacle=word)
    if state == "failed":
        remove(desk.build_roots(row.id))
    desk.publish()
