"""What the environment says: where things are, how long they may take.  Text in, values out.

`assemble.py` and the supervisor's roles read it; below them nobody does.
"""

from collections.abc import Mapping
from pathlib import Path

from appliance.errors import Problem, Refused
from appliance.model.installed import STATE

HOME = "/opt/nixie"
LOOK_SECONDS = "NIXIE_LOOK_SECONDS"


def home(environ: Mapping[str, str]) -> Path:
    """Where set-up put things: NIXIE_HOME, or /opt/nixie."""
    return Path(environ.get("NIXIE_HOME", HOME)).resolve()


def state(environ: Mapping[str, str]) -> Path:
    """The state directory: NIXIE_STATE, or /var/lib/nixie."""
    return Path(environ.get("NIXIE_STATE", STATE)).resolve()


def look_seconds(environ: Mapping[str, str]) -> float:
    """How long the evaluation of one host may take: NIXIE_LOOK_SECONDS, or 300.

    Raises Refused when it is no number from 1 to 3600.
    """
    told = environ.get(LOOK_SECONDS, "300")
    if not told.isascii() or not told.isdigit() or not 1 <= int(told) <= 3_600:
        what = f"{LOOK_SECONDS} is {told!r}. Give whole seconds from 1 to 3600, or leave it out."
        raise Refused(Problem((LOOK_SECONDS,), what))
    return float(told)
