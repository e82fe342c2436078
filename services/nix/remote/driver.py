"""The door to builders: who answers, and builds that stay there.

Only what an image is made of comes home, under the store path that follows from the hash of its
content: what arrives otherwise than the builder said cannot be rooted, and is not published.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.errors import Problem, Refused
from appliance.model.builders import COMMAND, Builder
from appliance.store import builder_states as rows
from appliance.store.builder_states import (
    BUILD,
    LOGIN,
    LOST,
    READY,
    BuilderState,
    Step,
)
from appliance.store.builds import BuildRow
from appliance.store.journal import transaction
from services.nix.closures.driver import Closures, made_there
from services.nix.desk import Desk
from services.nix.driver import Hear, clock
from services.nix.log_lines import Line, LogLines, Told
from services.nix.places.driver import ARRIVALS
from services.nix.recipe import Recipe
from services.nix.remote import verdict
from services.nix.remote.silence import Silence, said
from services.nix.remote.verdict import Info, Weight
from services.nix.shortage import Forecast, disk
from services.nix.store_path import tree_path
from services.nix.verdict import Answer

REACH_SECONDS = 3.0
"""How long a builder may take to accept a connection."""
LISTEN_SECONDS = 1.0
"""How often it is asked who was silent for too long."""


@dataclass(frozen=True, slots=True)
class Made:
    """How a build ended; `home` is where what a builder made lies here, by its path there."""

    answer: Answer
    lines: LogLines
    by: str = ""  # the builder's name, "" for this router
    home: Mapping[str, str] = field(default_factory=dict)
    nix: str = ""  # the builder's version, "" when it does not say
    closures: Closures = field(default_factory=dict)  # as far as the builder says


def state(desk: Desk, ident: str) -> BuilderState:
    """How a builder stands."""
    return rows.states(desk.database).get(ident) or BuilderState(ident)


def told(builder: Builder) -> dict[str, object]:
    """A builder as the broker's verbs take it."""
    return {
        "host": builder.host,
        "port": builder.port,
        "user": builder.user,
        "host_key": builder.host_key,
        "key": builder.id,
    }


def machine(builder: Builder) -> dict[str, object]:
    """The same, with what our daemon has to know to share builds with it."""
    return {
        **told(builder),
        "systems": list(builder.systems),
        "features": list(builder.features),
        "jobs": builder.jobs,
        "speed": builder.speed,
    }


async def reached(builder: Builder) -> Step:
    """Whether it accepts a connection."""
    try:
        async with asyncio.timeout(REACH_SECONDS):
            _, writer = await asyncio.open_connection(builder.host, builder.port)
    except TimeoutError:
        return _unreached("timed out", builder)
    except OSError as error:
        return _unreached(str(error), builder)
    writer.close()
    return Step(rows.REACH, "ok", f"It answers on port {builder.port}.")


def is_lost(desk: Desk, builder: Builder, what: str) -> None:
    """It was ready and is not: nothing is built on it until it answers again."""
    before = state(desk, builder.id)
    if before.state != READY:
        return
    with transaction(desk.database):
        now = replace(before, state=LOST, what=what)
        rows.lost(desk.database, now, builder.name, desk.now())


async def built_there(
    desk: Desk,
    row: BuildRow,
    builder: Builder,
    made: Recipe,
    hear: Hear,
    say: Callable[[str], None],
) -> Made | None:
    """Build on a builder and bring the outputs home, rooted as parts of the build.

    None when it does not build them after all: `say` has heard why, and another one may.  Raises
    Refused when what arrived is not what the builder said, or finds no room.
    """
    found = await _met(desk, builder, say)
    if found is None:
        return None
    with transaction(desk.database):
        rows.taken(desk.database, row.id, builder.name)
    say(f"{builder.name} builds it: ssh {builder.address} {COMMAND}")
    lines = LogLines()

    def listen(told: Told) -> None:
        if not verdict.is_noise(told):
            hear(told)

    limit, drvs = {"seconds": desk.build_seconds}, {"drvs": list(made.derivations)}
    work = desk.nix.ask_once("builder-build", {**told(builder), **limit, **drvs}, listen, lines)
    answer = await unless_silent(desk, work, lines, hear)
    if answer.good:
        async with desk.places.one_of(ARRIVALS):
            home = await _brought(desk, row, builder, made.outputs, say)
        if home is None:
            return None
        closures = await made_there(desk, told(builder), made)
        nix = str(found.version or "")
        return Made(answer, lines, builder.name, home, nix, closures)
    ours = f"connect to socket at '{desk.nix.store.socket}'" in verdict.said(answer)
    gone = None if ours else verdict.unfinished(answer, lines, builder)
    if gone is None:
        return Made(answer, lines, builder.name)
    _left(desk, builder, gone, say)
    return None


