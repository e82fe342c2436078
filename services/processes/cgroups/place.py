"""Where a control group for one job can be made, read from /proc/self/cgroup.

cgroups(7).  Version 1 has one tree per controller; version 2 one tree, and a group may only be
made where its parent already hands the controller down.  Paths and texts in, paths out.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

ROOT = PurePosixPath("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Group:
    """One folder to make for a job: limits to write, and where it tells that memory ran out."""

    folder: PurePosixPath
    limits: tuple[tuple[str, str], ...]  # file name, value
    told: str  # file with a line "oom_kill N", "" when it has none


def groups(own: str, name: str, memory_bytes: int, processes: int) -> tuple[Group, ...]:
    """The groups for a job called `name`; `own` is the text of /proc/self/cgroup.

    Version 1 first: where a controller is mounted there, version 2 does not have it.
    """
    found = []
    limits: tuple[tuple[str, str], ...]
    for line in own.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            if controller == "memory":
                limits = (("memory.limit_in_bytes", str(memory_bytes)),)
                found.append(Group(_under(controller, path, name), limits, "memory.oom_control"))
            elif controller == "pids":
                limits = (("pids.max", str(processes)),)
                found.append(Group(_under(controller, path, name), limits, ""))
            elif controller == "":
                limits = (
                    ("memory.max", str(memory_bytes)),
                    ("memory.oom.group", "1"),
                    ("pids.max", str(processes)),
                )
                found.append(Group(_under("", path, name), limits, "memory.events"))
    return tuple(found)


def killed(text: str) -> bool:
    """Does this memory.events or memory.oom_control tell of a process killed for memory?

    >>> killed("oom_kill_disable 0\\nunder_oom 0\\noom_kill 2"), killed("oom 0\\noom_kill 0")
    (True, False)
    """
    return any(
        line.split()[:1] == ["oom_kill"] and line.split()[1:] != ["0"] for line in text.splitlines()
    )


def _under(controller: str, path: str, name: str) -> PurePosixPath:
    return ROOT / controller / path.lstrip("/") / name
