"""The door of a builder's trial: the router's key for it, and each step as it is found."""

import errno
from collections.abc import Collection
from dataclasses import replace

from appliance.errors import NixieError
from appliance.model.builders import Builder
from appliance.store import builder_states as rows
from appliance.store.builder_states import (
    LOGIN,
    LOST,
    READY,
    TRYING,
    UNFIT,
    UNKNOWN,
    BuilderState,
    Step,
)
from appliance.store.journal import transaction
from services.nix.desk import Desk
from services.nix.remote import verdict
from services.nix.remote.driver import reached, state, told

SAID = "The router has no key for {name}: {what}"
_BEFORE_NIX = frozenset({rows.REACH, rows.KEY, LOGIN})


class Trial:
    """One trial of a builder; what it finds is told as it comes."""

    def __init__(self, desk: Desk, builder: Builder) -> None:
        self._desk, self._builder = desk, builder
        self._before = before = state(desk, builder.id)
        now = READY if before.state == READY else TRYING
        self._state = replace(before, state=now, steps=(), what="")

    async def run(self, wishes: Collection[str]) -> None:
        """Try it step by step until one fails; the row says how it ended."""
        self._tell()
        try:
            await self._steps()
        except NixieError as why:  # of the broker, which may be back soon
            self._add(Step(rows.REACH, "bad", str(why)))
        desk, builder = self._desk, self._builder
        steps = self._state.steps
        bad = next((one for one in steps if one.state == "bad"), None)
        told = replace(
            self._state,
            state=self._stand(bad),
            what=bad.what if bad else "",
            tried_at=desk.now(),
        )
        with transaction(desk.database):
            what = verdict.summary(steps, builder)
            rows.tried(desk.database, told, builder.name, what, wishes)
            if told.state == READY and told.missed:
                rows.back(desk.database, told, builder.name, desk.now())
            elif told.state != READY and self._is_news(told):
                rows.lost(desk.database, told, builder.name, desk.now())
        desk.publish()

    def _is_news(self, told: BuilderState) -> bool:
        """A builder that was ready once does not build, for another reason than was told."""
        before = self._before
        return before.state == READY or (before.missed and before.what != told.what)

    def _stand(self, bad: Step | None) -> str:
        if bad is None:
            return READY
        if bad.step == rows.REACH:
            return LOST
        return UNFIT if bad.step != rows.KEY or self._builder.host_key else UNKNOWN

    async def _steps(self) -> None:
        desk, builder = self._desk, self._builder
        if what := verdict.unable(desk.version):
            self._add(Step(rows.NIX, "bad", what))
        elif what := await self._pair():
            self._add(Step(LOGIN, "bad", SAID.format(name=builder.name, what=what)))
        elif self._add(await reached(builder)) and self._add(await self._known()):
            await self._met()

    async def _met(self) -> None:
        builder = self._builder
        answer = await self._desk.nix.ask_once("builder-ask", told(builder))
        step = Step(LOGIN, "ok", f"It lets the router in as {builder.user}.")
        if answer.good:
            if self._add(step, *verdict.of_nix(verdict.info(answer.out), builder)):
                await self._built()
            return
        fell = verdict.refused(answer, builder, LOGIN)
        self._add(*((fell,) if fell.step in _BEFORE_NIX else (step, fell)))

    async def _built(self) -> None:
        builder = self._builder
        works = [(system, "") for system in builder.systems]
        works += [(builder.systems[0], feature) for feature in builder.features]
        for system, feature in works:
            nonce = self._desk.new_id().replace("-", "")
            args = {**told(builder), "system": system, "nonce": nonce, "feature": feature}
            answer = await self._desk.nix.ask_once("builder-try", args)
            if not self._add(verdict.of_build(answer, builder, system, feature)):
                return
        if builder.evaluates:
            answer = await self._desk.nix.ask_once("evaluator-try", {"builder": told(builder)})
            self._add(verdict.of_evaluation(answer, builder))

    async def _known(self) -> Step:
        answer = await self._desk.nix.ask_once("builder-scan", told(self._builder))
        step, key = verdict.host_key(self._builder, verdict.shown(answer.out))
        self._state = replace(self._state, shown_key=key)
        return step

    async def _pair(self) -> str:
        """Make the router's key for this builder, unless there is one; returns why not."""
        desk, ident = self._desk, self._builder.id
        if self._state.public_key and desk.keys.read(ident) is not None:
            return ""
        answer = await desk.nix.ask_once("builder-pair", {})
        lines = answer.out.splitlines(keepends=True)
        if not answer.good or not lines:
            return answer.error or answer.what
        try:
            desk.keys.write(ident, "".join(lines[:-1]).encode())
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            return "The disk is full. Make room on it." if full else str(error)
        self._state = replace(self._state, public_key=lines[-1].strip())
        self._tell()
        return ""

    def _add(self, *steps: Step) -> bool:
        """Say what was found; False when it ends the trial."""
        self._state = replace(self._state, steps=(*self._state.steps, *steps))
        self._tell()
        return all(one.state == "ok" for one in steps)

    def _tell(self) -> None:
        with transaction(self._desk.database):
            rows.stands(self._desk.database, self._state)
