"""What forms send and what they get back: problems by field, ticks, spans of time."""

import re

from appliance.errors import Refused

UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400, "": 1}


def beside(refused: Refused) -> dict[str, str]:
    """Problems by field name, "" for the whole form; several for one field are joined.

    >>> from appliance.errors import Problem
    >>> beside(Refused(Problem(("macs", 0), "Taken."), Problem((), "Late.")))
    {'macs.0': 'Taken.', '': 'Late.'}
    """
    found: dict[str, str] = {}
    for problem in refused.problems:
        field = ".".join(map(str, problem.where))
        found[field] = f"{found[field]} {problem.what}" if field in found else problem.what
    return found


def ticked(value: str) -> bool:
    """Whether a check box was sent as set.

    >>> ticked("on"), ticked("")
    (True, False)
    """
    return value.strip().lower() in ("on", "1", "true", "yes")


def seconds(text: str) -> int | None:
    """A span of time as people write it; None when it is none.

    >>> seconds("90"), seconds("2 h"), seconds("15min"), seconds("soon")
    (90, 7200, 900, None)
    """
    found = re.fullmatch(r"\s*(\d{1,9})\s*(s|min|m|h|d|)\s*", text)
    return int(found[1]) * UNITS[found[2]] if found else None
