"""Who may reach whom, before and after a change, as a table."""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.model import reachability
from appliance.model.config import RouterConfig
from appliance.model.firewall import INTERNET, ROUTER
from appliance.model.reachability import EVERYTHING, NOTHING, SOME, Cell, Shift
from webui import phrases

SHAPES: Mapping[str, str] = {EVERYTHING: "open", SOME: "some", NOTHING: "shut"}
"""How far a way is open → its shape in the table."""
NAMES: Mapping[str, str] = {ROUTER: "the router", INTERNET: "the internet"}
FAMILIES: Mapping[int, str] = {4: "IPv4", 6: "IPv6"}


@dataclass(frozen=True, slots=True)
class Way:
    """One cell; `look` is its class, `was` "" while nothing of it changes."""

    to: str
    look: str  # open, some, shut, opens, shuts, or self for a zone with itself
    shape: str  # open, some or shut
    text: str
    was: str  # "opened, was nothing"


@dataclass(frozen=True, slots=True)
class Row:
    """What one zone may begin."""

    source: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The table; `columns` are the destinations in their order."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def compared(before: RouterConfig, after: RouterConfig) -> Matrix | None:
    """The table after a change, with what was; None when nothing of it changes."""
    shifts = {_pair(one): one for one in reachability.difference(before, after)}
    if not shifts:
        return None
    cells = {_pair(one): one for one in reachability.matrix(after)}
    pairs = dict.fromkeys((source, to) for source, to, _ in (*cells, *shifts))
    sources = tuple(dict.fromkeys(source for source, _ in pairs))
    columns = tuple(dict.fromkeys((ROUTER, INTERNET, *sources, *(to for _, to in pairs))))
    rows = (
        Row(
            _named(source),
            tuple(
                _way(source, to, cells, shifts)
                if (source, to) in pairs
                else Way(_named(to), "self", "shut", "", "")
                for to in columns
            ),
        )
        for source in sources
    )
    return Matrix(tuple(map(_named, columns)), tuple(rows))


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
    return Way(
        to=_named(to),
        look=("shuts" if said == "closed" else "opens") if moved else shape,
        shape=shape,
        text=phrases.capital(_both({each: one.words for each, one in found.items()})),
        was=f"{said}, was {_both(before)}" if moved else "",
    )


def _both(words: Mapping[int, str]) -> str:
    """The words of both families, once when they are the same.

    >>> _both({4: "nothing", 6: "nothing"}), _both({4: "DNS", 6: "nothing"})
    ('nothing', 'IPv4: DNS; IPv6: nothing')
    """
    if len(set(words.values())) == 1:
        return words[4]
    return "; ".join(f"{FAMILIES[each]}: {text}" for each, text in words.items())


def _named(place: str) -> str:
    return NAMES.get(place, place)


def _pair(one: Cell | Shift) -> Pair:
    return one.source, one.destination, one.family
