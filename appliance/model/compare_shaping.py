"""What differs in the speeds that are held, in sentences."""

from collections.abc import Iterator

from appliance.model.shaping import MEDIA, Shaping


def differences(before: Shaping | None, after: Shaping | None) -> Iterator[str]:
    """One sentence per difference."""
    for what, name in (("from", "down_kbit"), ("to", "up_kbit")):
        old, new = (getattr(one, name) if one else None for one in (before, after))
        if old != new:
            yield f"The speed {what} the internet becomes {speed(new)} (was {speed(old)})."
    if before and after and before.line != after.line:
        old, new = MEDIA[before.line].words, MEDIA[after.line].words
        yield f"The speeds are reckoned for: {new} (was {old})."


def speed(kbit: int | None) -> str:
    """A speed as people say it.

    >>> speed(50_000), speed(1_500), speed(640), speed(None)
    ('50 Mbit/s', '1.5 Mbit/s', '640 kbit/s', 'whatever the line gives')
    """
    if kbit is None:
        return "whatever the line gives"
    return f"{kbit} kbit/s" if kbit < 1000 else f"{kbit / 1000:g} Mbit/s"
