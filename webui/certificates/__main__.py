"""DOOR: one certificate, made in a process that ends: `cryptography` takes 8 MB, once a year.

Reads a JSON object, {"now": Unix seconds, "names": […], "ca": {"certificate", "key"} or null},
and prints {"ca": …, "leaf": …, "ends": Unix seconds}, PEM throughout.
Keys go through pipes and nowhere else.
"""

import json
import sys
from typing import Any

from webui.certificates.pairs import LEAF_DAYS, Pair, authority, leaf


def main() -> None:
    """Answer what stands on standard input."""
    asked = json.load(sys.stdin)
    ca = _pair(asked["ca"]) if asked["ca"] else authority("Nixie Router", asked["now"])
    made = leaf(ca, asked["names"], asked["now"])
    ends = asked["now"] + LEAF_DAYS * 86400
    json.dump({"ca": _told(ca), "leaf": _told(made), "ends": ends}, sys.stdout)


def _pair(told: dict[str, str]) -> Pair:
    return Pair(told["certificate"].encode(), told["key"].encode())


def _told(pair: Pair) -> dict[str, Any]:
    return {"certificate": pair.certificate.decode(), "key": pair.key.decode()}


if __name__ == "__main__":
    main()
