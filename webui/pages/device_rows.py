"""Devices as rows: searched, filtered, in order, a page at a time; what each moves."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from appliance.actions.known_devices import Known
from appliance.model.devices import MINUTES_A_DAY, Block, Moment, Until, Weekly, block_from
from appliance.store.metrics import MINUTE, PIECE, Moved, Rate
from webui import charts, phrases
from webui.charts import Spark
from webui.pages.known import Chip, Column
from webui.pages.listing import Listing
from webui.pages.states import Pill

PER_PAGE = 50
HOUR, DAY = 3600, 86_400
POINTS = 30
"""Of a line over the last hour: two minutes each."""


class DeviceRow(NamedTuple):
    """One device of the table."""

    mac: str
    key: str  # the MAC where it is a part of an address or an id
    name: str
    under: str
    state: Pill
    network: str
    address: str
    reserved: bool
    now: str
    spark: Spark
    blocked: bool  # or said to be, whether it holds this minute or not
    waits: bool  # to be let in


class DeviceList(NamedTuple):
    """The table, ready to print."""

    once: str
    rows: tuple[DeviceRow, ...]
    total: int
    summary: str
    chips: tuple[Chip, ...]
    networks: tuple[Chip, ...]
    device: Column
    now: Column
    query: str
    show: str
    network: str
    sort: str
    back: str
    asks: str
    before: str
    after: str


class Looked(NamedTuple):
    """What a list is made of; `address` is the visitor's, `moment` now in local time."""

    devices: Sequence[Known]
    rates: Mapping[str, Rate]
    address: str
    moment: Moment


def matching(looked: Looked, listing: Listing) -> list[Known]:
    """Those that the view shows, on all its pages, in its order."""
    found = [one for one in _searched(looked, listing) if _is(one, listing.show, looked.moment)]
    if listing.sort.removeprefix("-") == "now":
        found.sort(key=lambda one: -_total(looked.rates.get(one.mac)))
    if listing.sort.startswith("-"):
        found.reverse()
    return found


def on_page(found: Sequence[Known], listing: Listing) -> list[Known]:
    """The part of them on its page; beyond the last page is the last page."""
    start = (_number(found, listing) - 1) * PER_PAGE
    return list(found[start : start + PER_PAGE])


def listed(
    looked: Looked, listing: Listing, moved: Mapping[str, Sequence[Moved]], once: str = ""
) -> DeviceList:
    """The table; `moved` are the last hour's minutes of the devices on the page."""
    found = matching(looked, listing)
    shown, number = on_page(found, listing), _number(found, listing)
    here = listing.at(number)
    return DeviceList(
        once=once,
        rows=tuple(_row(one, looked, moved.get(one.mac, ())) for one in shown),
        total=len(looked.devices),
        summary=summary(len(looked.devices), len(found), number, len(shown)),
        chips=_chips(looked, here),
        networks=_networks(looked, here),
        device=Column("name", "Device", here.sorted_by("name").path, here.direction("name")),
        now=Column("now", "Now", here.sorted_by("now").path, here.direction("now")),
        query=listing.q,
        show=listing.show,
        network=listing.network,
        sort=listing.sort,
        back=here.path,
        asks=here.query,
        before=here.at(number - 1).path if number > 1 else "",
        after=here.at(number + 1).path if number * PER_PAGE < len(found) else "",
    )


def lead(devices: Sequence[Known], now: float) -> str:
    """How many are here, and how many are new."""
    if not devices:
        return "Whatever is on your networks shows up here by itself."
    here = sum(one.row.here for one in devices)
    new = sum(one.new(now) for one in devices)
    verb = "is" if here == 1 else "are"
    said = f"{phrases.number(here)} of {phrases.number(len(devices))} {verb} here."
    waiting = sum(one.waits for one in devices)
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        said += f" {phrases.capital(phrases.word(waiting))} {verb} to be let in."
    elif new:
        said += f" {phrases.capital(phrases.word(new))} {'is' if new == 1 else 'are'} new today."
    return said


