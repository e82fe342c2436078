"""Where a control group can be made, read from /proc/self/cgroup, and what one tells.

cgroups(7).  Version 1 has one tree per controller; version 2 one tree, and a group may only be
made where its parent already hands the controller down: beside us, when not below us.  Paths and
texts in, paths out.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

ROOT = PurePosixPath("/sys/fs/cgroup")
USUAL_WEIGHT = 100
NO_LIMIT = 1 << 60  # version 1 says so with a number of this kind


@dataclass(frozen=True, slots=True)
class Bounds:
    """What everything in a group may use together."""

    memory_bytes: int
    processes: int
    weight: int = USUAL_WEIGHT  # of processor time, where everybody else has 100
    as_one: bool = True  # out of memory, all of it ends; else only its largest process


@dataclass(frozen=True, slots=True)
class Group:
    """One folder to make: limits to write, wishes that may fail, and where it tells that memory
    ran out."""

    folder: PurePosixPath
    limits: tuple[tuple[str, str], ...]  # file name, value
    told: str  # file with a line "oom_kill N", "" when it has none
    wishes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """How a group stands: its limit in bytes (None without one), and how often that was too low.

    `held` are the bytes that no disk could give back, 0 when nobody says.
    """

    limit: int | None
    kills: int
    held: int = 0


def groups(own: str, name: str, bounds: Bounds) -> tuple[tuple[Group, ...], ...]:
    """The groups called `name` to make; of each the places to try, best first.

    `own` is the text of /proc/self/cgroup.  Version 1 first: where a controller is mounted there,
    version 2 does not have it.
    """
    found: list[tuple[Group, ...]] = []
    for controller, path in _lines(own):
        if controller == "":
            found.append(tuple(_second(parent / name, bounds) for parent in _upwards(path)))
        elif limits := _first(controller, bounds):
            told = "memory.oom_control" if controller == "memory" else ""
            found.append((Group(_under(controller, path) / name, limits, told),))
    return tuple(found)


PEAKS = ("memory.peak", "memory.max_usage_in_bytes")
"""Where a group tells what it held at its most: version 2 since Linux 5.19, version 1."""


def memory_files(own: str) -> tuple[tuple[PurePosixPath, PurePosixPath], ...]:
    """Where a process may read how its memory stands: (limit, kills), the first that exist count.

    `own` is the text of its /proc/PID/cgroup.
    """
    names = {
        "memory": ("memory.limit_in_bytes", "memory.oom_control"),
        "": ("memory.max", "memory.events"),
    }
    return tuple(
        (folder / names[controller][0], folder / names[controller][1])
        for controller, path in _lines(own)
        if controller in names
        for folder in (_under(controller, path),)
    )


def memory(limit: str, told: str, stat: str = "") -> Memory:
    """Read the two files of `memory_files`, and the memory.stat beside them.

    >>> memory("1073741824\\n", "oom_kill 2"), memory("max\\n", "")
    (Memory(limit=1073741824, kills=2, held=0), Memory(limit=None, kills=0, held=0))
    >>> memory("max", "", "anon 4096\\nfile 70000").held
    4096
    """
    number = int(limit) if limit.strip().isdigit() else NO_LIMIT
    words = dict(line.split(" ", 1) for line in stat.splitlines() if " " in line)
    held = words.get("anon", words.get("total_rss", "0"))  # version 2, version 1
    return Memory(number if number < NO_LIMIT else None, kills(told), int(held))


def kills(text: str) -> int:
    """How many processes a memory.events or memory.oom_control says were killed for memory.

    >>> kills("oom_kill_disable 0\\nunder_oom 0\\noom_kill 2"), kills("oom 1\\noom_kill 0")
    (2, 0)
    """
    words = [line.split() for line in text.splitlines()]
    return sum(int(rest[0]) for first, *rest in words if first == "oom_kill")


def _first(controller: str, bounds: Bounds) -> tuple[tuple[str, str], ...]:
    """What a group of version 1 is limited to; () where this controller has nothing to do."""
    if controller == "cpu" and bounds.weight == USUAL_WEIGHT:
        return ()
    return {
        "memory": (("memory.limit_in_bytes", str(bounds.memory_bytes)),),
        "pids": (("pids.max", str(bounds.processes)),),
        "cpu": (("cpu.shares", str(bounds.weight * 1024 // USUAL_WEIGHT)),),
    }.get(controller, ())


def _second(folder: PurePosixPath, bounds: Bounds) -> Group:
    """A group of version 2."""
    limits = [("memory.max", str(bounds.memory_bytes)), ("pids.max", str(bounds.processes))]
    limits += [("memory.oom.group", "1")] * bounds.as_one
    lighter = bounds.weight != USUAL_WEIGHT
    wishes = (("cpu.weight", str(bounds.weight)),) if lighter else ()
    return Group(folder, tuple(limits), "memory.events", wishes)


def _lines(own: str) -> list[tuple[str, str]]:
    """(controller, path) of every line; version 2 has the controller ""."""
    words = [line.split(":", 2) for line in own.splitlines()]
    return [(one, path) for _, many, path in words for one in many.split(",")]


def _under(controller: str, path: str) -> PurePosixPath:
    return ROOT / controller / path.lstrip("/")


def _upwards(path: str) -> list[PurePosixPath]:
    """Our own group and those above it, up to the root."""
    here = _under("", path)
    return [one for one in (here, *here.parents) if one.is_relative_to(ROOT)]
