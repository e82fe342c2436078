"""How a job ended, as one reason and one sentence."""

import re
import signal
from dataclasses import dataclass
from typing import Literal

from services.processes.privileges import Limits

Reason = Literal["done", "timeout", "memory", "output", "cancelled", "refused"]

# What programs say when the kernel gave them no more memory (RLIMIT_AS): nix, Python, C++, libc.
STARVED = re.compile(
    rb"out of memory|MemoryError|bad_alloc|[Cc]annot allocate memory|Too many heap sections"
    rb"|memory exhausted"
)


@dataclass(frozen=True, slots=True)
class Ended:
    """The last word about a job.  `code` is the exit status, 128 + n for signal n."""

    code: int
    reason: Reason
    what: str
    memory: int = 0  # bytes that it held at its most, 0 when nobody counted


def ended(code: int, stopped: Reason | None, starved: bool, limits: Limits, tail: bytes) -> Ended:
    """Judge by who stopped it (`stopped`), whether the kernel ran out of its memory (`starved`),
    the exit status and the last bytes of its standard error."""
    if stopped is not None:
        return Ended(code, stopped, sentence(stopped, code, limits))
    if starved or (code != 0 and STARVED.search(tail)):
        return Ended(code, "memory", sentence("memory", code, limits))
    if code == 128 + signal.SIGXCPU:
        return Ended(code, "timeout", f"It used its {limits.cpu_seconds} s of processor time.")
    return Ended(code, "done", sentence("done", code, limits))


def sentence(reason: Reason, code: int, limits: Limits) -> str:
    """The reason for the person at the keyboard.

    >>> sentence("output", 137, Limits(output_bytes=16 << 20))
    'It wrote more than 16 MiB and was stopped.'
    """
    if reason == "done":
        return "It ended well." if code == 0 else f"It ended with status {code}."
    return {
        "timeout": f"It did not end within {limits.seconds:g} s and was stopped.",
        "memory": f"It needed more than {_size(limits.memory_bytes)} of memory and was stopped.",
        "output": f"It wrote more than {_size(limits.output_bytes)} and was stopped.",
        "cancelled": "It was cancelled.",
        "refused": "It was not started.",
    }[reason]


def _size(count: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit:
            return f"{count / unit:.4g} {name}"
    return f"{count} bytes"