def summary(total: int, found: int, number: int, shown: int) -> str:
    """The foot of the table.

    >>> summary(31, 31, 1, 31), summary(31, 4, 1, 4), summary(120, 120, 3, 20)
    ('31\\xa0devices', '4 of 31\\xa0devices', '101 to 120 of 120. 120\\xa0devices')
    """
    whole = phrases.count(total, "device")
    if shown == found:
        return whole if found == total else f"{phrases.number(found)} of {whole}"
    first = (number - 1) * PER_PAGE + 1
    return f"{first} to {first + shown - 1} of {phrases.number(found)}. {phrases.capital(whole)}"


def state(one: Known, moment: Moment) -> Pill:
    """How it does, as a shape and a word."""
    if one.blocked:
        return Pill("hold", f"Blocked{until(block(one), moment)}")
    if one.block == "always":
        return Pill("wait", "Being blocked")
    if one.waits:
        return Pill("wait", "Waits to be let in")
    if not one.row.first_seen:
        return Pill("off", "Never seen")
    if one.new(moment.seconds):
        return Pill("new", f"New, {phrases.clock(one.row.first_seen)}")
    if one.row.here:
        return Pill("ok", "Here")
    return Pill("off", f"Since {phrases.day(one.row.last_seen, moment.seconds)}")


def block(one: Known) -> Block | None:
    """When it is blocked; None for never, and for what a newer version wrote."""
    try:
        return block_from(one.block)
    except ValueError:
        return None


def until(said: Block | None, moment: Moment) -> str:
    """When a block that holds ends, "" when it does not by itself."""
    match said:
        case Until(at):
            day = "" if at - moment.seconds < MINUTES_A_DAY * 60 else " tomorrow or later,"
            return f" till{day} {phrases.clock(at)}"
        case Weekly():
            return f" till {phrases.clock(moment.seconds + 60 * said.ends_in(moment))}"
    return ""


def under(one: Known, address: str) -> str:
    """What is told below its name: maker or system, a changing MAC, whether you sit at it."""
    parts = [
        one.row.maker or one.row.system or ("" if one.name == one.mac else one.mac),
        "changing MAC" if one.changing else "",
        "this device" if at(one, address) else "",
    ]
    return ", ".join(part for part in parts if part)


def at(one: Known, address: str) -> bool:
    """Whether a request from `address` comes from it."""
    return bool(address) and address.partition("%")[0] in one.row.addresses


def bits(rate: Rate | None) -> str:
    """What it moves both ways, as a provider counts it; "–" when it rests.

    >>> bits(Rate(1_750_000.0, 0.0)), bits(Rate(12.0, 3.0)), bits(None)
    ('14.0\\xa0Mb/s', '0.1\\xa0kb/s', '–')
    """
    return per_second(_total(rate)) if rate else "–"


def per_second(count: float) -> str:
    """Bytes a second as bits.

    >>> per_second(0), per_second(12_500), per_second(125e6)
    ('0\\xa0kb/s', '100\\xa0kb/s', '1.0\\xa0Gb/s')
    """
    return phrases.with_unit(*speed(count))


def speed(count: float) -> tuple[str, str]:
    """Bytes a second as bits: number and unit, apart."""
    bits = 8 * count
    for unit, size in (("Gb/s", 1e9), ("Mb/s", 1e6)):
        if bits >= size:
            return f"{bits / size:.1f}", unit
    kilobits = bits / 1e3
    return f"{kilobits:.0f}" if kilobits >= 10 or not bits else f"{max(kilobits, 0.1):.1f}", "kb/s"


def hour(moved: Sequence[Moved], now: float, what: str) -> Spark:
    """The last hour as a line."""
    return _line(moved, now, f"{what} over one hour", MINUTE, POINTS)


