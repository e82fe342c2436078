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

from appliance.errors import Problem, Refused, Unreachable
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
from services.nix.complaints import BUILDING
from services.nix.desk import Desk
from services.nix.driver import Hear
from services.nix.failure import sentence
from services.nix.files.driver import image as image_of_files
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
from services.nix.remote.driver import Made, built_there
from services.nix.remote.machines import url
from services.nix.shortage import disk, memory, needed
from services.nix.supply.driver import bring, live
from services.nix.works.parts.driver import let_go, parts_of
from services.nix.works.progress.driver import Progress, heard, timed, watched
from services.processes.cgroups.place import Memory

ADAPTED: Mapping[str, str] = {"native": "native", "adaptable": "adapted"}


class Ended(Enum):
    """What the queue does next."""

    OVER = "the build has its last state"
    LOOK_AGAIN = "its derivations are gone: look at the source again, then build"
    LATER = "the daemon was not there: try again soon"


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
    progress = Progress(free=desk.nix.free())
    began = desk.now()
    try:
        return await _carried_out(desk, row, source, look.recipe, log, builders, progress)
    except Refused as why:
        full = any(one.where == ("disk",) for one in why.problems)
        if full:
            timed(desk, row, "", progress, desk.now() - began, whole=False)
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
        fetched = image_of_files(desk, row, source, made, hear)
        image = await watched(desk, row, progress, fetched)
        _record(desk, row, image, {}, recipe, log)
        return Ended.OVER
    before, began = desk.nix.builds_memory(), desk.now()
    work = _realised(desk, row, source, made, log, builders, progress, hear)
    done = await watched(desk, row, progress, work)
    starved = None if done.by else _starved(desk, before)
    whole = done.answer.exit == 0
    if whole or starved:
        timed(desk, row, done.by, progress, desk.now() - began, whole=whole)
    if not whole:
        return _failed(desk, row, done, log, starved, progress)
    desk.fault("build.realised")
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
    if done := await _delegated(desk, row, made, hear, log, builders, here):
        return done
    asked = await live(desk)
    await bring(desk, made, asked, log.add)
    await _make_room(desk, row, made, asked, progress)
    told = await desk.nix.realise(
        made.derivations,
        desk.build_roots(row.id) / "out",
        asked,
        hear,
        desk.build_seconds,
        without=_without(source, others),
        machines={url(one.id): one.name for one in others},
    )
    return Made(*told)


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
) -> Made | None:
    """Let a builder do it; None when it is to be done here, where systems of `here` may be built,
    or comes from a cache.  Raises Refused when nobody can."""
    systems = built_for(desk.nix.store, made.derivations)
    there = ready(builders, builder_states.states(desk.database), systems)
    if len({frozenset(one.features) for one in there}) > 1:
        features = await asyncio.to_thread(required, desk.nix.store, made.derivations)
        there = by_features(there, features)
    for builder in there:
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
    if systems <= here:
        return None
    asked = await live(desk)
    await bring(desk, made, asked, log.add)
    if (await desk.nix.forecast(made.derivations, asked)).builds:
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
    await desk.nix.collect(missing)
    if needed(told, last) > (free := desk.nix.free()):
        raise Refused(Problem(("disk",), disk(told, last, free)))


def _starved(desk: Desk, before: Memory | None) -> Memory | None:
    """How the memory of builds stands when the kernel ended one for it since; else None."""
    now = desk.nix.builds_memory()
    return now if now and before and now.kills > before.kills else None


def _failed(
    desk: Desk, row: BuildRow, done: Made, log: Log, starved: Memory | None, progress: Progress
) -> Ended:
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
        kind, what = "timeout", f"The whole build took longer than {desk.build_seconds:g} s."
    if starved is not None:
        kind, what = "memory", memory(lines.failed[0] if lines.failed else row.name, starved.limit)
    what = f"On {done.by}: {what}" if done.by else what
    log.add(what)
    remove(desk.build_roots(row.id))
    if kind == "disk" and not done.by:
        timed(desk, row, "", progress, desk.now() - (row.began_at or desk.now()), whole=False)
    if kind == "gone":
        return Ended.LOOK_AGAIN
    if kind == "no-daemon":
        return Ended.LATER
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
    _record(desk, row, image, special, to_json(made), log)
    every = [part for one in (image, *special.values()) for part in one.every_part]
    await let_go(desk, row, at_home(made, done.home), every)


def _record(
    desk: Desk,
    row: BuildRow,
    image: Image,
    special: Mapping[str, Image],
    recipe: Mapping[str, Any],
    log: Log,
) -> None:
    """Manifests first, then the generation and the end of its build."""
    for one in (image, *special.values()):
        write(desk.published / "images" / f"{one.id}.json", image_to_json(one))
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
