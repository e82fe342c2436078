"""The door to evaluation elsewhere: a flake's trees go there, derivations come home.

A builder that does not answer is lost, and the evaluation is done here; what the flake itself does
wrong is told as after an evaluation here.  Strangers' flakes stay here, where evaluation has no
network.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from appliance.errors import NixieError
from appliance.model.builders import Builder
from appliance.model.trust import treatment
from appliance.store import builder_states as rows
from services.nix.desk import Desk
from services.nix.remote import verdict
from services.nix.remote.choice import evaluators
from services.nix.remote.driver import is_lost, told
from services.nix.store_path import is_store_path
from services.nix.verdict import Answer

SSH_FAILED = 255
"""ssh(1): how it ends when the connection is to blame, and not the command."""
SENT_SECONDS = 300.0
BUILDS = "import-from-derivation"
"""Part of what Nix says when an evaluation would have to build, which it may not do there."""


async def asked(
    desk: Desk, verb: str, args: Mapping[str, object], folders: Iterable[Path]
) -> tuple[Answer, Builder] | None:
    """What a builder that evaluates says, and which it was; None when it has to be done here.

    `verb` is "names" or "look", with its own `args`; roots in `folders` keep what it reads.
    """
    if not treatment(str(args.get("trust", ""))).elsewhere:
        return None
    for builder in evaluators(desk.builders, rows.states(desk.database)):
        async with desk.gate.elsewhere:
            answer = await _answer(desk, builder, verb, args, _rooted(folders))
        if answer is None:
            continue
        if args.get("ifd") and BUILDS in verdict.said(answer):
            return None
        return replace(answer, memory=0), builder  # held there
    return None


async def home(desk: Desk, builder: Builder, drvs: Iterable[str]) -> bool:
    """Bring derivations home, with all that they are made from; False when that failed."""
    given = {"builder": told(builder), "drvs": sorted(set(drvs))}
    try:
        answer = await desk.nix.ask_once("evaluator-home", given)
    except NixieError:
        return False
    if not answer.good and verdict.FULL.search(verdict.said(answer)):
        return False  # the disk here
    return answer.good or _failed(desk, builder, answer)


async def _answer(
    desk: Desk, builder: Builder, verb: str, args: Mapping[str, object], paths: frozenset[str]
) -> Answer | None:
    try:
        if not await _sent(desk, builder, paths):
            return None
        given = {"builder": told(builder), "asked": dict(args), "seconds": desk.look_seconds}
        answer = await desk.nix.ask_once(f"evaluator-{verb}", given)
    except NixieError:
        return None  # the broker, without which nobody is asked
    if answer.exit == SSH_FAILED:
        _failed(desk, builder, answer)
    return None if answer.exit == SSH_FAILED or answer.reason == "refused" else answer


async def _sent(desk: Desk, builder: Builder, paths: frozenset[str]) -> bool:
    """Send what was not sent a moment ago; nothing keeps it there for ever."""
    at = desk.now()
    desk.sent = {one: since for one, since in desk.sent.items() if at - since < SENT_SECONDS}
    fresh = sorted(one for one in paths if (builder.id, one) not in desk.sent)
    if not fresh:
        return True
    given = {"builder": told(builder), "paths": fresh}
    answer = await desk.nix.ask_once("evaluator-send", given)
    if not answer.good:
        return _failed(desk, builder, answer)
    desk.sent |= {(builder.id, one): at for one in fresh}
    return True


def _failed(desk: Desk, builder: Builder, answer: Answer) -> bool:
    """It is not asked again until it answers; what it was sent may be gone there."""
    desk.sent = {one: since for one, since in desk.sent.items() if one[0] != builder.id}
    is_lost(desk, builder, verdict.refused(answer, builder, rows.EVALUATE).what)
    return False


def _rooted(folders: Iterable[Path]) -> frozenset[str]:
    """The store paths that roots in these folders keep."""
    return frozenset(path for folder in folders for path in _links(folder))


def _links(folder: Path) -> Iterator[str]:
    with suppress(FileNotFoundError):
        for one in folder.rglob("*"):
            if one.is_symlink() and is_store_path(path := str(one.readlink())):
                yield path
