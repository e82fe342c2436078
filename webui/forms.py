"""What forms send and what they get back: text, ticks, numbers; problems by field.

A form value is a frozen dataclass whose fields are `Text`; a route takes it by `Depends`.
"""

import hashlib
import json
from typing import Annotated

from fastapi import Form

from appliance.errors import Refused

Text = Annotated[str, Form()]
Texts = Annotated[tuple[str, ...], Form()]
"""What check boxes of one name send."""


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


def whole(text: str) -> int | None:
    """A whole number as it was typed; None when it is none.

    >>> whole("10"), whole(" 7 "), whole("ten"), whole("-1"), whole("1" * 12)
    (10, 7, None, None, None)
    """
    plain = text.strip()
    return int(plain) if plain.isdecimal() and len(plain) < 10 else None


def seen(value: object) -> str:
    """A short word for the present content of something; a form carries the one it was made from.

    >>> seen(["a", 1]) == seen(["a", 1]), seen(["a", 1]) == seen(["a", 2])
    (True, False)
    """
    told = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
