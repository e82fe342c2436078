"""DOOR: a lab that stands, and machines that go through it.

`machine_boots` switches a machine on in a standing lab and waits for what the boot role writes
down about it: the answer comes from the router's own record, not from the console.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from appliance.errors import Problem, Refused
from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from appliance.model.ipv6 import Ipv6, site
from appliance.model.table import table_from_json
from appliance.model.wan import Wan
from appliance.store import boots
from appliance.store.follow import Follower
from services.lab.driver import Lab, boot, probe_platform, standing, tap_names
from services.lab.machine import Firmware, Machine, Platform
from services.lab.topology import LAN_PORT, WAN_LINK, Names

POLL_SECONDS = 0.25
ENDS = frozenset({"up", "served", "short", "left"})


@dataclass(frozen=True, slots=True)
class Booted:
    """What became of one machine: `ok` exactly when it phoned home with its assigned image."""

    ok: bool
    late: bool  # nothing of it was heard within the time
    boot: str | None  # id
    host: str | None
    seconds: float  # from power-on
    what: str  # a sentence


Chosen = tuple[str, str, str]
"""A machine to switch on: name, MAC, firmware."""


async def stand(
    state: Path,
    names: Names,
    router: Callable[[asyncio.Event], Awaitable[None]],
    then: Callable[[], Chosen | None] | None,
    say: Callable[[str], None],
) -> int:
    """Hold a lab up for as long as `router` runs; return 1 when its own machine did not boot.

    `then` is called in a thread; the machine it chooses runs on until the router stops.
    """
    stopping = asyncio.Event()
    async with standing(names, await probe_platform()) as lab:
        note(state, names)
        beside = asyncio.create_task(_show(lab, state, then, stopping, say))
        beside.add_done_callback(partial(_told_of, say))
        try:
            await router(stopping)
        finally:
            stopping.set()
            await asyncio.wait({beside}, timeout=5.0)
            beside.cancel()
            (ended,) = await asyncio.gather(beside, return_exceptions=True)
    return 1 if ended is False or isinstance(ended, Exception) else 0


def _told_of(say: Callable[[str], None], beside: asyncio.Task[bool]) -> None:
    """Say at once that the lab's own machine will not come, for the router goes on without it."""
    if not beside.cancelled() and (error := beside.exception()) is not None:
        say(f"not booted: this is a mistake of Nixie: {error!r}")


async def _show(
    lab: Lab,
    state: Path,
    then: Callable[[], Chosen | None] | None,
    stopping: asyncio.Event,
    say: Callable[[str], None],
) -> bool:
    """The lab's own machine; False when it was chosen and did not boot."""
    chosen = None if then is None else await asyncio.to_thread(then)
    if chosen is None:
        return then is None
    name, mac, firmware = chosen
    machine = Machine(name, mac, Firmware(firmware))
    result = await machine_boots(
        lab,
        state,
        machine,
        lambda line: say(f"  {name} │ {line}"),
        stays=stopping,
        told=lambda booted: say(_line(name, booted)),
    )
    return result.ok


async def visit(
    state: Path, machine: Machine, seconds: float, say: Callable[[str], None]
) -> Booted:
    """Switch a machine on in a standing lab, its console said line by line."""
    lab = await standing_lab(state, await probe_platform(machine.firmware))
    result = await machine_boots(lab, state, machine, say, seconds=seconds)
    say(_line(machine.name, result))
    return result


def _line(name: str, booted: Booted) -> str:
    if booted.ok:
        return f"booted: {name} {booted.host} {booted.seconds:.1f} s"
    return f"not booted: {booted.what}"


def note(state: Path, names: Names) -> None:
    """Leave word where this lab stands, for `nixie lab boot`."""
    (state / "run").mkdir(parents=True, exist_ok=True)
    (state / "run/lab.json").write_text(json.dumps({"prefix": names.prefix}))


async def standing_lab(state: Path, platform: Platform) -> Lab:
    """The lab that `nixie lab` left word of.  Raises Refused when none stands."""
    try:
        prefix = json.loads((state / "run/lab.json").read_text())["prefix"]
    except (OSError, ValueError, KeyError) as error:
        raise Refused(
            Problem(("state",), f"No lab stands in {state}: start one with nixie lab.")
        ) from error
    directory = state / "run/machines"
    directory.mkdir(exist_ok=True)
    names = Names(prefix)
    return Lab(names, platform, directory, taps=await tap_names(names))


