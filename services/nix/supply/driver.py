"""The door to caches: which are asked for a build, what they are asked for, what they bring.

A build waits until the daemon knows the caches that its owner wants, though not for ever.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from appliance.model.caches import Cache, addresses, trusted, wanted
from appliance.model.files import is_files
from appliance.store import build_facts, builds
from appliance.store import cache_states as rows
from appliance.store.cache_states import LOST, READY, UNFIT, CacheState
from appliance.store.journal import transaction
from services.nix.derivation import inputs, outputs
from services.nix.desk import Desk
from services.nix.driver import clock
from services.nix.failure import own_words
from services.nix.narinfo import hash_part
from services.nix.recipe import Recipe, from_json
from services.nix.shortage import unbuilt
from services.nix.supply.verdict import MOST_NAMES, Talked, talked
from services.nix.verdict import Answer

SETTLE_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.2
MOST_READ = 4_000  # derivations
SAMPLE = 60  # paths that a host is built from, to ask a cache for


def state(desk: Desk, ident: str) -> CacheState:
    """How a cache stands."""
    return rows.states(desk.database).get(ident) or CacheState(ident)


def told(cache: Cache) -> dict[str, object]:
    """A cache as the broker's verbs take it."""
    return {"url": cache.url, "keys": list(cache.keys), "credential": cache.credential}


async def live(desk: Desk) -> tuple[str, ...]:
    """Those that are asked for a build that begins now, as our daemon was told of them."""
    await _settled(desk)
    told = _substituters(desk)
    given = addresses(wanted(desk.caches.all))
    there = {one.url for one in await _there(desk) if one.credential is None}
    return tuple(how for url, how in given.items() if url in there and how in told)


async def bring(desk: Desk, made: Recipe, asked: Sequence[str], say: Callable[[str], None]) -> None:
    """Have private caches give what would be built otherwise; `asked` are the others.

    What does not come is built; `say` hears why.
    """
    private = [one for one in desk.caches.all if one.enabled and one.credential]
    if not private:
        return
    for cache in await _there(desk):
        if cache not in private:
            continue
        lacks = await desk.nix.dry_run(made.derivations, asked)
        drvs = unbuilt(lacks)
        if not drvs:
            return
        wants = _wanted(desk, made.derivations, drvs)
        found, why = await look(desk, cache, [hash_part(path) for path in wants])
        have = [path for path in wants if found and hash_part(path) in found.has]
        if found is None:
            say(f"{cache.name} was not asked: {why}")
        elif have:
            answer = await desk.nix.ask_once("cache-bring", {**told(cache), "paths": have})
            came = f"{len(have)} paths came from {cache.name}."
            say(came if answer.good else f"{cache.name} gave nothing: {_why(answer)}")


async def look(
    desk: Desk, cache: Cache, names: Sequence[str], *, first: bool = False
) -> tuple[Talked | None, str]:
    """Ask a cache for small texts; None and why, when that could not even be tried."""
    pieces = [names[at : at + MOST_NAMES] for at in range(0, len(names), MOST_NAMES)]
    whole = Talked((), {})
    for piece in pieces:
        args = {**told(cache), "names": list(piece), "first": first}
        answer = await desk.nix.ask_once("cache-look", args)
        found = talked(answer)
        if found is None:
            if answer.reason == "timeout":
                return None, "It took too long to answer."
            return None, answer.what if answer.reason == "refused" else _why(answer)
        whole = Talked((*whole.answers, *found.answers), {**whole.signed, **found.signed})
    return whole, ""


def is_lost(desk: Desk, cache: Cache, what: str) -> None:
    """It was ready and is not: builds go on without it; that is told once."""
    before = state(desk, cache.id)
    if before.state != READY:
        return
    with transaction(desk.database):
        rows.lost(desk.database, replace(before, state=LOST, what=what), cache.name, desk.now())


def paths_of(desk: Desk, host: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paths of a host's image, and some of those that it is built from."""
    look = build_facts.look(desk.database, host)
    if look is None or look.recipe is None or is_files(look.recipe):
        return (), ()
    made = from_json(look.recipe)
    parts = made.outputs
    others = [path for _, path in _built_from(desk, made.derivations) if path not in parts]
    step = max(1, len(others) // SAMPLE)
    return parts, tuple(others[::step][:SAMPLE])


def sample(desk: Desk) -> tuple[str, ...]:
    """Paths that any cache of ours may have: of every host that was looked at."""
    found: dict[str, None] = {}
    for verdict in builds.verdicts(desk.database):
        parts, others = paths_of(desk, verdict.host)
        found |= dict.fromkeys((*parts, *others))
    return tuple(found)[:MOST_NAMES]


def is_settled(desk: Desk) -> bool:
    """Our daemon knows the caches that its owner wants, and no others."""
    asked = wanted(desk.caches.all)
    keys = set(_setting(desk, "trusted-public-keys"))
    return keys == set(trusted(asked)) and _substituters(desk) == list(addresses(asked).values())


async def settle(desk: Desk) -> Answer:
    """Have the broker tell our daemon."""
    asked = wanted(desk.caches.all)
    given = [{"url": one.url, "keys": list(one.keys), "private": one.private} for one in asked]
    return await desk.nix.ask_once("caches", {"caches": given})


async def _settled(desk: Desk) -> None:
    end = clock() + SETTLE_SECONDS
    while clock() < end and not (is_settled(desk) and desk.nix.listens()):
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _there(desk: Desk) -> tuple[Cache, ...]:
    """Those that take a connection now, and whose last trial found nothing to put right."""
    states = rows.states(desk.database)
    fit = [
        one
        for one in desk.caches.all
        if one.enabled and (one.id not in states or states[one.id].state != UNFIT)
    ]
    there = await desk.caches.there(fit)
    for cache in fit:
        if cache not in there:
            host, port = cache.server
            is_lost(desk, cache, f"{host} takes no connection on port {port}.")
    return there


def _wanted(desk: Desk, drvs: Sequence[str], unbuilt: frozenset[str]) -> list[str]:
    """Outputs of those that would be built, the ones that are nearest to the image first."""
    return [path for drv, path in _built_from(desk, drvs) if drv in unbuilt]


def _built_from(desk: Desk, drvs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Derivation and output, level by level."""
    waiting, seen = deque(drvs), set(drvs)
    while waiting:
        drv = waiting.popleft()
        text = ""
        with suppress(OSError, ValueError):
            text = desk.nix.store.file(drv).read_text(errors="replace")
        for path in outputs(text):
            yield drv, path
        fresh = [one for one in inputs(text) if one not in seen]
        fresh = fresh[: max(0, MOST_READ - len(seen))]
        seen.update(fresh)
        waiting.extend(fresh)


def _setting(desk: Desk, name: str) -> list[str]:
    with suppress(OSError):
        for line in (desk.nix.store.conf / "nix.conf").read_text().splitlines():
            setting, _, value = line.partition(" =")
            if setting == name:
                return value.split()
    return []


def _substituters(desk: Desk) -> list[str]:
    return _setting(desk, "substituters")


def _why(answer: Answer) -> str:
    said: Mapping[bool, str] = {True: answer.error, False: answer.around}
    return own_words(said[bool(answer.error)] or answer.what)
