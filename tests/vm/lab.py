"""The lab of the QEMU tests: a standing router with the sample's hosts, and machines behind it.

One machine at a time: QEMU without KVM keeps a whole processor busy.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.model.images import Image, image_from_json
from appliance.store import boots
from appliance.store.boots import BootRow, StepRow
from appliance.store.open import reader
from services.lab.driver import Lab, boot, probe_platform
from services.lab.machine import Firmware, Machine
from services.lab.serve import standing_lab
from tests.live.standing import INSTALLED, Router, print_logs
from tests.live.waiting import until

SAMPLE = INSTALLED / "sample"
BUILD_SECONDS = 600.0
BOOT_SECONDS = 500.0
BOOTS = 4
"""Of a machine that starts again by itself."""


@dataclass
class Running:
    """A machine that is switched on."""

    machine: Machine
    lines: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def says(self, text: str, seconds: float = BOOT_SECONDS) -> str:
        """Wait for a line of its console that contains `text`."""

        def found() -> str | None:
            return next((line for line in self.lines if text in line), None)

        what = f"the console says {text!r}"
        until(lambda: found() or self.over.is_set(), what, seconds)
        line = found()
        assert line is not None, "\n".join([what, *self.lines[-30:]])
        return line


@dataclass
class Workshop:
    """The router with its sources: host name → host id."""

    router: Router
    hosts: dict[str, str]

    def assign(self, mac: str, name: str, **what: Any) -> None:
        """Decide what a MAC boots, as the owner does; returns when the boot role has it."""
        self.router.client.put(f"/machines/{mac}/intent", {"name": name, **what})
        until(lambda: mac in self.table()["macs"].__str__(), "the table names the machine")

    def table(self) -> dict[str, Any]:
        """published/table.json."""
        told: dict[str, Any] = json.loads((self.router.state / "published/table.json").read_text())
        return told

    def image(self, host: str) -> Image:
        """The newest image of one of our hosts, by its short name."""
        return self.image_of(self.router.client.get(f"/hosts/{self.hosts[host]}")["image"])

    def image_of(self, ident: str) -> Image:
        """The published image of that id."""
        told = (self.router.state / "published/images" / f"{ident}.json").read_text()
        return image_from_json(json.loads(told))

    def boot_of(self, mac: str) -> BootRow | None:
        """The newest boot of a MAC, from the boot role's own file."""
        with closing(reader(self.router.state / "boot.db")) as connection:
            return next(iter(boots.boots(connection, mac=mac, limit=1)), None)

    def steps_of(self, ident: str) -> list[StepRow]:
        with closing(reader(self.router.state / "boot.db")) as connection:
            return boots.steps(connection, ident)

    def recalls(self, mac: str) -> list[str]:
        """What the router knows of the newest boot of a MAC, and the last it put down at all."""
        row = self.boot_of(mac)
        steps = [] if row is None else self.steps_of(row.id)
        events = self.router.client.get("/journal")["events"]
        return [f"── {row}", *map(str, steps), "── journal", *(str(one) for one in events[:40])]

    def ends(self, running: Running, *states: str, seconds: float = BOOT_SECONDS) -> BootRow:
        """Wait until the machine's boot is in one of `states`.

        Some of it the router knows when the machine has gone: nobody acknowledges the last bytes of
        a ramdisk.  And a machine may be up before these count as taken, after 1.5 s of silence.
        """
        mac = running.machine.mac
        what = f"{mac} is {' or '.join(states)}"

        def there() -> BootRow | None:
            row = self.boot_of(mac)
            if row is None or row.state not in states:
                return None
            parts = [one for one in self.steps_of(row.id) if one.kind == "part"]
            taken = row.state != "up" or all(one.status != "running" for one in parts)
            return row if taken else None

        found = until(lambda: there() or running.over.is_set(), what, seconds)
        return found if isinstance(found, BootRow) else until(there, what)


@contextmanager
def switched_on(
    workshop: Workshop,
    mac: str,
    firmware: str,
    *,
    name: str = "vm",
    megabytes: int = 512,
    cpu: str = "",
    restarts: bool = False,
    disk: Path | None = None,
    tpm: Path | None = None,
) -> Iterator[Running]:
    """A machine behind the router for the length of a block; its console when the block fails."""
    kind = Firmware(firmware)
    made = Machine(name, mac, kind, megabytes, cpu=cpu, disk=disk, tpm=tpm, restarts=restarts)
    most = BOOTS * BOOT_SECONDS if restarts else BOOT_SECONDS
    running = Running(made)
    loop = asyncio.new_event_loop()
    task: list[asyncio.Task[None]] = []

    async def on() -> None:
        lab: Lab = await standing_lab(workshop.router.state, await probe_platform(made.firmware))
        with suppress(asyncio.CancelledError):
            await boot(lab, running.machine, running.lines.append, seconds=most)

    def live() -> None:
        task.append(loop.create_task(on()))
        try:
            loop.run_until_complete(task[0])
        finally:
            running.over.set()
            loop.close()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield running
    except BaseException:
        print("\n".join(running.lines[-80:]))
        print_logs(workshop.router)
        print("\n".join(workshop.recalls(mac)))  # last: it asks the router, which may be gone
        raise
    finally:
        with suppress(RuntimeError):  # the loop is over already
            loop.call_soon_threadsafe(lambda: task[0].cancel() if task else None)
        thread.join(30)


def furnished(
    router: Router, wanted: dict[str, tuple[str, bool]], flake: Path = SAMPLE
) -> Workshop:
    """Add a flake and wait until hosts are built: short name → (host in the flake, as built)."""
    client = router.client
    client.post("/directories", {"path": str(flake)})
    sources = {
        as_built: client.post(
            "/sources",
            {
                "url": f"{'path' if as_built else 'git+file'}:{'' if as_built else '//'}{flake}",
                "name": "as-built" if as_built else "sample",
                "as_built": as_built,
                "interval_seconds": 0,
            },
        )["subject"]
        for as_built in {as_built for _, as_built in wanted.values()}
    }
    hosts = {short: f"{sources[as_built]}/{name}" for short, (name, as_built) in wanted.items()}
    for host in hosts.values():
        until(looked_at(router, host), f"{host} has its verdict", BUILD_SECONDS)
        until(built(router, host), f"{host} is built", BUILD_SECONDS)
    return Workshop(router, hosts)


def looked_at(router: Router, host: str) -> Callable[[], bool]:
    def fact() -> bool:
        found = [one for one in router.client.get("/hosts") if one["id"] == host]
        assert not found or found[0]["kind"] != "not-bootable", found
        return bool(found) and found[0]["kind"] != "looking"

    return fact


def built(router: Router, host: str) -> Callable[[], bool]:
    def fact() -> bool:
        if router.client.get(f"/hosts/{host}")["image"]:
            return True
        last = [one for one in router.client.get("/builds") if one["host"] == host]
        assert not last or last[0]["state"] not in {"failed", "cancelled"}, last[0]
        return False

    return fact
