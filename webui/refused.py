"""How a refusal is answered over HTTP: its status, and when to try again."""

from appliance.actions.refusals import Clash, Forbidden, TooMany, Unknown
from appliance.errors import Refused

STATUS: tuple[tuple[type[Refused], int], ...] = (
    (Forbidden, 403),
    (Unknown, 404),
    (Clash, 409),
    (TooMany, 429),
    (Refused, 422),
)
"""The first that fits."""


def status(refused: Refused) -> int:
    """The HTTP status of a refusal.

    >>> status(Unknown()), status(Refused())
    (404, 422)
    """
    return next(code for kind, code in STATUS if isinstance(refused, kind))


def headers(refused: Refused) -> dict[str, str]:
    """What goes with it.

    >>> headers(TooMany("Wait 8 s.", 8)), headers(Refused())
    ({'Retry-After': '8'}, {})
    """
    return {"Retry-After": str(refused.retry_after)} if isinstance(refused, TooMany) else {}
