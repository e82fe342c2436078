"""DOOR: changes the address of a LAN in the namespace where it runs: `client ours|peer CHANGES`.

Prints {"changes": …, "seconds": …}.  Ours is the whole `net` role, from the row that asks for the
change until net.db says that it is on trial: planned, rehearsed, journalled, carried out and read
back.  The peer does what ours did to the kernel, by `ip -batch` and `nft -f`, and reads nothing
back.
"""

import asyncio
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from appliance.errors import Unreachable
from appliance.plan import order
from appliance.plan.beside import stays
from appliance.reconcile import reconcile
from appliance.store import leases, trials
from appliance.store.open import reader, writer
from appliance.trial import Phase
from hardware.probe import nics
from services.bench.change.homes import PAIR, batch, refill
from services.bench.change.open import inventory, revise, wish
from services.links.driver import netlink
from services.net.aim import aim
from services.net.driver import KernelDriver
from services.net.serve import CLOCKS, serve

LOOK_SECONDS = 0.002
PATIENCE_SECONDS = 60.0


# ── ours ──────────────────────────────────────────────────────────────────────────────────────────


async def ours(changes: int) -> float:
    """Seconds until `changes` changes, one after the other, were on trial."""
    with tempfile.TemporaryDirectory(prefix="nixie-bench-") as folder:
        state = Path(folder)
        writer(state / "leases.db", leases.MIGRATIONS).close()
        web = inventory(state, PAIR[0])
        role = asyncio.create_task(serve(state))
        try:
            return await _changed(state, web, changes)
        finally:
            role.cancel()
            await asyncio.gather(role, return_exceptions=True)
            web.dispose()


async def _changed(state: Path, web: Engine, changes: int) -> float:
    await _until(lambda: (state / "net.db-shm").exists())
    taken = 0.0
    with closing(reader(state / "net.db")) as net:
        await _until(lambda: trials.kept(net) is not None)
        for number in range(changes):
            revision = str(revise(web, PAIR[(number + 1) % 2]))
            began = time.perf_counter()
            change = wish(web, "apply", revision=revision, seconds="90")
            await _until(partial(_stands, net, change, Phase.PENDING))
            taken += time.perf_counter() - began
            wish(web, "keep", change=change)
            await _until(partial(_stands, net, change, Phase.KEPT))
            await _until(lambda: not trials.leaving(net))
    return taken


def _stands(net: sqlite3.Connection, change: str, phase: Phase) -> bool:
    row = trials.trial(net)
    return row is not None and (row.nonce, row.state) == (change, phase.value)


async def _until(fact: Callable[[], bool]) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not fact():
            await asyncio.sleep(LOOK_SECONDS)


# ── the peer ──────────────────────────────────────────────────────────────────────────────────────


async def peer(changes: int) -> float:
    """Seconds for `changes` times the same calls.  Raises Unreachable when they did not do it."""
    homes = [aim(one, nics(), CLOCKS.now()).wanted for one in PAIR]
    tried = [
        aim(after, nics(), CLOCKS.now(), stays(before, after)).wanted
        for before, after in (PAIR, PAIR[::-1])
    ]
    async with netlink() as opened:
        kernel = KernelDriver(opened, lambda: None)
        kernel.scope = order.together(*homes, *tried)
        with tempfile.TemporaryDirectory(prefix="nixie-bench-") as folder:
            files = [
                await _files(kernel, *pair, Path(folder)) for pair in zip(homes, tried, strict=True)
            ]
            taken = 0.0
            for number in range(changes):
                await _at(kernel, homes[number % 2])
                taken += _called(*files[number % 2])
                if left := order.steps(tried[number % 2], await kernel.observe()):
                    raise Unreachable(f"ip and nft did something else: {left}")
    return taken


async def _files(
    kernel: KernelDriver, home: order.State, tried: order.State, folder: Path
) -> tuple[Path, Path]:
    """What takes a home to its trial, written down by doing it once."""
    await _at(kernel, home)
    steps = await _at(kernel, tried)
    listed = subprocess.run(
        ["nft", "-s", "list", "table", "inet", "nixie"], capture_output=True, text=True, check=True
    ).stdout
    name = uuid.uuid4().hex
    files = folder / f"{name}.ip", folder / f"{name}.nft"
    files[0].write_text(batch(steps))
    files[1].write_text(refill(steps, listed))
    return files


async def _at(kernel: KernelDriver, wanted: order.State) -> tuple[order.Step, ...]:
    _, steps = await reconcile(wanted, order.steps, kernel, CLOCKS.pause)
    return steps


def _called(addresses: Path, rules: Path) -> float:
    began = time.perf_counter()
    subprocess.run(["nft", "-f", str(rules)], check=True)
    subprocess.run(["ip", "-batch", str(addresses)], check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    who, count = sys.argv[1], int(sys.argv[2])
    seconds = asyncio.run((ours if who == "ours" else peer)(count))
    print(json.dumps({"changes": count, "seconds": seconds}))
