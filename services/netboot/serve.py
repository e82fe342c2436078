"""DOOR: the boot role.  TFTP and HTTP on the passed-in sockets, other roles' files followed.

It goes on with every other role dead: the table and the images are files in `published/`, the
networks are kept in boot.db, and who holds which address is only ever a help.
"""

import asyncio
import json
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import READ_ONLY
from appliance.faults import Fault, no_fault
from appliance.generations import Standings
from appliance.signs import NO_SIGNS, Signs
from appliance.store.boots import MISSING_LOADERS
from appliance.store.secrets.open import Secrets
from services.netboot.attempt import Step
from services.netboot.choice import instead
from services.netboot.decided.driver import Decided
from services.netboot.driver import Recorder
from services.netboot.follow import World, networks_from_json, networks_to_json
from services.netboot.identity.driver import Identities
from services.netboot.probe import Installed
from services.netboot.script import autoexec
from services.netboot.uboot.names import asked as asked_by_uboot
from services.netboot.uboot.serve import UBoot
from services.netboot.urls.serve import Boot, Sites
from services.tftp.driver import Found
from services.tftp.serve import Fetch
from services.tftp.serve import serve as serve_tftp
from services.tftp.transfer import End
from services.tftp.wire import NOT_FOUND

TICK_SECONDS = 0.25
TICKS_PER_SECOND = 4

STATUS: Mapping[End, str] = {
    End.SENT: "ok",
    End.UNCONFIRMED: "ok",
    End.PROBE: "ok",
    End.ABORTED: "aborted",
    End.SILENT: "aborted",
}
REFUSED: Mapping[int | None, str] = {NOT_FOUND: "missing"}
"""What a request came to that was answered with an error."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where the role finds and keeps things.  `certificate` may be missing."""

    published: Path
    own: Path  # boot.db
    leases: Path  # leases.db
    net: Path  # net.db
    nixie: Path  # nixie.db
    certificate: Path | None = None
    build: Path | None = None  # build.db


class Role:
    """World, record and loaders, tied together."""

    def __init__(self, files: Files, installed: Installed, fault: Fault = no_fault) -> None:
        self.world = World(files.published, files.leases, files.net, files.nixie, files.build)
        self.recorder = Recorder(files.own, fault, self._instead)
        self.identities = Identities(self.recorder, Secrets(files.own.parent / "secrets/boot"))
        self.decided = Decided(self.world, self.recorder, self.identities)
        self.uboot = UBoot(self.world, self.recorder, self.refresh)
        self.installed = installed
        self.recorder.keep_own(MISSING_LOADERS, json.dumps(installed.missing))
        self._cursor = int(self.recorder.own("leases.cursor") or 0)
        kept = self.recorder.own("networks")
        if kept is not None:
            self.world.networks = networks_from_json(kept)

    def refresh(self) -> None:
        """Read what build, net and dhcp have written since the last time."""
        self.world.look_at_table()
        self.world.look_at_cache()
        if self.world.look_at_networks():
            self.recorder.keep_own("networks", networks_to_json(self.world.networks))
        cursor, entries = self.world.dhcp_events(self._cursor)
        for entry in entries:
            self.recorder.dhcp(entry)
        if cursor != self._cursor:
            self._cursor = cursor
            self.recorder.keep_own("leases.cursor", str(cursor))

    async def keep_up(self, beat: Callable[[], None]) -> None:
        """Refresh and commit four times a second; once a second silence is looked at."""
        tick = 0
        while True:
            beat()
            self.refresh()
            tick += 1
            try:
                if tick % TICKS_PER_SECOND == 0:
                    self.recorder.woken()
                self.decided.hear(time.time())
                self.recorder.flush()
            except sqlite3.OperationalError as error:  # a full disk: kept, and tried again
                if error.sqlite_errorname in READ_ONLY:
                    raise  # started again, it goes on in memory
            await asyncio.sleep(TICK_SECONDS)

    # ── TFTP's two questions ─────────────────────────────────────────────────────────────────────

    def look(self, link: str, client: str, name: str) -> Found | None:
        """What TFTP serves under `name`: a loader, what it reads, or what U-Boot boots."""
        folder, _, last = name.rpartition("/")
        if last == "autoexec.ipxe" and folder in ("", *self.installed.loaders.files):
            known = self.world.networks.get(link)
            ours = str(known.address.ip) if known else ""
            if not ours:
                return None
            return autoexec(f"http://{ours}", self._mac(link, client)).encode()
        if last.endswith(".lst"):
            return b""  # GRUB asks for lists of modules and takes an empty one for an answer
        asked = asked_by_uboot(name)
        if asked is not None:
            return self.uboot.look(link, client, name, asked)
        return self.installed.files.get(name)

    def fetched(self, fetch: Fetch) -> None:
        """One TFTP request is over; it belongs to the machine that holds the address."""
        mac = self._mac(fetch.link, fetch.client)
        known = self.world.networks.get(fetch.link)
        if mac is None or self.uboot.fetched(fetch):
            return
        at = time.time()
        kind = "autoexec" if fetch.name.endswith("autoexec.ipxe") else "loader"
        detail: dict[str, object] = {"over": "tftp", "resends": fetch.resends}
        if fetch.end is End.PROBE:
            detail["probe"] = True
        if fetch.end is not None:
            detail |= {"block_size": fetch.block_size, "window": fetch.window}
        if fetch.end is End.SILENT:
            detail["silent"] = True
        if fetch.code is not None:
            detail["code"] = fetch.code
        if fetch.stray:
            detail["stray"] = True
        self.refresh()
        step = Step(
            0,
            kind,
            fetch.name,
            at - fetch.seconds,
            at,
            fetch.sent,
            fetch.size,
            STATUS[fetch.end] if fetch.end else REFUSED.get(fetch.code, "refused"),
            detail,
        )
        self.recorder.fetched(known.name if known else fetch.link, mac, step)

    def _instead(self, host: str, machine: str, standings: Standings) -> str:
        return instead(self.world.table, host, machine, self.world.image, standings)

    def _mac(self, link: str, client: str) -> str | None:
        known = self.world.networks.get(link)
        return self.world.mac_of(known.name if known else link, client)


async def serve(
    sockets: Mapping[str, socket.socket],
    files: Files,
    installed: Installed,
    *,
    admin: Callable[[str], str] = "https://{}/".format,
    signs: Signs = NO_SIGNS,
    fault: Fault = no_fault,
) -> None:
    """Boot machines until cancelled.

    `sockets` are named `tftp.<link>`, `boot.<link>` and, for IPv6, `boot6.<link>`; `installed`
    comes from `probe.installed`; `admin` turns our address into the admin's URL.
    """
    role = Role(files, installed, fault)
    role.refresh()
    if role.world.table.at:
        role.identities.leave_removed(role.world.table.machines)
    boot = Boot(
        role.world,
        role.recorder,
        installed,
        role.refresh,
        files.certificate,
        admin,
        role.identities,
    )
    sites = Sites(boot)
    for family in ("boot.", "boot6."):
        await sites.open(_of(family, sockets))
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(role.keep_up(signs.beat))
            tftp = _of("tftp.", sockets)
            group.create_task(serve_tftp(tftp, role.look, role.fetched, role.uboot.reached))
            signs.ready()
    finally:
        await sites.close()
        role.recorder.close()
        role.world.close()


def _of(prefix: str, sockets: Mapping[str, socket.socket]) -> dict[str, socket.socket]:
    """The sockets of one service by link."""
    return {
        name.removeprefix(prefix): one for name, one in sockets.items() if name.startswith(prefix)
    }
