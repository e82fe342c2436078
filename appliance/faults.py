"""Where crash tests end a process: between two facts that a reader could take for one.

A door that has such a place calls `fault(point)` there, and whoever starts the role says what that
does.  In a router it does nothing.
"""

from collections.abc import Callable, Mapping

Fault = Callable[[str], None]


def no_fault(point: str) -> None:
    """Go on; `point` is of no interest."""


POINTS: Mapping[str, str] = {
    "dhcp.answered": "leases are decided, and not on disk",
    "dhcp.committed": "leases are on disk, and their ACKs have not left",
    "boot.scripted": "a script is made, and its token not on disk",
    "boot.granted": "a token is on disk, and its script has not left",
    "boot.heard": "a phone-home is on disk, and not answered",
    "build.realised": "the files are in the store, and no manifest names them",
    "build.written": "the manifest is there, and no generation is",
    "build.recorded": "the generation is there, and the table does not name it",
    "net.stepped": "a step of a plan is done, and the others are not",
    "net.applied": "the kernel is as wanted, and the trial is not recorded as waiting for Keep",
    "net.converged": "Keep was asked for, and the revision is not recorded as kept",
    "net.cutting": "the slices are written, and not committed",
    "web.acted": "an act is on disk, and neither in the audit nor answered",
}
"""Each point, and what is half done there."""