async def unless_silent(
    desk: Desk, asked: Coroutine[Any, Any, Answer], lines: LogLines, hear: Hear
) -> Answer:
    """What was `asked`, unless a derivation prints nothing for too long, which ends it."""
    work = asyncio.create_task(asked)
    silence = Silence(desk.silent_seconds)
    try:
        while not (await asyncio.wait((work,), timeout=LISTEN_SECONDS))[0]:
            if name := silence.broken(lines.running, lines.working, clock()):
                what = said(name, desk.silent_seconds)
                lines.errors.append(what)
                lines.failed.append(name)
                hear(Line(what))
                return Answer("", what, 101, "done")
        return work.result()
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def _brought(
    desk: Desk, row: BuildRow, builder: Builder, outs: Sequence[str], say: Callable[[str], None]
) -> Mapping[str, str] | None:
    """Where the outputs lie here, by their paths there; None when the builder was lost."""
    answer = await desk.nix.ask_once("builder-weigh", {**told(builder), "paths": list(outs)})
    weighed = verdict.weights(answer.out)
    if not answer.good or set(weighed) != set(outs):
        _left(desk, builder, verdict.refused(answer, builder, BUILD), say)
        return None
    home = {path: tree_path(one.nar_hash, _name(path)) for path, one in weighed.items()}
    roots = {path: desk.build_roots(row.id) / f"part-{at}" for at, path in enumerate(outs)}
    absent = [path for path in outs if await desk.nix.keep([home[path]], roots[path])]
    if absent:
        await _room(desk, [weighed[path] for path in absent])
        answer = await desk.nix.ask_once("builder-bring", {**told(builder), "paths": absent})
        if gone := verdict.not_home(answer, builder):
            _left(desk, builder, gone, say)
            return None
        for path in absent:
            if await desk.nix.keep([home[path]], roots[path]):
                raise Refused(Problem(("builder",), _otherwise(answer, builder, path)))
    size = sum(weighed[path].size for path in absent)
    say(f"{len(absent)} of {len(outs)} parts came home from {builder.name}: {size} bytes.")
    return home


async def _met(desk: Desk, builder: Builder, say: Callable[[str], None]) -> Info | None:
    """Its Nix, when it answers this very moment as itself; None when it does not."""
    step = await reached(builder)
    if step.state == "ok":
        answer = await desk.nix.ask_once("builder-ask", told(builder))
        if answer.good:
            return verdict.info(answer.out)
        step = verdict.refused(answer, builder, LOGIN)
    _left(desk, builder, step, say)
    return None


def _left(desk: Desk, builder: Builder, step: Step, say: Callable[[str], None]) -> None:
    """Go on without it; only when the connection is to blame it counts as lost."""
    say(step.what)
    if step.step != BUILD:
        is_lost(desk, builder, step.what)


async def _room(desk: Desk, weighed: Sequence[Weight]) -> None:
    """Raise Refused where they find no room; each lies here twice for a moment."""
    told = Forecast(2 * sum(one.size for one in weighed), builds=False)
    missing = told.fetched - desk.nix.free()
    if missing <= 0:
        return
    await desk.nix.collect(missing)
    if told.fetched > (free := desk.nix.free()):
        raise Refused(Problem(("disk",), disk(told, 0, free)))


def _otherwise(answer: Answer, builder: Builder, path: str) -> str:
    if verdict.FULL.search(verdict.said(answer)):
        return "The disk of the store is full. Make room on it or give it more, then build again."
    return (
        f"{_name(path)} arrived from {builder.name} otherwise than it said: the hash of its "
        "content differs. Nothing is published. Check its disk and memory, then build again."
    )


def _unreached(why: str, builder: Builder) -> Step:
    found = verdict.ended(why, builder)
    what = f"{builder.host} cannot be reached on port {builder.port}: {why}."
    return found if found and found.step == rows.REACH else Step(rows.REACH, "bad", what)


def _name(path: str) -> str:
    return path.rpartition("/")[2].partition("-")[2]
