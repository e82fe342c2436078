"""The door to control groups: make one, ask whether memory ran out, remove it."""

import asyncio
import errno
import os
import resource
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from services.processes.cgroups.place import (
    PEAKS,
    Bounds,
    Group,
    Memory,
    groups,
    kills,
    memory,
    memory_files,
)


def made(bounds: Bounds) -> tuple[Group, ...]:
    """Make control groups with these bounds, for memory and for processes.

    () where this machine does not give us both: then the driver watches the job itself.
    """
    name = f"nixie-{os.getpid()}-{time.monotonic_ns()}"
    own = Path("/proc/self/cgroup").read_text()
    tried = (next(filter(_made, places), None) for places in groups(own, name, bounds))
    found = tuple(group for group in tried if group is not None)
    limited = {file for group in found for file, _ in group.limits}
    if not any(group.told for group in found) or "pids.max" not in limited:  # all or nothing
        removed(found)
        return ()
    return found


def told(group: Group) -> bool:
    """Does the group say that the kernel killed for memory in it?"""
    try:
        return bool(group.told) and kills(Path(group.folder / group.told).read_text()) > 0
    except OSError:
        return False


def peak(groups: Sequence[Group]) -> int:
    """Bytes that they held at their most, 0 when none of them says."""
    found = 0
    for place in (group.folder / name for group in groups for name in PEAKS):
        with suppress(OSError, ValueError):
            found = max(found, int(Path(place).read_text()))
    return found


def memory_of(pid: int) -> Memory | None:
    """How the memory of the group that `pid` is in stands; None when nobody says."""
    with suppress(OSError):
        for limit, events in memory_files(Path(f"/proc/{pid}/cgroup").read_text()):
            with suppress(OSError):
                texts = (limit, events, limit.with_name("memory.stat"))
                return memory(*(Path(one).read_text() for one in texts))
    return None


async def emptied(gone: Sequence[Group]) -> None:
    """Remove the groups; the kernel may need a moment to bury the last process."""
    for _ in range(500):
        if removed(gone):
            return
        await asyncio.sleep(0.02)


def removed(gone: Sequence[Group]) -> bool:
    """Remove the groups; False while a process is in one."""
    left = False
    for group in gone:
        try:
            os.rmdir(group.folder)
        except OSError as error:
            left = left or error.errno == errno.EBUSY
    return not left


def resident(pid: int) -> int:
    """Bytes of memory that `pid` and its descendants hold, shared pages not counted."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                after_name = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(after_name[1]), []).append(int(entry.name))
    total, left = 0, [pid]
    while left:
        one = left.pop()
        left += children.get(one, [])
        with suppress(OSError, ValueError):
            _, held, shared = Path(f"/proc/{one}/statm").read_text().split()[:3]
            total += (int(held) - int(shared)) * resource.getpagesize()
    return total


def _made(group: Group) -> bool:
    """Make one group with its limits; False, and nothing is left, where that cannot be."""
    try:
        os.stat(group.folder.parent / "cgroup.procs")  # else it is not a tree of groups
        os.mkdir(group.folder)
    except OSError:
        return False
    try:
        for file, value in group.limits:
            _set(group, file, value)
    except OSError:
        removed((group,))
        return False
    for file, value in group.wishes:
        with suppress(OSError):
            _set(group, file, value)
    return True


def _set(group: Group, file: str, value: str) -> None:
    descriptor = os.open(group.folder / file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)
