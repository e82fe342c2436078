"""Ports as text: `80, 443, 6000-6010`."""

import re
from collections.abc import Iterable, Mapping

from appliance.model.firewall import Ports

RANGE = re.compile(r"(\d{1,5})(?:\s*[-–]\s*(\d{1,5}))?")


def written(ports: Iterable[Ports]) -> str:
    """The ports as a person types them.

    >>> written((Ports(80), Ports(6000, 6010)))
    '80, 6000-6010'
    """
    return ", ".join(str(one).replace("–", "-") for one in ports)


def read(text: str) -> list[Mapping[str, int | None]] | None:
    """The JSON of what was typed; None when it is not numbers.

    >>> read("80, 6000-6010")
    [{'first': 80, 'last': None}, {'first': 6000, 'last': 6010}]
    >>> read(""), read("http")
    ([], None)
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    found = [RANGE.fullmatch(word) for word in words]
    if not all(found):
        return None
    return [{"first": int(one[1]), "last": int(one[2]) if one[2] else None} for one in found if one]
