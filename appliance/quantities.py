"""Sizes and rates the way every face of the router says them: number and unit, apart."""


def size(count: float) -> tuple[str, str]:
    """Bytes, in binary units, three digits at most.

    >>> size(0), size(274_432), size(2_040_109_465)
    (('0', 'B'), ('268', 'KiB'), ('1.9', 'GiB'))
    """
    unit, *larger = ("B", "KiB", "MiB", "GiB", "TiB")
    while count >= 1000 and larger:
        count, unit, *larger = (count / 1024, *larger)
    number = f"{count:.1f}" if count < 10 and unit != "B" else f"{count:.0f}"
    return number.removesuffix(".0"), unit


def rate(count: float, seconds: float) -> tuple[str, str] | None:
    """Bytes per second in the units of a network card; None when there was no time to measure.

    >>> rate(654_311_424, 6.0), rate(274_432, 0.3), rate(100, 0)
    (('109', 'MB/s'), ('0.9', 'MB/s'), None)
    """
    if seconds <= 0:
        return None
    speed = count / seconds / 1e6
    return f"{speed:.0f}" if speed >= 10 else f"{speed:.1f}", "MB/s"
