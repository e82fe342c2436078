"""The door to control groups: make one for a job, ask whether memory ran out, remove it."""

import asyncio
import errno
import os
import resource
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from services.processes.cgroups.place import Group, groups, killed


def made(memory_bytes: int, processes: int) -> tuple[Group, ...]:
    """Make the control groups of one job, for memory and for processes.

    () where this machine does not give us both: then the driver watches the job itself.
    """
    name = f"nixie-{os.getpid()}-{time.monotonic_ns()}"
    own = Path("/proc/self/cgroup").read_text()
    found: list[Group] = []
    for group in groups(own, name, memory_bytes, processes):
        try:
            os.stat(group.folder.parent / "cgroup.procs")  # else it is not a tree of groups
            os.mkdir(group.folder)
        except OSError:
            continue
        found.append(group)
        try:
            for file, value in group.limits:
                _set(group, file, value)
        except OSError:
            found.pop()
            removed((group,))
    limited = {file for group in found for file, _ in group.limits}
    if not any(group.told for group in found) or "pids.max" not in limited:  # all or nothing
        removed(found)
        return ()
    return tuple(found)


def told(group: Group) -> bool:
    """Does the group say that the kernel killed for memory in it?"""
    try:
        return bool(group.told) and killed(Path(group.folder / group.told).read_text())
    except OSError:
        return False


async def emptied(gone: Sequence[Group]) -> None:
    """Remove the groups; the kernel may need a moment to bury the last process."""
    for _ in range(50):
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


def _set(group: Group, file: str, value: str) -> None:
    descriptor = os.open(group.folder / file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)
