"""/devices: everything on the LANs; chosen ones are blocked or keep their addresses."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import devices as deeds
from appliance.actions.desk import Done
from appliance.actions.known_devices import known
from appliance.errors import Refused
from appliance.model.devices import MINUTES_A_DAY, Moment
from appliance.store.metrics import MINUTE
from webui.forms import Text, Texts, beside
from webui.pages import device_rows, frame
from webui.pages.device_rows import HOUR, DeviceList, Looked
from webui.pages.frame import Shell
from webui.pages.listing import AskedOfDevices, Listing, asked_of_devices
from webui.pages.page import after, own_path, page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)

RATE_SECONDS = 15.0
"""An older rate says nothing of now."""


class DevicesView(NamedTuple):
    """The page."""

    shell: Shell
    lead: str
    list: DeviceList
    problem: str


class ListView(NamedTuple):
    """The table, alone."""

    list: DeviceList


@router.get("/devices")
def show(here: Signed, listing: AskedOfDevices) -> Response:
    """The page."""
    return page("devices.html", built(here, listing))


@router.get("/devices/known")
def table(here: Signed, listing: AskedOfDevices) -> Response:
    """The table."""
    return page("devices/known.html", ListView(_list(here, looked(here), listing, "")))


@router.post("/devices/block")
def block(here: Signed, mac: Texts = (), back: Text = "") -> Response:
    """Block the chosen ones, until somebody unblocks them."""
    return _answered(here, back, lambda: deeds.block_devices(here.desk, here.actor, mac, "always"))


@router.post("/devices/unblock")
def unblock(here: Signed, mac: Texts = (), back: Text = "") -> Response:
    """Unblock the chosen ones."""
    return _answered(here, back, lambda: deeds.unblock_devices(here.desk, here.actor, mac))


@router.post("/devices/admit")
def admit(here: Signed, mac: Texts = (), back: Text = "") -> Response:
    """Let the chosen ones in where newcomers are held back."""
    return _answered(here, back, lambda: deeds.admit_devices(here.desk, here.actor, mac))


@router.post("/devices/reserve")
def reserve(here: Signed, mac: Texts = (), back: Text = "") -> Response:
    """Prepare that the chosen ones keep the addresses they have."""
    return _answered(here, back, lambda: deeds.reserve_addresses(here.desk, here.actor, mac))


def _answered(here: Here, back: str, deed: Callable[[], Done]) -> Response:
    """Do it to the chosen ones, and go back to where they were chosen."""
    try:
        done = deed()
    except Refused as refused:
        return _refused(here, refused)
    return after(own_path(back, "/devices"), done.act)


def built(here: Here, listing: Listing, problem: str = "") -> DevicesView:
    """The view of this moment."""
    found = looked(here)
    shell = frame.shell(here, "devices", "Devices")
    return DevicesView(
        shell=shell,
        lead=device_rows.lead(found.devices, here.now),
        list=_list(here, found, listing, shell.once),
        problem=problem,
    )


def looked(here: Here) -> Looked:
    """Everything that is known of the devices now."""
    return Looked(
        devices=known(here.reads),
        rates=here.reads.rates(here.now - RATE_SECONDS),
        address=here.actor.address,
        moment=moment(here.now),
    )


def moment(now: float) -> Moment:
    """Now, in the router's own time zone as well."""
    local = datetime.fromtimestamp(now)
    return Moment(now, local.weekday() * MINUTES_A_DAY + local.hour * 60 + local.minute)


def _list(here: Here, found: Looked, listing: Listing, once: str) -> DeviceList:
    shown = device_rows.on_page(device_rows.matching(found, listing), listing)
    moved = here.reads.moved([one.mac for one in shown], MINUTE, here.now - HOUR)
    return device_rows.listed(found, listing, moved, once or here.desk.new_id())


def _refused(here: Here, refused: Refused) -> Response:
    problem = " ".join(beside(refused).values())
    return page("devices.html", built(here, asked_of_devices(), problem), 422)
