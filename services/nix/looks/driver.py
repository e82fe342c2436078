"""The door to evaluation: which hosts a flake has, and what each of them is.

One job per host.  What a look found is rooted before it counts; when the garbage collector was
faster, the host is looked at again.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from appliance.errors import Problem, Refused
from appliance.model.builders import Builder
from appliance.model.images import Finding
from appliance.model.names import HOST_NAME
from appliance.model.trust import treatment
from appliance.store import build_facts, outlooks
from appliance.store.build_facts import Fetched
from appliance.store.builds import verdicts
from appliance.store.inventory_view import SourceView
from appliance.store.journal import transaction
from services.nix.desk import Desk
from services.nix.failure import Troubled
from services.nix.guard.driver import ask
from services.nix.inventory import builds_looks, look_options
from services.nix.recipe import to_json
from services.nix.remote.evaluator.driver import asked, home
from services.nix.verdict import Answer, Judged, judged, names_problem

TRIES = 3
"""How often a step is done again because its result was collected as garbage."""

Ready = Callable[[str], None]
"""Told each host that was looked at, or is as it was, as soon as that is known."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is looked at; `absent` is why inputs are not here, by their address."""

    source: SourceView
    found: Fetched
    revision: int
    absent: Mapping[str, Finding]

    def looked(self, adapter_hash: str) -> str:
        """What a verdict depends on beside the revision: with the same, none is given twice."""
        absent = "".join(f"{address} " for address in sorted(self.absent))
        return f"{adapter_hash} {absent}{look_options(self.source)}"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An evaluation: what it said, the bytes of memory that it was given and the seconds that it
    took; `builder` did it, None where it was done here."""

    answer: Answer
    memory: int
    seconds: float = 0.0
    builder: Builder | None = None


async def host_names(desk: Desk, sight: Sight) -> tuple[str, ...]:
    """The flake's hosts.  Raises Refused when they cannot be listed, or there are none."""
    done = await _evaluated(desk, sight, "names", _args(desk, sight))
    problem = names_problem(
        done.answer, desk.look_seconds, done.memory, sight.found.path, sight.absent
    )
    if problem is not None:
        raise Troubled(problem)
    return tuple(str(name) for name in json.loads(done.answer.out)["hosts"])


async def look_at_all(
    desk: Desk, sight: Sight, names: Sequence[str], ready: Ready, *, again: bool
) -> None:
    """A verdict on each host, unless it has one of this very revision.

    When the owner asked, `again`, hosts that cannot boot are looked at all the same: what stopped
    them may be gone from the router.
    """
    assert desk.adapter is not None
    looked = sight.looked(desk.adapter.nar_hash)
    done = build_facts.looked_at(desk.database, sight.source.id)
    if again:
        for verdict in verdicts(desk.database, sight.source.id):
            if verdict.kind == "not-bootable":
                done.pop(verdict.host, None)
    hosts = {name: f"{sight.source.id}/{name}" for name in names}
    waiting = [name for name, host in hosts.items() if done.get(host) != (sight.revision, looked)]

    async def look(name: str) -> None:
        result, seconds, held = await _look(desk, sight, name)
        with transaction(desk.database):
            if not treatment(sight.source.trust).unwatched:
                judged_so = result.verdict.findings
                build_facts.went_too_far(
                    desk.database, sight.source.id, name, judged_so, desk.now()
                )
            outlooks.evaluated(desk.database, hosts[name], seconds, held)
            build_facts.host_judged(
                desk.database,
                result.verdict,
                revision=sight.revision,
                recipe=to_json(result.recipe) if result.recipe else None,
                looked=looked,
                at=desk.now(),
            )
        ready(hosts[name])
        desk.publish()

    for name in names:
        if name not in waiting:
            ready(hosts[name])
    await asyncio.gather(*(look(name) for name in waiting))


def collected(what: str, why: str | None) -> Refused:
    """Three times lost: rather something wrong with the store than the garbage collector."""
    return Refused(Problem(("store",), f"{what} could not be kept in the store: {why}"))


async def _look(desk: Desk, sight: Sight, name: str) -> tuple[Judged, float, int]:
    """What it is; how many seconds its evaluation took and how many bytes it held at its most."""
    if not HOST_NAME.fullmatch(name):
        why = "Its name holds characters that Nixie does not take; give it a plain name."
        return _judged(desk, sight, name, _not_asked(why, "host-name")), 0.0, 0
    assert desk.adapter is not None
    args = {
        **_args(desk, sight),
        "host": name,
        "as_built": sight.source.as_built,
        "adapter": desk.adapter.path,
        "adapter_hash": desk.adapter.nar_hash,
    }
    elsewhere = True
    for _ in range(TRIES):
        done = await _evaluated(desk, sight, "look", args, elsewhere=elsewhere)
        result = _judged(desk, sight, name, done)
        if result.recipe is None:
            return result, done.seconds, done.answer.memory
        drvs = result.recipe.derivations
        if done.builder and not await home(desk, done.builder, drvs):
            elsewhere = False
            continue
        root = desk.host_roots(result.verdict.host) / "drv"
        lost = await desk.nix.keep_derivations(drvs, root)
        if lost is None:
            return result, done.seconds, done.answer.memory
    return _judged(desk, sight, name, _not_asked(str(collected(name, lost)))), 0.0, 0


def _not_asked(why: str, word: str = "other") -> Evaluated:
    return Evaluated(Answer("", why, 1, "refused", why, obstacle=word), 0)


def _judged(desk: Desk, sight: Sight, name: str, done: Evaluated) -> Judged:
    return judged(
        sight.source.id,
        name,
        done.answer,
        seconds=desk.look_seconds,
        memory=done.memory,
        tree=sight.found.path,
        absent=sight.absent,
    )


async def _evaluated(
    desk: Desk, sight: Sight, verb: str, args: Mapping[str, object], *, elsewhere: bool = True
) -> Evaluated:
    """Ask a builder that evaluates, or here when there is memory for it."""
    began = desk.now()
    if elsewhere:
        folders = (desk.source_roots(sight.source.id), desk.nix.store.roots / "adapter")
        if found := await asked(desk, verb, args, folders):
            return Evaluated(found[0], 0, max(0.0, desk.now() - began), found[1])
    async with desk.gate.turn() as memory:
        began = desk.now()
        answer = await ask(desk, verb, {**args, "memory": memory})
        return Evaluated(answer, memory, max(0.0, desk.now() - began))


def _args(desk: Desk, sight: Sight) -> dict[str, object]:
    found = sight.found
    return {
        "path": found.path,
        "nar_hash": found.nar_hash,
        "rev": found.rev,
        "last_modified": found.last_modified,
        "dir": found.dir,
        "ifd": builds_looks(sight.source),
        "trust": sight.source.trust,
        "only_builders": sight.source.only_builders,
        "seconds": desk.look_seconds,
    }
