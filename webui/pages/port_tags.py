"""Ports with their tags, as people write them: one a line, `eth1 20`."""

from collections.abc import Iterable, Sequence
from typing import Any

from appliance.errors import Problem
from appliance.model.cards import MAC, known_by
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
            found.append({"port": _port(words[0]), "vlan": vlan})
        elif words:
            what = f"Line {number}: write the port, then its tag, like eth1 20."
            problems.append(Problem(("tagged",), what))
    return found, tuple(problems)


def _port(word: str) -> str:
    """A MAC in the letters that it is stored in; names and slots have their own."""
    small = word.lower()
    return small if known_by(small) == MAC else word


def known(
    tagged: Sequence[dict[str, Any]], ports: Sequence[PortRow], by: str, present: Sequence[str]
) -> list[dict[str, Any]]:
    """The same with each port as the configuration is to know it.  Raises Refused."""

    def word(port: str) -> str:
        return chosen((port,), ports, by, present, ("tagged",))[0]

    return [{**one, "port": word(one["port"])} for one in tagged]
