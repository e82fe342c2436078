"""DOOR: fetching and evaluating end when the disk runs short, as builds do.

Both put files into the store as they go, and fetching keeps its own besides.  Whoever was ended is
tried once more when there is room again, one after the other: so the one that fills the disk is
told from those that ran beside it.
"""

import asyncio
from collections.abc import Mapping
from typing import NoReturn

from services.nix.complaints import EVALUATION
from services.nix.desk import Desk
from services.nix.driver import room_on
from services.nix.failure import sentence
from services.nix.room import AGAIN, ended, full_below, not_begun, stop_below, tight_below
from services.nix.verdict import Answer

LOOK_SECONDS = 0.1
"""An evaluation writes as fast as the disk takes it, so it is asked more often than for a build."""
AGAIN_SECONDS = 0.5
TRIES = 12
"""What was ended holds on to its files until the daemon has seen that it is gone."""
FORGET = "forget"
FULL = "full-disk"
"""The word for what was not begun: others filled the disk."""


class Short(Exception):
    """So few bytes are left of a disk; so many went meanwhile."""

    def __init__(self, free: int, size: int, used: int) -> None:
        super().__init__(free, size, used)
        self.free, self.used = free, used
        self.others = used < full_below(size) - stop_below(size)

    @property
    def answer(self) -> Answer:
        """What took so little has not filled it."""
        if self.others:
            return Answer("", "", 126, "refused", not_begun(self.free), obstacle=FULL)
        return Answer("", "", 137, "disk", ended(self.free, self.used))


async def ask(desk: Desk, verb: str, args: Mapping[str, object]) -> Answer:
    """As `Nix.ask`; what leaves too little of the disk to the router is ended."""
    answer = await _asked(desk, verb, args)
    if not _is_full(answer):
        return answer
    async with desk.gate.alone:
        await _make_room(desk, args)
        answer = await _asked(desk, verb, args)
        if _is_full(answer):
            await _make_room(desk, args)
        return answer


async def _asked(desk: Desk, verb: str, args: Mapping[str, object]) -> Answer:
    for free, size in _disks(desk):
        if free < stop_below(size):
            return Short(free, size, 0).answer
    with desk.gate.writer():
        return await _guarded(desk, verb, args)


async def _guarded(desk: Desk, verb: str, args: Mapping[str, object]) -> Answer:
    work = asyncio.create_task(desk.nix.ask(verb, args))
    watch = asyncio.create_task(_watched(desk))
    try:
        await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else watch.result()
    except Short as short:
        return short.answer
    finally:
        for task in (work, watch):
            task.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)


async def _watched(desk: Desk) -> NoReturn:
    """Raises Short."""
    began = [free for free, _ in _disks(desk)]
    while True:
        for before, (free, size) in zip(began, _disks(desk), strict=True):
            if free < stop_below(size):
                raise Short(free, size, max(0, before - free))
        await asyncio.sleep(LOOK_SECONDS)


def _is_full(answer: Answer) -> bool:
    """It was ended for the disk, or met its end before we did."""
    if answer.reason == "disk" or answer.obstacle == FULL:
        return True
    said = f"{answer.error}\n{answer.around}"
    return not answer.good and sentence(EVALUATION, said)[0] == "disk"


async def _make_room(desk: Desk, args: Mapping[str, object]) -> None:
    """Collect what it left in the store; where that is not enough, what it fetched goes, too."""
    for tried in range(TRIES):
        disks = _disks(desk)
        if all(free >= full_below(size) * AGAIN for free, size in disks):
            return
        await desk.nix.collect(max(tight_below(size) - free for free, size in disks))
        if tried == 1 and "memory" not in args:
            await desk.nix.ask_once(FORGET, {"as": args.get("as", "fetch")})
        await asyncio.sleep(AGAIN_SECONDS)


def _disks(desk: Desk) -> tuple[tuple[int, int], ...]:
    """(free, all) bytes of the disks that it writes to: the store's, and what it fetched."""
    return room_on(desk.nix.store.root), room_on(desk.nix.store.fetch_cache)
