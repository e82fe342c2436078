"""Why a build failed: what kind of failure it was, and the sentence with the way out.

What a derivation printed stands in Nix's errors, too, and may hold any words: that a daemon or a
connection went away, or that a disk elsewhere is full, is taken from Nix's own alone.
"""

from services.nix.complaints import AWAY, BUILDING
from services.nix.failure import sentence, without_log
from services.nix.log_lines import LogLines
from services.nix.remote.verdict import BROKE, FULL, NO_ROOM
from services.nix.shortage import memory
from services.nix.verdict import Answer
from services.processes.cgroups.place import Memory

GONE = "no-daemon"
LEFT = "builder-left"
"""A builder that shared the work went away, or its disk is full; its name is in `helper`."""
AGAIN = "The build is tried again."


def why(
    answer: Answer, lines: LogLines, name: str, seconds: float, starved: Memory | None
) -> tuple[str, str]:
    """(kind, sentence) of a build of the host `name` that may take `seconds`.

    `starved` is how memory stands when the kernel ended one for it.
    """
    if starved is not None:
        return "memory", memory(lines.failed[0] if lines.failed else name, starved.limit)
    if answer.reason == "timeout":
        return "timeout", f"The whole build took longer than {seconds:g} s."
    error = lines.error or answer.error or "\n".join(lines.printed) or answer.what
    last = next((one for one in reversed(lines.last_lines) if one.strip()), "")
    names = {
        "failed": lines.failed[-1] if lines.failed else "A derivation",
        "because": f": {last}" if last else "",
    }
    every = "\n".join([*lines.errors, error])
    own, by = without_log(every), helper(lines)
    if by and FULL.search(own):
        return LEFT, f"{NO_ROOM.format(name=by)} {AGAIN}"
    if by and AWAY.search(own):
        return LEFT, f"{BROKE.format(name=by)} {AGAIN}"
    kind, what = sentence(BUILDING, every, names)
    return sentence(BUILDING, own, names) if kind == GONE else (kind, what)


def helper(lines: LogLines) -> str:
    """Which other computer built what failed, "" for none."""
    return lines.places.get(lines.failed[-1], "") if lines.failed else ""
