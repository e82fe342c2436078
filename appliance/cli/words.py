"""How the command line says things: tables, sizes, moments and spans."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> str:
    """Columns as wide as their widest word; `empty` when there is no row.

    >>> print(table(("NAME", "MB"), [("ember", 310), ("ash", None)], "Nothing."))
    NAME   MB
    ember  310
    ash    –
    """
    cells = [["–" if one in (None, "") else str(one) for one in row] for row in rows]
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
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in told)


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
    """A number of bytes.

    >>> size(310_000_000), size(512), size(None)
    ('310 MB', '512 B', '')
    """
    if count is None:
        return ""
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.3g} {units[0]}"


def quoted(word: str) -> str:
    """A word as one piece of a path.

    >>> quoted("a/b c")
    'a%2Fb%20c'
    """
    return quote(word, safe="")
