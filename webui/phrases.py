"""Durations, sizes, ages and counts, the way a person would say them.

A number and its unit are held together by a no-break space.  Times are Unix seconds; `zone` None is
the router's own time zone.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from appliance import quantities

_NB = "\N{NO-BREAK SPACE}"
_WORDS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def with_unit(number: str, unit: str) -> str:
    """A number and its unit, never on two lines.

    >>> with_unit("9", "ms")
    '9\\xa0ms'
    """
    return f"{number}{_NB}{unit}"


def took(seconds: float) -> str:
    """How long something took, exact while it is short.

    >>> took(0.0401), took(0.31), took(38.42), took(119.6)
    ('0.04\\xa0s', '0.3\\xa0s', '38.4\\xa0s', '2\\xa0min')
    >>> took(277), took(3720), took(200_000)
    ('4\\xa0min\\xa037\\xa0s', '1\\xa0h\\xa02\\xa0min', '2\\xa0days')
    """
    if seconds < 0.1:
        return with_unit(f"{max(seconds, 0):.2f}", "s")
    if seconds < 99.95:
        return with_unit(f"{seconds:.1f}", "s")
    return duration(seconds)


def duration(seconds: float) -> str:
    """A length of time in whole units, at most two of them.

    >>> duration(0.2), duration(14), duration(60), duration(72)
    ('0\\xa0s', '14\\xa0s', '1\\xa0min', '1\\xa0min\\xa012\\xa0s')
    >>> duration(12_000), duration(86_400), duration(2_000_000)
    ('3\\xa0h\\xa020\\xa0min', '1\\xa0day', '23\\xa0days')
    """
    whole = max(0, round(seconds))
    if whole >= _DAY:
        days = whole // _DAY
        return with_unit(str(days), "day" if days == 1 else "days")
    hours, minutes, rest = whole // _HOUR, whole % _HOUR // _MINUTE, whole % _MINUTE
    if hours:
        return _two(with_unit(str(hours), "h"), minutes, "min")
    if minutes:
        return _two(with_unit(str(minutes), "min"), rest, "s")
    return with_unit(str(rest), "s")


def every(seconds: int) -> str:
    """An interval.

    >>> every(3600), every(900), every(86_400), every(0)
    ('every hour', 'every 15\\xa0min', 'every day', 'only when asked')
    """
    if seconds <= 0:
        return "only when asked"
    single = {_MINUTE: "every minute", _HOUR: "every hour", _DAY: "every day"}
    return single.get(seconds) or f"every {duration(seconds)}"


def ago(seconds: float) -> str:
    """How long ago, in the largest unit that says something.

    >>> ago(0.4), ago(6), ago(1_080), ago(7_300), ago(90_000), ago(600_000)
    ('just now', '6\\xa0s ago', '18\\xa0min ago', '2\\xa0h ago', 'yesterday', '6\\xa0days ago')
    """
    if seconds < 2:
        return "just now"
    if seconds < _MINUTE:
        return f"{with_unit(str(int(seconds)), 's')} ago"
    if seconds < _HOUR:
        return f"{with_unit(str(int(seconds // _MINUTE)), 'min')} ago"
    if seconds < _DAY:
        return f"{with_unit(str(int(seconds // _HOUR)), 'h')} ago"
    days = int(seconds // _DAY)
    return "yesterday" if days == 1 else f"{with_unit(str(days), 'days')} ago"


def ahead(seconds: float) -> str:
    """How far in the future.

    >>> ahead(-3), ahead(30), ahead(720), ahead(7_300)
    ('any moment', 'in less than a minute', 'in 12\\xa0min', 'in 2\\xa0h')
    """
    if seconds <= 0:
        return "any moment"
    if seconds < _MINUTE:
        return "in less than a minute"
    if seconds < _HOUR:
        return f"in {with_unit(str(int(seconds // _MINUTE)), 'min')}"
    if seconds < _DAY:
        return f"in {with_unit(str(int(seconds // _HOUR)), 'h')}"
    return f"in {duration(seconds)}"


def size(count: float) -> str:
    """Bytes, in binary units, three digits at most.

    >>> size(0), size(512), size(274_432), size(654_311_424), size(2_040_109_465)
    ('0\\xa0B', '512\\xa0B', '268\\xa0KiB', '624\\xa0MiB', '1.9\\xa0GiB')
    """
    return with_unit(*quantities.size(count))


def rate(count: float, seconds: float) -> str:
    """Bytes per second in the units of a network card; "" when there was no time to measure.

    >>> rate(654_311_424, 6.0), rate(274_432, 0.3), rate(100, 0)
    ('109\\xa0MB/s', '0.9\\xa0MB/s', '')
    """
    measured = quantities.rate(count, seconds)
    return with_unit(*measured) if measured else ""


def number(value: int) -> str:
    """A number with its thousands apart.

    >>> number(41_208), number(7)
    ('41\\xa0208', '7')
    """
    return f"{value:,}".replace(",", _NB)


def word(value: int) -> str:
    """A small number as a word, for sentences.

    >>> word(0), word(1), word(12), word(13)
    ('no', 'one', 'twelve', '13')
    """
    return _WORDS[value] if 0 <= value < len(_WORDS) else number(value)


def count(value: int, noun: str, plural: str = "") -> str:
    """A counted noun.

    >>> count(1, "machine"), count(8, "machine"), count(0, "entry", "entries")
    ('1\\xa0machine', '8\\xa0machines', 'no entries')
    """
    name = noun if value == 1 else plural or f"{noun}s"
    return f"{number(value)}{_NB}{name}" if value else f"no {name}"


def counted(value: int, noun: str, plural: str = "") -> str:
    """The same with the number as a word.

    >>> counted(2, "machine"), counted(1, "host"), counted(40, "host")
    ('two machines', 'one host', '40 hosts')
    """
    return f"{word(value)} {noun if value == 1 else plural or f'{noun}s'}"


def listing(names: Sequence[str], most: int = 3) -> str:
    """Names in a row.

    >>> listing(["anvil"]), listing(["anvil", "ember"]), listing(["a", "b", "c"])
    ('anvil', 'anvil and ember', 'a, b and c')
    >>> listing(["a", "b", "c", "d", "e"])
    'a, b and 3 more'
    """
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def sentence(text: str) -> str:
    """With a capital in front and a full stop behind.

    >>> sentence("two machines wait"), sentence("It is done.")
    ('Two machines wait.', 'It is done.')
    """
    text = text.strip()
    if not text:
        return ""
    return f"{capital(text)}{'' if text[-1] in '.?…' else '.'}"


def capital(text: str) -> str:
    """With a capital in front and the rest as it was.

    >>> capital("8 March"), capital("every hour at IBM")
    ('8 March', 'Every hour at IBM')
    """
    return f"{text[:1].upper()}{text[1:]}"


def clock(at: float, zone: tzinfo | None = None) -> str:
    """Hours and minutes.

    >>> from datetime import UTC
    >>> clock(1_773_609_247, UTC)
    '21:14'
    """
    return f"{datetime.fromtimestamp(at, zone):%H:%M}"


def exact_clock(at: float, zone: tzinfo | None = None) -> str:
    """Hours, minutes and seconds.

    >>> from datetime import UTC
    >>> exact_clock(1_773_609_247, UTC)
    '21:14:07'
    """
    return f"{datetime.fromtimestamp(at, zone):%H:%M:%S}"


def day(at: float, now: float, zone: tzinfo | None = None) -> str:
    """The day of `at`, as said at `now`.

    >>> from datetime import UTC
    >>> day(1_773_609_247, 1_773_609_247, UTC), day(1_773_509_247, 1_773_609_247, UTC)
    ('today', 'yesterday')
    >>> day(1_773_309_247, 1_773_609_247, UTC), day(1_763_309_247, 1_773_609_247, UTC)
    ('Thursday', '16 November 2025')
    """
    then, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    days = (today.date() - then.date()).days
    if 0 <= days < 2:
        return ("today", "yesterday")[days]
    if 0 <= days < 7:
        return f"{then:%A}"
    year = "" if then.year == today.year else f" {then.year}"
    return f"{then.day} {then:%B}{year}"


def date(at: float, zone: tzinfo | None = None) -> str:
    """Weekday, day and month.

    >>> from datetime import UTC
    >>> date(1_773_609_247, UTC)
    'Sunday 15 March'
    """
    then = datetime.fromtimestamp(at, zone)
    return f"{then:%A} {then.day} {then:%B}"


def tube(seconds: float) -> str:
    """Running time on the tube: minutes and seconds, then hours and minutes.

    >>> tube(277), tube(4), tube(3_700)
    ('04:37', '00:04', '1:01:40')
    """
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // _HOUR, whole % _HOUR // _MINUTE, whole % _MINUTE
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def spelled(code: str) -> str:
    """A code for a screen reader, digit by digit.

    >>> spelled("4817")
    '4 8 1 7'
    """
    return " ".join(code)


def processor(system: str | None) -> str:
    """The processor of a Nix system.

    >>> processor("x86_64-linux"), processor("aarch64-linux"), processor(None)
    ('x86-64', 'aarch64', '–')
    """
    return system.removesuffix("-linux").replace("_", "-") if system else "–"


_FIRMWARE = {
    "bios": "BIOS",
    "ia32": "UEFI 32-bit",
    "x64": "UEFI 64-bit",
    "arm64": "UEFI 64-bit Arm",
    "script": "iPXE",
    "chain": "an old iPXE",
    "rpi": "Raspberry Pi",
}
_U_BOOT = {"arm64": "U-Boot 64-bit Arm", "arm32": "U-Boot 32-bit Arm"}


def firmware(name: str) -> str:
    """A firmware's class in the words of its own menu.

    >>> firmware("pxe-x64"), firmware("http-x64"), firmware("pxe-bios"), firmware("odd")
    ('UEFI 64-bit', 'UEFI 64-bit, HTTP boot', 'BIOS', 'odd')
    >>> firmware("uboot-arm64"), firmware("uboot-archNone")
    ('U-Boot 64-bit Arm', 'U-Boot')
    """
    way, _, machine = name.rpartition("-")
    if way == "uboot":
        return _U_BOOT.get(machine, "U-Boot")
    said = _FIRMWARE.get(machine, name)
    return f"{said}, HTTP boot" if way == "http" else said


def _two(first: str, value: int, unit: str) -> str:
    return f"{first}{_NB}{with_unit(str(value), unit)}" if value else first
