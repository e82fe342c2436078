"""/devices/<MAC>: one device; its name, its address, what it moves, when it is blocked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import changes
from appliance.actions import devices as deeds
from appliance.actions.known_devices import Known, device
from appliance.errors import Refused
from appliance.model.config import RouterConfig
from appliance.model.devices import (
    DAYS,
    Block,
    Until,
    Weekly,
    block_text,
    clock,
    weekly,
)
from appliance.store.metrics import MINUTE, PIECE
from webui import phrases
from webui.charts import Spark
from webui.forms import Text, beside, filled
from webui.pages import device_rows, frame, histories
from webui.pages.choices import Choice
from webui.pages.device_rows import DAY, HOUR, Looked
from webui.pages.devices import looked
from webui.pages.frame import Shell
from webui.pages.histories import BootLine
from webui.pages.page import Fact, Field, after, known_facts, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)

SHOWN_BOOTS = 5
SPANS: Mapping[str, str] = {
    "3600": "One hour",
    "7200": "Two hours",
    "28800": "Eight hours",
    "morning": "Until 07:00",
}
"""How long it may be blocked for a while: seconds, or to the next morning."""
MORNING = 7
DAY_NAMES: Mapping[str, str] = dict(
    zip(DAYS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True)
)


class Traffic(NamedTuple):
    """What it moves; `down` is towards it."""

    down: tuple[str, str]  # number and unit
    up: tuple[str, str]
    hour: Spark
    day: Spark


class OneDeviceView(NamedTuple):
    """The page."""

    shell: Shell
    mac: str
    key: str
    heading: str
    lead: str
    state: Pill
    traffic: Traffic
    facts: tuple[Fact, ...]
    machine: str  # id of the machine that it is, "" for none
    waits: bool  # its network holds newcomers back, and it is one
    blocked: str  # what is said of its block, "" without one
    own: bool  # the visitor sits at it
    spans: tuple[Choice, ...]
    days: tuple[Choice, ...]
    begins: str
    ends: str
    block_problem: str
    name: Field
    address: Field
    reserved: str
    boots: tuple[BootLine, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class NewBlock:
    """When it shall be blocked, as one of three forms says it."""

    span: str = ""
    day: tuple[str, ...] = ()
    begins: str = ""
    ends: str = ""


@router.get("/devices/{mac}")
def show(here: Signed, mac: str) -> Response:
    """The page."""
    return page("device.html", built(here, mac))


@router.get("/devices/{mac}/now")
def now(here: Signed, mac: str) -> Response:
    """What it moves."""
    return page("device/now.html", built(here, mac))


@router.post("/devices/{mac}/name")
def rename(here: Signed, mac: str, name: Text = "") -> Response:
    """Call it something else."""
    try:
        done = deeds.rename_device(here.desk, here.actor, mac, name)
    except Refused as refused:
        return page("device.html", built(here, mac, beside(refused), name=name), 422)
    return after(f"/devices/{mac}", done.act)


@router.post("/devices/{mac}/block")
def block(here: Signed, mac: str, new: Annotated[NewBlock, filled(NewBlock)]) -> Response:
    """Block it: from now on, for a while, or every week."""
    try:
        said = block_text(_block(new, here.now)) or "always"
        done = deeds.block_devices(here.desk, here.actor, [mac], said)
    except ValueError as error:
        return page("device.html", built(here, mac, {"block": str(error)}), 422)
    except Refused as refused:
        problems = {"block": " ".join(beside(refused).values())}
        return page("device.html", built(here, mac, problems), 422)
    return after(f"/devices/{mac}", done.act)


@router.post("/devices/{mac}/unblock")
def unblock(here: Signed, mac: str) -> Response:
    """Let its packets through again."""
    done = deeds.unblock_devices(here.desk, here.actor, [mac])
    return after(f"/devices/{mac}", done.act)


@router.post("/devices/{mac}/address")
def reserve(here: Signed, mac: str, address: Text = "") -> Response:
    """Prepare that it always gets one address."""
    try:
        done = deeds.reserve_address(here.desk, here.actor, mac, address=address)
    except Refused as refused:
        said = {"address": " ".join(beside(refused).values())}
        return page("device.html", built(here, mac, said, address=address), 422)
    return after(f"/devices/{mac}", done.act)


@router.post("/devices/{mac}/release")
def release(here: Signed, mac: str) -> Response:
    """Prepare that no address is kept for it."""
    done = deeds.release_address(here.desk, here.actor, mac)
    return after(f"/devices/{mac}", done.act)


def built(
    here: Here,
    word: str,
    problems: Mapping[str, str] | None = None,
    *,
    name: str = "",
    address: str = "",
) -> OneDeviceView:
    """The view of this moment.  Raises Unknown when there is no such device."""
    one, about, said = device(here.reads, word), looked(here), problems or {}
    planned = device_rows.block(one)
    week = planned if isinstance(planned, Weekly) else Weekly((), 21 * 60, 7 * 60)
    boots = here.reads.boots(mac=one.mac, limit=SHOWN_BOOTS)
    return OneDeviceView(
        shell=frame.shell(here, "devices", one.name),
        mac=one.mac,
        key=one.mac.replace(":", "-"),
        heading=one.name,
        lead=lead(one, about),
        state=device_rows.state(one, about.moment),
        traffic=_traffic(here, one, about),
        facts=(*_facts(one, about), *_ways_in(changes.present_config(here.desk), one.mac)),
        machine=one.machine,
        waits=one.waits,
        blocked=_blocked(planned, about),
        own=device_rows.at(one, about.address),
        spans=tuple(Choice(key, label, chosen=False) for key, label in SPANS.items()),
        days=tuple(
            Choice(key, label, DAYS.index(key) in week.days) for key, label in DAY_NAMES.items()
        ),
        begins=clock(week.begins),
        ends=clock(week.ends),
        block_problem=said.get("block", ""),
        name=Field(name if "name" in said else _own_name(one), said.get("name", "")),
        address=Field(
            address if "address" in said else one.reserved or one.address, said.get("address", "")
        ),
        reserved=one.reserved,
        boots=histories.lines(
            boots, here.reads.steps_of([boot.id for boot in boots]), {one.mac: one.name}, here.now
        ),
        problem=said.get("", ""),
    )


def lead(one: Known, about: Looked) -> str:
    """Where it is, or when it was."""
    now = about.moment.seconds
    if not one.row.first_seen:
        return "It was not seen yet."
    if device_rows.at(one, about.address):
        return f"You sit at it, on {one.row.network}."
    if one.row.here:
        return f"It is here, on {one.row.network}."
    return f"It was here {phrases.ago(now - one.row.last_seen)}, on {one.row.network}."


def _traffic(here: Here, one: Known, about: Looked) -> Traffic:
    rate, now = about.rates.get(one.mac), here.now
    minutes = here.reads.moved([one.mac], MINUTE, now - HOUR).get(one.mac, [])
    pieces = here.reads.moved([one.mac], PIECE, now - DAY).get(one.mac, [])
    return Traffic(
        down=device_rows.speed(rate.down if rate else 0),
        up=device_rows.speed(rate.up if rate else 0),
        hour=device_rows.hour(minutes, now, f"Traffic of {one.name}"),
        day=device_rows.day(pieces, now, f"Traffic of {one.name}"),
    )


def _facts(one: Known, about: Looked) -> tuple[Fact, ...]:
    row, now = one.row, about.moment.seconds
    changing = "It makes up its MAC, and another one on another network." if one.changing else ""
    return known_facts(
        Fact("MAC address", one.mac, code=True),
        Fact("A changing MAC", changing),
        Fact("Maker of its card", row.maker),
        Fact("Runs, by its first words", row.system),
        Fact("Calls itself", row.hostname, code=True),
        Fact("Network", row.network),
        *(Fact(_kind(one), one, code=True) for one in row.addresses),
        Fact("First seen", _moment(row.first_seen, now)),
        Fact("Last seen", "now" if row.here else _moment(row.last_seen, now)),
    )


def _kind(address: str) -> str:
    return "IPv6 address" if ":" in address else "Address"


def _ways_in(config: RouterConfig | None, mac: str) -> tuple[Fact, ...]:
    """The forwards that lead to it."""
    return tuple(
        Fact("A way in", f"{way.name}: {way.protocol} {way.outside} from the internet")
        for way in (config.forwards if config else ())
        if way.mac == mac and way.enabled
    )


def _moment(at: float, now: float) -> str:
    return f"{phrases.day(at, now)}, {phrases.clock(at)}" if at else ""


def _blocked(planned: Block | None, about: Looked) -> str:
    """What is said of its block."""
    match planned:
        case None:
            return ""
        case Until(at) if at <= about.moment.seconds:
            return "It was blocked for a while, which is over."
        case Weekly(days, begins, ends):
            names = phrases.listing([DAY_NAMES[DAYS[day]] for day in days], most=7)
            return f"Blocked every week: {names}, {clock(begins)} to {clock(ends)}."
    return f"Blocked{device_rows.until(planned, about.moment)}: all its packets are dropped."


def _own_name(one: Known) -> str:
    return one.name if one.named else ""


def _block(new: NewBlock, now: float) -> Block | None:
    """What the forms say; None is from now on.  Raises ValueError."""
    if new.begins or new.ends:
        return weekly(new.day, new.begins, new.ends)
    if new.span == "morning":
        return Until(_morning(now))
    if new.span:
        return Until(round(now + int(new.span))) if new.span in SPANS else None
    return None


def _morning(now: float) -> int:
    """The next seven o'clock, on the router's clock."""
    local = datetime.fromtimestamp(now)
    found = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if found <= local:
        found += timedelta(days=1)
    return round(found.timestamp())
