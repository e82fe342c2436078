"""Ports with their tags, as people write them: one a line, `eth1 20`."""

from collections.abc import Iterable, Sequence
from typing import Any

from appliance.errors import Problem
from appliance.model.vlan import Tagged
from appliance.store.trials import PortRow
from webui.forms import whole
from webui.pages.ports import chosen


def written(tagged: Iterable[Tagged]) -> str:
    """One line for each.

    >>> written((Tagged("eth1", 20), Tagged("eth2", 20))).split("\\n")
    ['eth1 20', 'eth2 20']
    """
    return "\n".join(f"{one.port} {one.vlan}" for one in tagged)


def read(text: str) -> tuple[list[dict[str, Any]], tuple[Problem, ...]]:
    """The tags as the configuration's JSON has them, and a problem for each line that is none."""
    found, problems = [], []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        vlan = whole(words[1]) if len(words) == 2 else None
        if vlan is not None:
            found.append({"port": words[0].lower() if ":" in words[0] else words[0], "vlan": vlan})
        elif words:
            what = f"Line {number}: write the port, then its tag, like eth1 20."
            problems.append(Problem(("tagged",), what))
    return found, tuple(problems)


def known(
    tagged: Sequence[dict[str, Any]], ports: Sequence[PortRow], *, by_mac: bool
) -> list[dict[str, Any]]:
    """The same with each port as the configuration is to know it."""
    return [{**one, "port": chosen((one["port"],), ports, by_mac=by_mac)[0]} for one in tagged]
