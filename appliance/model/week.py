"""The router's clock on the wall: the days of a week, and time zones by name."""

from datetime import UTC, tzinfo
from typing import Final

WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def zone(name: str) -> tzinfo:
    """The time zone called so; UTC for one that this computer does not have.

    `check.py` refuses such a name; a kept configuration must still be readable after an update.
    """
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # 0.3 MB, for who needs one

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