async def machine_boots(
    lab: Lab,
    state: Path,
    machine: Machine,
    on_line: Callable[[str], None],
    *,
    seconds: float = 300.0,
    stays: asyncio.Event | None = None,
    told: Callable[[Booted], None] | None = None,
) -> Booted:
    """Switch `machine` on; return when its boot ended, the machine did, or time is up.

    `told` hears the result at once; with `stays` the machine then runs on until that event.
    """
    began, clock = time.time(), time.monotonic()
    before = _assigned(state, machine.mac)
    running = asyncio.create_task(
        boot(lab, machine, on_line, seconds=seconds if not stays else 1e9)
    )
    watching = asyncio.create_task(_record(state, machine.mac, began))
    try:
        await asyncio.wait(
            {running, watching}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if running.done() and not watching.done():  # its last words may still be on their way
            await asyncio.wait({watching}, timeout=2.0)
        row = watching.result() if watching.done() else None
        fitting = {before, _assigned(state, machine.mac)}  # a new generation may come in between
        result = _judged(machine, fitting, row, time.monotonic() - clock, seconds)
        if told is not None:
            told(result)
        if stays is not None and result.ok:
            await asyncio.wait(
                {running, asyncio.create_task(stays.wait())}, return_when=asyncio.FIRST_COMPLETED
            )
        return result
    finally:
        for task in (running, watching):
            task.cancel()
        await asyncio.gather(running, watching, return_exceptions=True)


async def _record(state: Path, mac: str, began: float) -> boots.BootRow:
    """The first boot of `mac` after `began` that came to an end."""
    follower = Follower(state / "boot.db")
    try:
        while True:
            if follower.changed() and follower.connection is not None:
                for row in boots.boots(follower.connection, mac=mac, limit=3):
                    if row.began_at >= began - 1 and row.state in ENDS - {"left"}:
                        return row
            await asyncio.sleep(POLL_SECONDS)
    finally:
        follower.close()


def _judged(
    machine: Machine,
    fitting: set[str | None],
    row: boots.BootRow | None,
    took: float,
    limit: float,
) -> Booted:
    if row is None:
        late = took >= limit
        what = (
            f"{machine.name} was not heard of within {limit:.0f} s; see the page Machines."
            if late
            else f"{machine.name} stopped after {took:.0f} s; its console says why."
        )
        return Booted(False, late, None, None, took, what)
    if row.state != "up":
        what = f"{machine.name} ended as {row.state}" + (
            f" ({row.diagnosis})." if row.diagnosis else "."
        )
        return Booted(False, False, row.id, row.name, took, what)
    images = fitting - {None}
    if images and row.image not in images:
        what = f"{machine.name} runs {row.name}, but not the image that it is assigned."
        return Booted(False, False, row.id, row.name, took, what)
    return Booted(True, False, row.id, row.name, took, f"{machine.name} runs {row.name}.")


def _assigned(state: Path, mac: str) -> str | None:
    """The image that `mac` should boot, None when that is not one image (a menu, unknown)."""
    try:
        table = table_from_json(json.loads((state / "published/table.json").read_text()))
    except (OSError, ValueError):
        return None
    machine = table.machine("lan", mac)
    if machine is None or machine.intent != "run" or machine.host is None:
        return None
    host = table.hosts.get(machine.host)
    usable = [one for one in host.generations if one.state != "bad"] if host else []
    if not usable:
        return None
    if machine.specialisation:
        return usable[0].specialisations.get(machine.specialisation)
    return usable[0].image


def first_config(entropy: bytes) -> RouterConfig:
    """The lab's router: one LAN with netboot, the ISP as its way out, by DHCP.  From `entropy`,
    5 random bytes, comes its own IPv6 prefix."""
    lan = IPv4Interface("10.77.0.1/24")
    return RouterConfig(
        networks=(
            Network(
                name="lan",
                bridge="br-lan",
                ports=(LAN_PORT,),
                address=lan,
                dhcp=Dhcp(Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))),
                ipv6=Ipv6(),
            ),
        ),
        wan=Wan(WAN_LINK),
        ula=site(entropy),
    )
