"""What dnsperf reports, and the questions it is given.  Pure."""

import re
from dataclasses import dataclass

REPORT = re.compile(
    r"Queries sent:\s+(?P<sent>\d+).*?Queries completed:\s+(?P<done>\d+).*?"
    r"Run time \(s\):\s+(?P<seconds>[0-9.]+).*?Average Latency \(s\):\s+(?P<delay>[0-9.]+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Load:
    """One run of dnsperf: questions sent and answered, its seconds, the mean delay in ms."""

    sent: int
    done: int
    seconds: float
    delay_ms: float


def load(report: str) -> Load:
    """Read dnsperf's report.  Raises ValueError when it is none."""
    found = REPORT.search(report)
    if found is None:
        raise ValueError(f"dnsperf reported nothing: {report[-300:]!r}")
    return Load(
        sent=int(found["sent"]),
        done=int(found["done"]),
        seconds=float(found["seconds"]),
        delay_ms=float(found["delay"]) * 1000,
    )


def questions(count: int) -> str:
    """So many different names, one a line, as dnsperf reads them."""
    return "".join(f"n{number}.bench.example A\n" for number in range(count))
