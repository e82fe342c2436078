"""When a source is looked at: on days of the week, at times of the router's clock.

As people write it: `daily 04:00`, `mon,fri 04:00,16:30`.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from appliance.model.week import WEEK

DAILY = "daily"
MOST_CLOCKS = 8
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Times:
    """Each of `clocks` (HH:MM) on each of `weekdays`."""

    weekdays: tuple[str, ...]
    clocks: tuple[str, ...]

    def __str__(self) -> str:
        """As it is stored, in the order of the week and the day."""
        days = DAILY if self.weekdays == WEEK else ",".join(self.weekdays)
        return f"{days} {','.join(self.clocks)}"


def read(text: str) -> Times:
    """What somebody wrote.  Raises ValueError with a sentence.

    >>> str(read("fri,MON 4:00 16:30")), str(read("mon,tue,wed,thu,fri,sat,sun 04:00"))
    ('mon,fri 04:00,16:30', 'daily 04:00')
    """
    words = text.lower().replace(",", " ").split()
    clocks = sorted({word.rjust(5, "0") for word in words if ":" in word})
    named = {word for word in words if ":" not in word}
    wrong = [one for one in clocks if not _CLOCK.fullmatch(one)]
    wrong += sorted(named - {*WEEK, DAILY})
    if wrong or not clocks or not named or len(clocks) > MOST_CLOCKS:
        raise ValueError(
            "Write days and times, such as daily 04:00 or mon,fri 04:00,16:30 "
            f"({MOST_CLOCKS} times at most)."
        )
    days = WEEK if DAILY in named else tuple(day for day in WEEK if day in named)
    return Times(days, tuple(clocks))


def next_at(times: Times, after: float, where: tzinfo) -> float:
    """The first of these moments later than `after` (Unix seconds), by the clock of `where`.

    A time that a night skips comes an hour later, one that it has twice comes once.
    """
    midnight = datetime.fromtimestamp(after, where).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    found = (
        moment
        for day in range(9)
        for clock in times.clocks
        if (moment := _moment(midnight + timedelta(days=day), clock, times)) is not None
    )
    return min(moment for moment in found if moment > after)


def _moment(day: datetime, clock: str, times: Times) -> float | None:
    if WEEK[day.weekday()] not in times.weekdays:
        return None
    hours, minutes = map(int, clock.split(":"))
    return day.replace(hour=hours, minute=minutes).timestamp()
