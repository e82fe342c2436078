"""Speeds as people type them: in Mbit/s, like the provider's offer."""


def written(kbit: int | None) -> str:
    """A speed in a form.

    >>> written(50_000), written(1_500), written(None)
    ('50', '1.5', '')
    """
    return "" if kbit is None else f"{kbit / 1000:g}" if kbit % 1000 else str(kbit // 1000)


def read(text: str) -> int | str | None:
    """Thousand bits a second; what is no number stays as it is, for the border to refuse.

    >>> read("50"), read(" 1,5 "), read("0.64"), read(""), read("fast")
    (50000, 1500, 640, None, 'fast')
    """
    plain = text.strip().replace(",", ".")
    whole, _, rest = plain.partition(".")
    digits = f"{whole}{rest}"
    if digits.isascii() and digits.isdecimal() and len(plain) < 12:
        return round(float(plain) * 1000)
    return text.strip() or None
