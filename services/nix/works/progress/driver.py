"""DOOR: a build's row says how far it is, and it ends when the disk runs short."""

import asyncio
from collections.abc import Collection, Coroutine
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from appliance.errors import Problem, Refused
from appliance.store import build_facts, outlooks
from appliance.store.builds import BuildRow
from appliance.store.journal import transaction
from appliance.store.outlooks import Timing
from services.nix.desk import Desk
from services.nix.driver import room_on
from services.nix.log_lines import Line, Step, Told
from services.nix.publish.driver import Log
from services.nix.room import stop_below, stopped
from services.processes.cgroups.driver import memory_of
from services.processes.cgroups.place import Memory

REPORT_SECONDS = 0.25

Result = TypeVar("Result")


@dataclass(slots=True)
class Progress:
    """Where a build stands, between two writings, and what it took so far; sizes in bytes."""

    phase: str = "starting"
    done: int = 0
    expected: int = 0
    told: tuple[str, int, int] = ("starting", 0, 0)
    free: int = 0  # when it began
    since: float = 0.0
    before: Memory | None = None  # how the memory of all builds stood then
    disk: int = 0  # less room than then, at its worst
    memory: int = 0  # that all builds held at their most


def waits(desk: Desk, progress: Progress, wanted: Collection[str]) -> None:
    """Say that it waits for one of these places, when it will."""
    if desk.places.full(wanted):
        progress.phase = "waiting for its place"


def began(desk: Desk, progress: Progress) -> None:
    """It has its place: what it takes counts from now on."""
    progress.phase = "starting"
    progress.free, progress.since = desk.nix.free(), desk.now()
    progress.before, progress.disk, progress.memory = desk.nix.builds_memory(), 0, 0


def heard(log: Log, progress: Progress, told: Told) -> None:
    """What it says goes into its log and its row."""
    if isinstance(told, Line):
        log.add(f"{told.of}> {told.text}" if told.of else told.text)
    elif isinstance(told, Step):
        progress.phase = told.phase or progress.phase
        progress.done, progress.expected = told.done, told.expected


async def watched(
    desk: Desk, row: BuildRow, progress: Progress, asked: Coroutine[Any, Any, Result]
) -> Result:
    """Do what was `asked` while its row says how far it is; it ends when the disk runs short."""
    work = asyncio.create_task(asked)
    report = asyncio.create_task(_reported(desk, row, progress))
    try:
        await asyncio.wait((work, report), return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else report.result()
    finally:
        for task in (work, report):
            task.cancel()
        await asyncio.gather(work, report, return_exceptions=True)


async def _reported(desk: Desk, row: BuildRow, progress: Progress) -> NoReturn:
    """Tell how far it is; raises Refused when it leaves too little of the disk to the router."""
    pid = desk.nix.daemon_pid()
    while True:
        free, size = room_on(desk.nix.store.root)
        progress.disk = max(progress.disk, progress.free - free)
        if free < stop_below(size):
            raise Refused(Problem(("disk",), stopped(free, progress.disk)))
        held = memory_of(pid) if pid else None
        progress.memory = max(progress.memory, held.held if held else 0)
        now = (progress.phase, progress.done, progress.expected)
        if now != progress.told:
            progress.told = now
            with transaction(desk.database):
                build_facts.build_stepped(desk.database, row, *now, desk.now())
        await asyncio.sleep(REPORT_SECONDS)


def timed(desk: Desk, row: BuildRow, by: str, progress: Progress, *, whole: bool) -> None:
    """Keep what it took, for the next one; what was fetched only says nothing of building."""
    if not progress.expected:
        return
    here = (0, 0) if by else (progress.disk, progress.memory)
    took = (max(0.0, desk.now() - progress.since), progress.expected, *here, desk.now())
    with transaction(desk.database):
        outlooks.timed(desk.database, Timing(row.id, row.host, by, whole, *took))
        outlooks.stale(desk.database, row.host)
