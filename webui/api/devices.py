"""/devices: everything on the LANs, and what the owner does with it."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from appliance.actions import devices
from appliance.actions.known_devices import Known, device, known
from appliance.store.metrics import MINUTE, PIECE, Rate
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import MAC, ApiDone, MacText, Seconds, ShortText, body, done
from webui.session import Here, Owning, Signed

router = routes_of("devices")

RATE_SECONDS = 15.0
"""An older rate says nothing of now."""
DeviceWord = Annotated[
    str, Path(min_length=1, max_length=200, description="MAC or name", examples=[MAC])
]
BlockText = Annotated[
    str,
    Field(
        max_length=60,
        examples=["always"],
        description='"always", "until 1795385100", or "weekly mon,tue 21:00-07:00"',
    ),
]
Bytes = Annotated[float, Field(description="bytes a second")]


@shape
class ApiDevice:
    """A device; `network` is empty and times are 0 for one that was never seen."""

    mac: MacText
    name: Annotated[str, Field(examples=["ember"])]
    named: Annotated[bool, Field(description="by the owner")]
    network: str
    maker: Annotated[str, Field(examples=["Intel Corporate"])]
    changing_mac: Annotated[bool, Field(description="it made up its MAC, and may again")]
    system: Annotated[str, Field(examples=["Android 14"], description="a guess")]
    addresses: Annotated[list[str], Field(examples=[["10.77.0.50", "fe80::1"]])]
    first_seen: Seconds
    last_seen: Seconds
    here: bool
    new: bool
    block: BlockText
    blocked: Annotated[bool, Field(description="its packets are dropped now")]
    waits: Annotated[bool, Field(description="it is new, and its network holds newcomers back")]
    reserved: Annotated[str | None, Field(examples=["10.77.0.50"])]
    machine: Annotated[str | None, Field(description="id of the machine that it is")]
    down: Bytes
    up: Bytes


@shape
class DeviceEdit:
    """What `PATCH /devices/{device}` takes; an empty name brings back its own."""

    __pydantic_config__ = body(name="kitchen-tablet")
    name: ShortText


@shape
class NewBlock:
    """When a device's packets are dropped."""

    __pydantic_config__ = body(block="weekly mon,tue,wed,thu,sun 21:00-07:00")
    block: BlockText = "always"
    seconds: Annotated[
        int, Field(ge=0, le=31_536_000, description="so long from now; 0: as `block` says")
    ] = 0


@shape
class NewAddress:
    """An address to keep for a device, empty for the one that it has."""

    __pydantic_config__ = body(address="10.77.0.50", name="ember")
    address: Annotated[str, Field(max_length=15)] = ""
    name: Annotated[str, Field(max_length=63, description="in DNS; empty: its own")] = ""


@shape
class ApiMoved:
    """Bytes within a slot of time, which began at `slot`."""

    slot: Annotated[int, Field(description="Unix seconds")]
    down: int
    up: int


@shape
class ApiRate:
    """What moves now.  `series` is "wan" or a network as "net:lan"; `down` is towards it."""

    series: Annotated[str, Field(examples=["wan", "net:lan"])]
    down: Bytes
    up: Bytes


@router.get("/devices")
def every_device(here: Signed) -> list[ApiDevice]:
    """Everything that was on the LANs, by name."""
    rates = here.reads.rates(here.now - RATE_SECONDS)
    return [_shown(here, one, rates.get(one.mac)) for one in known(here.reads)]


@router.get("/devices/{device}")
def one_device(here: Signed, device: DeviceWord) -> ApiDevice:
    """One device, by MAC or name."""
    found = _found(here, device)
    return _shown(here, found, here.reads.rates(here.now - RATE_SECONDS).get(found.mac))


@router.patch("/devices/{device}")
def rename_device(here: Signed, device: DeviceWord, edit: DeviceEdit) -> ApiDone:
    """Call a device something else."""
    return done(devices.rename_device(here.desk, here.actor, device, edit.name))


@router.put("/devices/{device}/block")
def block_device(here: Signed, device: DeviceWord, new: NewBlock) -> ApiDone:
    """Drop its packets, both ways: within a second, also of flows that run."""
    said = f"until {round(here.now) + new.seconds}" if new.seconds else new.block
    return done(devices.block_devices(here.desk, here.actor, [device], said))


@router.put("/devices/{device}/admission")
def admit_device(here: Signed, device: DeviceWord) -> ApiDone:
    """Let it in where newcomers are held back, at once."""
    return done(devices.admit_devices(here.desk, here.actor, [device]))


@router.delete("/devices/{device}/block")
def unblock_device(here: Signed, device: DeviceWord) -> ApiDone:
    """Let its packets through again."""
    return done(devices.unblock_devices(here.desk, here.actor, [device]))


@router.put("/devices/{device}/address")
def reserve_address(here: Owning, device: DeviceWord, new: NewAddress) -> ApiDone:
    """Prepare that it always gets one address; it does once the draft is applied."""
    told = devices.reserve_address(
        here.desk, here.actor, device, address=new.address, name=new.name
    )
    return done(told)


@router.delete("/devices/{device}/address")
def release_address(here: Owning, device: DeviceWord) -> ApiDone:
    """Prepare that no address is kept for it; none is once the draft is applied."""
    return done(devices.release_address(here.desk, here.actor, device))


@router.get("/devices/{device}/traffic")
def device_traffic(
    here: Signed,
    device: DeviceWord,
    span: Annotated[
        int, Query(description="seconds of a slot: 60 for an hour, 600 for a day")
    ] = MINUTE,
) -> list[ApiMoved]:
    """What it moved, oldest first; a slot in which nothing moved is left out."""
    mac = _found(here, device).mac
    found = here.reads.moved([mac], PIECE if span == PIECE else MINUTE, 0.0)
    return [ApiMoved(one.slot, one.down, one.up) for one in found.get(mac, ())]


@router.get("/rates")
def rates(here: Signed) -> list[ApiRate]:
    """What moves now over each network and to the internet; who rests is left out."""
    found = here.reads.rates(here.now - RATE_SECONDS)
    return [
        ApiRate(series, rate.down, rate.up) for series, rate in found.items() if not _is_mac(series)
    ]


def _found(here: Here, word: str) -> Known:
    return device(here.reads, word)


def _is_mac(series: str) -> bool:
    return series.count(":") == 5


def _shown(here: Here, one: Known, rate: Rate | None) -> ApiDevice:
    row = one.row
    return ApiDevice(
        mac=one.mac,
        name=one.name,
        named=one.named,
        network=row.network,
        maker=row.maker,
        changing_mac=one.changing,
        system=row.system,
        addresses=list(row.addresses),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        here=row.here,
        new=one.new(here.now),
        block=one.block,
        blocked=one.blocked,
        waits=one.waits,
        reserved=one.reserved or None,
        machine=one.machine or None,
        down=rate.down if rate else 0.0,
        up=rate.up if rate else 0.0,
    )
