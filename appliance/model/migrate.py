"""Bringing a stored RouterConfig of an older layout to today's.

`UPGRADES` has one pure function per layout that is no longer written, from N to N + 1.  The files
themselves are never rewritten: a revision stays what its author saw.
"""

from collections.abc import Callable, Mapping
from typing import Any

from appliance.errors import Problem, Refused
from appliance.model.config import SCHEMA

Stored = Mapping[str, Any]


def _to_2(stored: Stored) -> Stored:
    """A static address is one way to the internet among others; an upstream is more than a number.

    What is not of the old shape stays as it is: `read.py` says what is wrong with it.
    """
    wan, dns = stored.get("wan"), stored.get("dns")
    changed: dict[str, Any] = {}
    if isinstance(wan, Mapping) and "static" not in wan:
        rest = {name: value for name, value in wan.items() if name not in ("address", "gateway")}
        static = {name: wan[name] for name in ("address", "gateway") if name in wan}
        changed["wan"] = {**rest, "static": static}
    if isinstance(dns, Mapping) and isinstance(dns.get("upstreams"), list):
        upstreams = [{"address": one} for one in dns["upstreams"]]
        changed["dns"] = {**dns, "upstreams": upstreams}
    return {**stored, **changed}


UPGRADES: Mapping[int, Callable[[Stored], Stored]] = {1: _to_2}
"""From layout N: a function to N + 1."""


def upgraded(
    stored: Stored,
    upgrades: Mapping[int, Callable[[Stored], Stored]] = UPGRADES,
    newest: int = SCHEMA,
) -> Stored:
    """The same configuration in layout `newest`; one from a newer Nixie is returned untouched.

    Raises Refused when `schema` is no layout, ValueError when a step is missing, which is a mistake
    of ours.
    """
    layout = stored.get("schema", newest)
    if type(layout) is not int or layout < 1:
        what = f"{layout!r} is no layout. Write {newest}, or leave schema out."
        raise Refused(Problem(("schema",), what))
    while layout < newest:
        if layout not in upgrades:
            raise ValueError(f"there is no way from layout {layout} to {layout + 1}")
        stored = {**upgrades[layout](stored), "schema": layout + 1}
        layout += 1
    return stored
