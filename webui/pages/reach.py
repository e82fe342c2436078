"""Who may reach whom, as a table: as it is to be, and what that changes."""

from collections.abc import Mapping
from typing import NamedTuple

from appliance.model import reachability
from appliance.model.config import RouterConfig
from appliance.model.firewall import INTERNET, ROUTER
from appliance.model.policy import members
from appliance.model.reachability import EVERYTHING, NOTHING, SOME, Cell, Shift
from webui.phrases import capital

SHAPES: Mapping[str, str] = {EVERYTHING: "open", SOME: "some", NOTHING: "shut"}
"""How far a way is open → its shape in the table."""
LOOKS: Mapping[str, str] = {"shut": "shut"}
"""The class of a shape of which nothing changes."""
FAMILIES: Mapping[int, str] = {4: "IPv4", 6: "IPv6"}


class Way(NamedTuple):
    """One cell; `look` is its class, `was` "" while nothing of it changes."""

    to: str
    look: str  # shut, opens, shuts, self for a zone with itself, else ""
    shape: str  # open, some or shut
    text: str
    ipv6: str  # what IPv6 may where that is something else, "" where it is the same
    was: str  # "opened, was nothing"


class Row(NamedTuple):
    """What one zone may begin; `under` is what it is made of."""

    source: str
    under: str
    ways: tuple[Way, ...]


class Matrix(NamedTuple):
    """The table; `columns` are the destinations in their order."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def compared(before: RouterConfig, after: RouterConfig) -> Matrix | None:
    """The table after a change, with what was; None when nothing of it changes."""
    return table(before, after) if reachability.difference(before, after) else None


def table(before: RouterConfig, after: RouterConfig) -> Matrix:
    """The table of `after`, with what was before where that is something else."""
    shifts = {_pair(one): one for one in reachability.difference(before, after)}
    cells = {_pair(one): one for one in reachability.matrix(after)}
    pairs = dict.fromkeys((source, to) for source, to, _ in (*cells, *shifts))
    zones = (zone.name for zone in after.zones)
    sources = tuple(dict.fromkeys((INTERNET, *zones, *(source for source, _ in pairs))))
    columns = tuple(dict.fromkeys((ROUTER, *sources, *(to for _, to in pairs))))
    rows = (
        Row(
            capital(source),
            _under(after, source),
            tuple(
                _way(source, to, cells, shifts)
                if (source, to) in pairs
                else Way(capital(to), "self", "shut", "", "", "")
                for to in columns
            ),
        )
        for source in sources
    )
    return Matrix(tuple(map(capital, columns)), tuple(rows))


Pair = tuple[str, str, int]


def _way(source: str, to: str, cells: Mapping[Pair, Cell], shifts: Mapping[Pair, Shift]) -> Way:
    found = {each: cells.get((source, to, each), Cell(source, to, each)) for each in FAMILIES}
    moved = [shifts[source, to, each] for each in FAMILIES if (source, to, each) in shifts]
    before = {each: found[each].words for each in FAMILIES} | {
        one.family: one.before for one in moved
    }
    shapes = {SHAPES[one.extent] for one in found.values()}
    shape = shapes.pop() if len(shapes) == 1 else "some"
    verbs = {"opened": any(one.opens for one in moved), "closed": any(one.shuts for one in moved)}
    said = " and ".join(verb for verb, so in verbs.items() if so) or "changed"
    four, six = found[4].words, found[6].words
    return Way(
        to=capital(to),
        look=("shuts" if said == "closed" else "opens") if moved else LOOKS.get(shape, ""),
        shape=shape,
        text=begun(four),
        ipv6="" if four == six else begun(six),
        was=f"{said}, was {_both(before)}" if moved else "",
    )


def _under(config: RouterConfig, source: str) -> str:
    """What a zone is made of."""
    if source == INTERNET:
        return "the outside"
    return ", ".join(members(config, source)) or "no network"


def begun(words: str) -> str:
    """A cell's words as they begin: names of devices and protocols stay as they are.

    >>> begun("everything but tcp 25"), begun("nas:22"), begun("tcp 631 to nas")
    ('Everything but tcp 25', 'nas:22', 'tcp 631 to nas')
    """
    return capital(words) if words.startswith((EVERYTHING, NOTHING, "ping")) else words


def _both(words: Mapping[int, str]) -> str:
    """The words of both families, once when they are the same.

    >>> _both({4: "nothing", 6: "nothing"}), _both({4: "DNS", 6: "nothing"})
    ('nothing', 'IPv4: DNS; IPv6: nothing')
    """
    if len(set(words.values())) == 1:
        return words[4]
    return "; ".join(f"{FAMILIES[each]}: {text}" for each, text in words.items())


def _pair(one: Cell | Shift) -> Pair:
    return one.source, one.destination, one.family
