"""What follows from what a machine said of itself: its memory, and the driver of its card."""

import re
from collections.abc import Mapping
from typing import Any

from hardware.network_cards import drivers

SLOTS = 8
MEMORY = ".".join(f"${{smbios/{slot}.17.12.2:hexraw}}" for slot in range(SLOTS))
"""The sizes of the first memory modules, as iPXE expands them: SMBIOS 7.18, structure 17, a word at
offset 0Ch of each instance, empty where there is none."""

LARGEST = 0x7FFF  # as large as fits; the true size is elsewhere
UNKNOWN = 0xFFFF
IN_KILOBYTES = 0x8000

_WORD = re.compile(r"[0-9a-f]{4}")


def learned(facts: Mapping[str, Any]) -> dict[str, Any]:
    """`memory` in megabytes and `drivers`, the kernel's modules; what is not known is left out."""
    bus_id = str(facts.get("bus_id") or facts.get("bus") or "")
    found = {"memory": megabytes(str(facts.get("mem", ""))), "drivers": list(drivers(bus_id))}
    return {name: fact for name, fact in found.items() if fact}


def megabytes(said: str) -> int:
    """All modules together; 0 when nothing is known.

    >>> megabytes("0002......."), megabytes("0040.0040......"), megabytes("")
    (512, 32768, 0)
    """
    words = [one for one in said.lower().split(".") if _WORD.fullmatch(one)]
    return sum(_module(int.from_bytes(bytes.fromhex(one), "little")) for one in words)


def _module(word: int) -> int:
    if word == UNKNOWN:
        return 0
    if word != LARGEST and word & IN_KILOBYTES:
        return (word & LARGEST) // 1024
    return word
