"""How long to wait before something that failed is tried again."""

LONGEST_SECONDS = 60
WELL_SECONDS = 10.0
"""What ran this long had recovered; its earlier failures no longer count."""


def pause_seconds(failures: int) -> int:
    """The pause after this many failures in a row, at least one.

    >>> [pause_seconds(failures) for failures in (1, 2, 3, 7, 4000)]
    [1, 2, 4, 60, 60]
    """
    return int(min(LONGEST_SECONDS, 1 << min(failures - 1, 6)))


def counted(failures: int, ran_seconds: float) -> int:
    """The failures in a row, after one more that ran for `ran_seconds`."""
    return 1 if ran_seconds >= WELL_SECONDS else failures + 1
