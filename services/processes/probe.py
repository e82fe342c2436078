"""The door to /proc: which process holds a port in the network namespace of this thread."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from services.processes.ports import Holder, Protocol, inodes


def holders(protocol: Protocol, port: int, ours: Collection[int] = ()) -> tuple[Holder, ...]:
    """Every process we may see that has the port open, by pid, but for sockets of `ours` (inodes).

    Reads /proc/thread-self/net, so that a thread that entered a namespace is told about that one.
    """
    wanted: set[int] = set()
    for family in ("", "6"):
        with suppress(OSError):
            table = Path(f"/proc/thread-self/net/{protocol}{family}").read_text()
            wanted |= inodes(table, port, protocol)
    targets = {f"socket:[{inode}]" for inode in wanted.difference(ours)}
    if not targets:
        return ()
    pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    return tuple(Holder(_name(pid), pid) for pid in pids if _holds(pid, targets))


def _holds(pid: int, targets: set[str]) -> bool:
    with suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                if os.readlink(entry.path) in targets:
                    return True
    return False


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return "a process"
