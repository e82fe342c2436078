"""A program of others that we configure and run: radvd, dhcpcd, chronyd."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appliance.model.slices import Slices


@dataclass(frozen=True, slots=True)
class Program:
    """How it shall run.  When `files` alone change, and it `reloads`, it is told to read them again
    (SIGHUP); else it starts anew.

    `files` are texts by path below its own folder; `binds` are folders of ours that stand where it
    looks for what it has built in: (ours, where it sees it), in this order.  `spares` are those
    capabilities of its row in `roles.DAEMONS` that it does without this time.  A `locked` one can
    write into what is bound only: the rest of the root file system is read-only to it.
    """

    argv: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    binds: tuple[tuple[str, str], ...] = ()
    spares: frozenset[str] = frozenset()
    reloads: bool = True
    locked: bool = False


Request = Callable[[Path, Path, Slices], Program | None]
"""From where the program is, its own folder, and what net published: how it runs; None when there
is nothing for it to do."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """One program to run: where it is, None when set-up did not bring it, and what it is told."""

    program: Path | None
    request: Request
