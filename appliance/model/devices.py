"""What the owner decides about a device: when its packets are dropped.

Standard library only: `net` reads it.  The text form is what nixie.db, the API and the command line
have: "always", "until 1795385100", "weekly mon,tue,wed 21:00-07:00".  "" is no block.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 1440
MINUTES_A_WEEK = 7 * MINUTES_A_DAY
ALWAYS = "always"
FORMS = 'Say "always", "until" with Unix seconds, or "weekly mon,tue 21:00-07:00".'
LOCALLY_GIVEN = 0x02  # IEEE 802-2014 §8.4: the U/L bit

_UNTIL = re.compile(r"until ([0-9]{1,11})")
_WEEKLY = re.compile(r"weekly ([a-z,]{3,27}) ([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, twice: Unix seconds, and the minute of the local week (0 is Monday, 00:00)."""

    seconds: float
    minute: int


@dataclass(frozen=True, slots=True)
class Always:
    """Blocked until somebody unblocks it."""

    def holds(self, moment: Moment) -> bool:
        """Whether packets are dropped then."""
        del moment
        return True


@dataclass(frozen=True, slots=True)
class Until:
    """Blocked up to a moment, in Unix seconds."""

    at: int

    def holds(self, moment: Moment) -> bool:
        """Whether packets are dropped then."""
        return moment.seconds < self.at


@dataclass(frozen=True, slots=True)
class Weekly:
    """Blocked from `begins` on these days; an end that is not later is on the day after.

    Days count from Monday, `begins` and `ends` are minutes of the day.
    """

    days: tuple[int, ...]
    begins: int
    ends: int

    def holds(self, moment: Moment) -> bool:
        """Whether packets are dropped then.

        >>> late = Weekly((6,), 21 * 60, 7 * 60)  # Sunday evening to Monday morning
        >>> [late.holds(Moment(0, minute)) for minute in (6 * 1440 + 1300, 419, 420)]
        [True, True, False]
        """
        return any(self._past(day, moment.minute) < self._length for day in self.days)

    def ends_in(self, moment: Moment) -> int:
        """Minutes until it ends, when it holds; 0 otherwise."""
        return max((self._length - self._past(day, moment.minute) for day in self.days), default=0)

    @property
    def _length(self) -> int:
        return (self.ends - self.begins) % MINUTES_A_DAY or MINUTES_A_DAY

    def _past(self, day: int, minute: int) -> int:
        """Minutes since it began last on `day`."""
        return (minute - day * MINUTES_A_DAY - self.begins) % MINUTES_A_WEEK


Block = Always | Until | Weekly


def block_from(text: str) -> Block | None:
    """Read a block; None is "".  Raises ValueError with what may be said.

    >>> block_from("weekly mon,sun 21:00-07:30")
    Weekly(days=(0, 6), begins=1260, ends=450)
    """
    if text == "":
        return None
    if text == ALWAYS:
        return Always()
    if found := _UNTIL.fullmatch(text):
        return Until(int(found[1]))
    if found := _WEEKLY.fullmatch(text):
        return weekly(found[1].split(","), f"{found[2]}:{found[3]}", f"{found[4]}:{found[5]}")
    raise ValueError(FORMS)


def weekly(days: Sequence[str], begins: str, ends: str) -> Weekly:
    """A weekly block from its words.  Raises ValueError with what is wrong."""
    if not days or any(day not in DAYS for day in days):
        raise ValueError(f"Choose days among {', '.join(DAYS)}.")
    places = sorted({DAYS.index(day) for day in days})
    return Weekly(tuple(places), _minute(begins), _minute(ends))


def block_text(block: Block | None) -> str:
    """The text form.

    >>> block_text(block_from("weekly sun,mon 21:00-07:00"))
    'weekly mon,sun 21:00-07:00'
    """
    match block:
        case Always():
            return ALWAYS
        case Until(at):
            return f"until {at}"
        case Weekly(days, begins, ends):
            return f"weekly {','.join(DAYS[day] for day in days)} {clock(begins)}-{clock(ends)}"
    return ""


def clock(minute: int) -> str:
    """A minute of the day, or of the week, as a clock shows it.

    >>> clock(1260), clock(1440 + 5)
    ('21:00', '00:05')
    """
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def changing(mac: str) -> bool:
    """Whether the MAC was made up by the device itself, as phones do for each network.

    >>> changing("da:a1:19:00:00:01"), changing("00:1b:21:00:00:01")
    (True, False)
    """
    return bool(int(mac[:2], 16) & LOCALLY_GIVEN)


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise ValueError(f"{text!r} is no time of a day; say it like 21:00.")
    return 60 * int(hour) + int(minute)
