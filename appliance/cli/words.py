"""How the command line says things: tables, sizes, moments and spans."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from appliance import quantities

_UNITS: Mapping[str, float] = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> str:
    """Columns as wide as their widest word; `empty` when there is no row.

    >>> print(table(("NAME", "MB"), [("ember", 310), ("ash", None)], "Nothing."))
    NAME   MB
    ember  310
    ash    –
    """
    cells = [["–" if one in (None, "") else plain(str(one)) for one in row] for row in rows]
    if not cells:
        return empty
    lines = [list(headings), *cells]
    widths = [max(len(line[at]) for line in lines) for at in range(len(headings))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Name and value, one a line; what is None or empty is left out."""
    told = [(name, value) for name, value in pairs if value not in (None, "", [], {})]
    width = max((len(name) for name, _ in told), default=0)
    below = f"\n{' ' * (width + 2)}"
    return "\n".join(
        f"{name.ljust(width)}  {below.join(map(plain, str(value).splitlines()))}"
        for name, value in told
    )


def plain(text: str) -> str:
    """Text for a terminal: what others sent cannot move its cursor.

    >>> plain("host\\x1b[2Jname\\n")
    'host�[2Jname '
    """
    return "".join(one if one.isprintable() else " " if one.isspace() else "�" for one in text)


def moment(at: float | None) -> str:
    """A stored time, in UTC.

    >>> moment(1_795_385_100.0), moment(None)
    ('2026-11-22 22:05:00Z', '')
    """
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else ""


def span(seconds: float | None) -> str:
    """A length of time.

    >>> span(0.25), span(9.87), span(200), span(None)
    ('250 ms', '9.9 s', '3 min 20 s', '')
    """
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def size(count: int | None) -> str:
    """A number of bytes, as the pages say it.

    >>> size(310_000_000), size(512), size(None)
    ('296 MiB', '512 B', '')
    """
    return "" if count is None else " ".join(quantities.size(count))


def rate(count: int | None, seconds: float) -> str:
    """Bytes per second, as the pages say it.

    >>> rate(310_000_000, 3.0), rate(None, 3.0), rate(512, 0)
    ('103 MB/s', '', '')
    """
    return " ".join(quantities.rate(count, seconds) or ()) if count else ""


def seconds(span: str) -> float | None:
    """A length of time as people type it; None when it is none.

    >>> seconds("90"), seconds("2h"), seconds("15 min"), seconds("1d"), seconds("soon")
    (90.0, 7200.0, 900.0, 86400.0, None)
    """
    found = re.fullmatch(r"\s*(\d{1,9})\s*(s|min|h|d|)\s*", span)
    return float(found[1]) * _UNITS[found[2]] if found else None


def quoted(word: str) -> str:
    """A word as one piece of a path.

    >>> quoted("a/b c")
    'a%2Fb%20c'
    """
    return quote(word, safe="")
