"""What an owner sets with variables of the environment, in one table: `nixie run --help` prints it.

`assemble.py` reads them; below it nobody does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.errors import Problem, Refused


@dataclass(frozen=True, slots=True)
class Variable:
    """One of them.  `usual` holds while it is not set; "" where `what` tells it."""

    name: str
    usual: str
    what: str

    @property
    def told(self) -> str:
        """For people who read help."""
        return f"{self.name}: {self.what}" + (f" Usual: {self.usual}" if self.usual else "")

    def text(self, environ: Mapping[str, str]) -> str:
        """What it is set to, or the usual."""
        return environ.get(self.name, self.usual)

    def number(self, environ: Mapping[str, str], least: int, most: int) -> int | None:
        """What it is set to, None for nothing.  Raises Refused when it is no whole number of these.

        >>> Variable("NIXIE_X", "7", "").number({}, 1, 9)
        7
        """
        told = environ.get(self.name) or self.usual
        if not told:
            return None
        if told.isascii() and told.isdigit() and least <= int(told) <= most:
            return int(told)
        what = (
            f"{self.name} is {told!r}. Give a whole number from {least} to {most}, or leave it out."
        )
        raise Refused(Problem((self.name,), what))


HOME = Variable("NIXIE_HOME", "/opt/nixie", "Where set-up put what Nixie needs.")
STATE = Variable("NIXIE_STATE", "/var/lib/nixie", "The state directory, as --state.")
LOOK_SECONDS = Variable(
    "NIXIE_LOOK_SECONDS", "300", "Seconds that the evaluation of one host may take, 1 to 3600."
)
LOOK_GIBIBYTES = Variable(
    "NIXIE_LOOK_GIBIBYTES",
    "",
    "GiB of memory that the evaluation of one host may take, 1 to 64; otherwise 2 to 4, by what is "
    "free.",
)

BUILD_GIBIBYTES = Variable(
    "NIXIE_BUILD_GIBIBYTES",
    "",
    "GiB of memory that all builds together may take; otherwise all that there is but 1, and at "
    "least half of it.",
)

OF_BUILD = (LOOK_SECONDS, LOOK_GIBIBYTES)
"""Those that the build role reads as well."""
VARIABLES = (HOME, STATE, *OF_BUILD, BUILD_GIBIBYTES)

HELP = "\n\n".join(("Variables of the environment:", *(one.told for one in VARIABLES)))
"""The table as paragraphs."""


def look_limits(environ: Mapping[str, str]) -> tuple[float, int | None]:
    """(seconds, bytes of memory or None) that the evaluation of one host may take.  Raises Refused.

    >>> look_limits({"NIXIE_LOOK_GIBIBYTES": "8"})
    (300.0, 8589934592)
    """
    seconds = LOOK_SECONDS.number(environ, 1, 3_600) or 0
    gibibytes = LOOK_GIBIBYTES.number(environ, 1, 64)
    return float(seconds), gibibytes << 30 if gibibytes else None


def build_limit(environ: Mapping[str, str]) -> int | None:
    """Bytes of memory that all builds together may take, None for the usual.  Raises Refused."""
    gibibytes = BUILD_GIBIBYTES.number(environ, 1, 4_096)
    return gibibytes << 30 if gibibytes else None
