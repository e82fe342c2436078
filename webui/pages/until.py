"""An end in time, as the browser's own field has it: local time without a zone."""

from datetime import datetime

from appliance.model.week import zone


def written(until: int | None, time_zone: str) -> str:
    """The value of a field of type datetime-local.

    >>> written(0, "UTC"), written(None, "UTC")
    ('1970-01-01T00:00', '')
    """
    return (
        "" if until is None else f"{datetime.fromtimestamp(until, zone(time_zone)):%Y-%m-%dT%H:%M}"
    )


def read(text: str, time_zone: str) -> int | None:
    """Unix seconds of what was typed, None for no end.  Raises ValueError.

    >>> read("1970-01-01T00:00", "UTC"), read(" ", "UTC")
    (0, None)
    """
    if not text.strip():
        return None
    return int(datetime.fromisoformat(text.strip()).replace(tzinfo=zone(time_zone)).timestamp())