def day(moved: Sequence[Moved], now: float, what: str) -> Spark:
    """The last day as a line."""
    return _line(moved, now, f"{what} over one day", PIECE, DAY // PIECE)


def _line(moved: Sequence[Moved], now: float, label: str, span: int, points: int) -> Spark:
    """What was moved both ways in slots of `span` seconds, but for the one that is not over.

    A line over an hour has fewer points than minutes: each is of several.
    """
    end = int(now // span) * span
    width = span if points * span >= HOUR else HOUR // points
    amounts = [0.0] * points
    for one in moved:
        place = points - 1 - (end - one.slot - 1) // width
        if 0 <= place < points and one.slot < end:
            amounts[place] += one.down + one.up
    return charts.spark(amounts, label)


def _row(one: Known, looked: Looked, moved: Sequence[Moved]) -> DeviceRow:
    return DeviceRow(
        mac=one.mac,
        key=one.mac.replace(":", "-"),
        name=one.name,
        under=under(one, looked.address),
        state=state(one, looked.moment),
        network=one.row.network or "–",
        address=one.address or one.reserved or next(iter(one.row.addresses), ""),
        reserved=bool(one.reserved),
        now=bits(looked.rates.get(one.mac)),
        spark=hour(moved, looked.moment.seconds, f"Traffic of {one.name}"),
        blocked=bool(one.block),
        waits=one.waits,
    )


_SHOWN = {
    "all": "All",
    "here": "Here",
    "new": "New",
    "waiting": "Waiting",
    "reserved": "Reserved",
    "blocked": "Blocked",
    "away": "Away",
}


def _is(one: Known, show: str, moment: Moment) -> bool:
    match show:
        case "here":
            return one.row.here
        case "away":
            return not one.row.here
        case "new":
            return one.new(moment.seconds)
        case "waiting":
            return one.waits
        case "reserved":
            return bool(one.reserved)
        case "blocked":
            return bool(one.block)
    return True


def _searched(looked: Looked, listing: Listing) -> list[Known]:
    found = _found(looked, listing)
    return [one for one in found if listing.network in ("", one.row.network)]


def _found(looked: Looked, listing: Listing) -> list[Known]:
    query = listing.q.lower()
    exact = _canonical(query)
    return [one for one in looked.devices if query in _words(one) or exact in one.row.addresses]


def _words(one: Known) -> str:
    row = one.row
    words = (one.name, one.mac, row.hostname, row.maker, row.system, one.reserved, *row.addresses)
    return " ".join(words).lower()


def _canonical(text: str) -> str:
    """An address as rows have it, however it was typed; "" when it is none."""
    try:
        return str(ip_address(text))
    except ValueError:
        return ""


def _chips(looked: Looked, listing: Listing) -> tuple[Chip, ...]:
    found = _searched(looked, listing)
    chips = []
    for key, label in _SHOWN.items():
        amount = sum(_is(one, key, looked.moment) for one in found)
        if key == "all" or amount or key == listing.show:
            current = key == listing.show
            chips.append(Chip(key, listing.showing(key).path, label, amount, current))
    return tuple(chips)


def _networks(looked: Looked, listing: Listing) -> tuple[Chip, ...]:
    """One chip a network; none where there is only one."""
    names = sorted({one.row.network for one in looked.devices if one.row.network})
    if len(names) < 2 and not listing.network:
        return ()
    found = _found(looked, listing)
    chips = [Chip("every", listing.on("").path, "Every network", len(found), not listing.network)]
    for name in names:
        amount = sum(one.row.network == name for one in found)
        chips.append(
            Chip(f"on-{name}", listing.on(name).path, name, amount, name == listing.network)
        )
    return tuple(chips)


def _number(found: Sequence[Known], listing: Listing) -> int:
    last = max(1, -(-len(found) // PER_PAGE))
    return min(max(1, listing.page), last)


def _total(rate: Rate | None) -> float:
    return rate.down + rate.up if rate else 0.0
