"""What runs in the machine whose power is cut: the writers of five files, as the roles have them.

    power_guest.py fill STATE     on the host: write a little, print the files this program needs
    power_guest.py live           in the machine: get warm, say "ready", then obey the serial line

A line "go <unix time> <seed> <number>" makes it mount the disk, tell what is there ("there"), open
the files ("open") and write until somebody pulls the plug.  What a client or the owner has seen
confirmed is told at once; numbers say which, and never come twice.
"""

import asyncio
import ctypes
import fcntl
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import termios
import time
import tty
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from appliance.actions.desk import Actor
from appliance.actions.machines import add_machine
from appliance.actions.open import open_desk
from appliance.model.images import Verdict, content_hash, image_from_json
from appliance.model.slices import DhcpNetwork
from appliance.model.table import (
    Generation,
    Host,
    Machine,
    Table,
    table_from_json,
    table_to_json,
)
from appliance.signs import NO_SIGNS
from appliance.store import build_facts, builds, leases
from appliance.store.build_facts import Fetched
from appliance.store.builds import BuildRow
from appliance.store.inventory_view import SourceView
from appliance.store.journal import transaction
from appliance.store.open import new_id, now, writer
from services.dhcp.serve import serve as serve_dhcp
from services.dhcp.wire import decode, encode
from services.netboot.probe import Installed
from services.netboot.recipe import Loaders
from services.netboot.serve import Files
from services.netboot.serve import serve as serve_boot
from services.nix import published
from services.nix.desk import Desk
from services.nix.publish.driver import write
from services.nix.recipe import Recipe, to_json
from services.nix.shortage import Forecast
from services.nix.store import store_in
from services.nix.verdict import Answer
from services.nix.versions import Version, version
from services.nix.works.driver import build

SERVER, CLIENT = "10.77.0.1", "10.77.0.2"
LAN = DhcpNetwork(
    name="lan",
    link="lo",
    address=IPv4Interface(f"{SERVER}/16"),
    first=IPv4Address("10.77.1.0"),
    last=IPv4Address("10.77.200.255"),
    lease_seconds=86_400,
    domain="lan",
    netboot=False,
)
FIXTURE = Path("/run/fixture")
STATE = Path("/state")
WARM = Path("/run/warm")
DATABASES = ("leases", "boot", "build", "nixie", "access")
OWNER = Actor("owner", frozenset({"read", "write", "admin"}), "local")
SOURCE = SourceView("s1", "demo", "path:/demo", "mine", False, False, 0, None)
HOST = "s1/ember"
HASH = "0123456789abcdfghijklmnpqrsvwxyz"
DETAILS = 10_000  # numbers back from now that are told one by one
AT_MOST = 900  # of each kind in one round
OFFER, ACK = 2, 5
RESEED = 0x5207  # RNDRESEEDCRNG, linux/random.h


class Line:
    """The serial line, raw; on the host it is silent."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self.told: dict[str, int] = {}
        if not silent:
            self._wire = os.open("/dev/ttyS0", os.O_RDWR | os.O_NOCTTY)
            tty.setraw(self._wire)
            termios.tcflush(self._wire, termios.TCIOFLUSH)

    def say(self, kind: str, **facts: Any) -> None:
        """One line out; it has left this program when this returns."""
        self.told[kind] = self.told.get(kind, 0) + 1
        if not self._silent:
            os.write(self._wire, f"@{json.dumps({'kind': kind, **facts})}\n".encode())

    def heard(self) -> list[str]:
        """Wait for a line in; its words."""
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(self._wire, 1)
        return line.decode().split()


# ── the writers ──────────────────────────────────────────────────────────────────────────────────


async def leased(state: Path, line: Line, first: int) -> None:
    """Clients behind a relay take addresses; confirmed is what an ACK said."""
    server, client = _udp(SERVER), _udp(CLIENT)
    ledger = writer(state / "leases.db", leases.MIGRATIONS)
    nobody = Loaders({})
    role = asyncio.create_task(
        serve_dhcp({"dhcp.lo": server}, _slices(), ledger, nobody, NO_SIGNS, guarded=False)
    )
    try:
        for number in range(first, first + AT_MOST):
            address = await _exchange(client, number)
            line.say("lease", n=number, address=address)
    finally:
        role.cancel()
        await asyncio.gather(role, return_exceptions=True)
        for one in (server, client, ledger):
            one.close()


async def _slices() -> AsyncIterator[tuple[DhcpNetwork, ...]]:
    yield (LAN,)
    await asyncio.Event().wait()


async def _exchange(client: socket.socket, number: int) -> str:
    offer = await _asked(client, number, OFFER, [(53, b"\x01")])
    wanted = offer.yiaddr.to_bytes(4, "big")
    asked = [(53, b"\x03"), (50, wanted), (54, offer.options[54])]
    ack = await _asked(client, number, ACK, asked)
    return str(IPv4Address(ack.yiaddr))


async def _asked(
    client: socket.socket, number: int, kind: int, options: list[tuple[int, bytes]]
) -> Any:
    """Ask until the answer of that kind comes; what was asked twice is answered twice, in time."""
    loop = asyncio.get_running_loop()
    relay = int(IPv4Address(CLIENT))
    asked = encode(op=1, xid=number, chaddr=_mac(number), giaddr=relay, hops=1, options=options)
    while True:
        client.sendto(asked, (SERVER, 67))
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while True:
                    answer = decode(await loop.sock_recv(client, 2048))
                    if (answer.xid, answer.kind) == (number, kind):
                        return answer


def _mac(number: int) -> bytes:
    return b"\x52\x54\x00" + number.to_bytes(3, "big")


def _udp(address: str) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setblocking(False)
    one.bind((address, 67))
    return one


async def booted(state: Path, line: Line, first: int) -> None:
    """Machines fetch their script and phone home; confirmed is a 200."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((SERVER, 80))
    listening.listen(16)
    listening.setblocking(False)
    none = state / "no.db"
    files = Files(FIXTURE / "published", state / "boot.db", none, none, none)
    nothing = Installed(Loaders({}), {}, frozenset(), ())
    role = asyncio.create_task(serve_boot({"boot.lo": listening}, files, nothing))
    try:
        await asyncio.sleep(0)
        for number in range(first, first + AT_MOST):
            script = await _http("GET", f"/s/{_mac(1 + number - first).hex('-')}")
            path = script.partition(f"nixie.boot=http://{SERVER}")[2].split()[0]
            said = await _http("POST", path, f"toplevel=/nix/store/{number}")
            assert said.startswith("HTTP/1.1 200"), said
            line.say("boot", n=number, id=path.removeprefix("/up/").partition(".")[0])
    finally:
        role.cancel()
        await asyncio.gather(role, return_exceptions=True)
        listening.close()


async def _http(method: str, path: str, body: str = "") -> str:
    reader, out = await asyncio.open_connection(SERVER, 80)
    kind = "application/x-www-form-urlencoded"
    out.write(
        f"{method} {path} HTTP/1.1\r\nHost: {SERVER}\r\nConnection: close\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    answer = await reader.read()
    out.close()
    return answer.decode()


async def acted(state: Path, line: Line, first: int) -> None:
    """The owner adds machines; confirmed is what the act returned."""
    desk = await asyncio.to_thread(open_desk, state)
    try:
        for number in range(first, first + AT_MOST):
            mac = _mac(number).hex(":")
            await asyncio.to_thread(add_machine, desk, OWNER, mac, name=f"m{number}")
            line.say("act", n=number)
    finally:
        desk.close()


class Realised:
    """Nix as the build role knows it, except that everything is built already."""

    store = store_in(FIXTURE, Path("/nothing"), system_store=False)

    async def realise(self, *_: object, **__: object) -> Answer:
        return Answer("", "", 0, "done")

    async def version(self) -> Version | None:
        return version("nix (Nix) 2.26.3")

    async def said(self, *_: object) -> str:
        return ""

    async def forecast(self, *_: object) -> Forecast:
        return Forecast(0, builds=False)

    def listens(self) -> bool:
        return True

    def free(self) -> int:
        return 0

    def builds_memory(self) -> None:
        return None

    def daemon_pid(self) -> None:
        return None


async def made(state: Path, line: Line, first: int, many: int = AT_MOST) -> None:
    """The build role publishes `many` images; confirmed is a table that names one."""
    database = writer(state / "build.db", builds.MIGRATIONS)
    nix: Any = Realised()
    desk = Desk(state, database, nix, now, new_id, lambda: None)
    verdict = Verdict(HOST, "ember", "native", None, "x86_64-linux", "26.05", True)
    with transaction(database):
        build_facts.builds_cut_off(database, now())
        revision = _revision(database)
    try:
        for number in range(first, first + many):
            row = _queued(desk, verdict, revision, number)
            await build(desk, row, SOURCE)
            ended = builds.build(database, row.id)
            assert ended is not None, row
            assert ended.state == "built", ended
            _table(desk)
            line.say("image", n=number, id=ended.image)
    finally:
        database.close()


def _revision(database: sqlite3.Connection) -> int:
    known = builds.revisions(database, SOURCE.id)
    if known:
        return known[0].id
    found = Fetched("path:/demo", "", "sha256-x", 0, "/nix/store/x", "", None, (), ())
    ident = build_facts.revision_seen(database, SOURCE.id, found, "", now())
    build_facts.hosts_listed(database, SOURCE.id, ident, ["ember"])
    return ident


def _queued(desk: Desk, verdict: Verdict, revision: int, number: int) -> BuildRow:
    parts = ("kernel", "initialRamdisk", "squashfsStore")
    paths = {part: f"/nix/store/{HASH}-{part}" for part in parts}
    recipe = Recipe(
        "x86_64-linux", "bzImage", "initrd", (), f"/nix/store/{HASH}-system-{number}",
        {part: f"{path}.drv" for part, path in paths.items()}, paths,
    )  # fmt: skip
    ident = desk.new_id()
    row = BuildRow(
        ident, HOST, SOURCE.id, "ember", revision, "queued", "asked", desk.now(), None, None, "",
        0, 0, "", f"{ident}.log", None,
    )  # fmt: skip
    with transaction(desk.database):
        build_facts.host_judged(
            desk.database, verdict, revision=revision, recipe=to_json(recipe), looked="", at=now()
        )
        build_facts.build_queued(desk.database, row, to_json(recipe), None)
    return row


def _table(desk: Desk) -> None:
    told = published.table(
        desk.now(), sources=[SOURCE], machines=[], menus=[], unknowns=[],
        verdicts=builds.verdicts(desk.database),
        generations=builds.generations(desk.database, HOST)[:20],
        builds=[],
    )  # fmt: skip
    write(desk.published / "table.json", table_to_json(told))


WRITERS = (leased, booted, acted, made)


async def writing(state: Path, line: Line, first: int, *, enough: int | None = None) -> None:
    """All writers at once, for ever or until each has confirmed `enough`."""
    tasks = [asyncio.create_task(one(state, line, first)) for one in WRITERS]
    kinds = ("lease", "boot", "act", "image")
    try:
        while enough is None or min(line.told.get(kind, 0) for kind in kinds) < enough:
            done, _ = await asyncio.wait(tasks, timeout=0.05)
            for task in done:
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# ── what is there ────────────────────────────────────────────────────────────────────────────────


def there(state: Path, since: int) -> dict[str, Any]:
    """Everything that is on the disk, and whether it is whole; `since` limits details."""
    found: dict[str, Any] = {"broken": _broken(state)}
    with _opened(state, "leases") as one:
        rows = one.execute("SELECT mac, address FROM lease WHERE state = 'bound'").fetchall()
        found["lease"] = {
            int(mac.replace(":", "")[6:], 16): str(IPv4Address(address)) for mac, address in rows
        }
    with _opened(state, "boot") as one:
        asked = "SELECT id, toplevel FROM boot WHERE state = 'up'"
        ups = {int(top.rpartition("/")[2]): ident for ident, top in one.execute(asked)}
        used = {ident for (ident,) in one.execute("SELECT boot FROM token WHERE used")}
        found["boot"] = {number: ident for number, ident in ups.items() if ident in used}
    with _opened(state, "nixie") as one:
        names = [name for (name,) in one.execute("SELECT name FROM machine")]
        found["act"] = {int(name[1:]): True for name in names}
        (found["acts"],) = one.execute("SELECT count(*) FROM act").fetchone()
    found["image"] = _images(state, found["broken"], since)
    for kind in ("lease", "boot", "act", "image"):
        kept = {number: value for number, value in found[kind].items() if number >= since}
        found[kind] = {"count": len(found[kind]), "new": kept}
    return found


def _broken(state: Path) -> list[str]:
    wrong = []
    for name in DATABASES:
        with _opened(state, name) as one:
            told = [text for (text,) in one.execute("PRAGMA integrity_check")]
            wrong += [f"{name}: {text}" for text in told if text != "ok"]
    return wrong


def _images(state: Path, broken: list[str], since: int) -> dict[int, str]:
    """Image by number; whatever the table or a young generation names must be whole."""
    with _opened(state, "build") as one:
        rows = one.execute("SELECT image, toplevel FROM generation").fetchall()
    numbers = {image: int(top.rpartition("-")[2]) for image, top in rows}
    table = table_from_json(json.loads((state / "published/table.json").read_text()))
    named = [one.image for host in table.hosts.values() for one in host.generations]
    broken += [f"the table names {one}, build.db does not" for one in named if one not in numbers]
    young = {image for image, number in numbers.items() if number >= since}
    for image in young | set(named):
        try:
            told = image_from_json(
                json.loads((state / "published/images" / f"{image}.json").read_text())
            )
            same = content_hash(HOST, None, told.parts, told.command_line, told.toplevel) == image
        except (OSError, ValueError, KeyError) as error:
            broken.append(f"{image}: {error}")
            continue
        if not same:
            broken.append(f"{image} is another one")
    return {number: image for image, number in numbers.items()}


def _opened(state: Path, name: str) -> "closing[sqlite3.Connection]":
    return closing(sqlite3.connect(state / f"{name}.db"))


def audited(state: Path) -> list[int]:
    """Acts in nixie.db, and how many of them the audit knows."""
    with _opened(state, "nixie") as one, _opened(state, "access") as other:
        (acts,) = one.execute("SELECT count(*) FROM act").fetchone()
        asked = "SELECT count(DISTINCT act), count(act) FROM audit"
        return [acts, *other.execute(asked).fetchone()]


# ── two lives ────────────────────────────────────────────────────────────────────────────────────


def furnished() -> None:
    """Addresses on loopback, files that were built, and a table for the boot role."""
    for address in (SERVER, CLIENT):
        words = ["busybox", "ip", "addr", "add", f"{address}/16", "dev", "lo"]
        subprocess.run(words, check=True)
    subprocess.run(["busybox", "ip", "link", "set", "lo", "up"], check=True)
    for name in ("kernel/bzImage", "initialRamdisk/initrd", "squashfsStore"):
        place = FIXTURE / f"store/nix/store/{HASH}-{name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(name.encode() * 100)


def fixture(state: Path) -> None:
    """What the boot role serves: the first image that was made, for one machine of many MACs."""
    (FIXTURE / "published/images").mkdir(parents=True, exist_ok=True)
    for image in (state / "published/images").iterdir():
        shutil.copy(image, FIXTURE / "published/images")
    ident = image.stem
    macs = {_mac(number).hex(":"): "m1" for number in range(1, AT_MOST + 1)}
    told = Table(
        0.0, macs, {"m1": Machine("m1", "anvil", "run", "i1", HOST, None)}, {}, {},
        {HOST: Host(HOST, "ember", "demo", (Generation(1, ident, "trial", {}),))},
    )  # fmt: skip
    write(FIXTURE / "published/table.json", table_to_json(told))


def prepared(state: Path, line: Line, first: int) -> None:
    """Write a little everywhere: makes the tables, and loads all that is loaded late."""
    for folder in ("published/images", "secrets/web", "logs/builds", "gcroots"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    asyncio.run(made(state, line, first, many=1))
    fixture(state)
    asyncio.run(writing(state, line, first + 10, enough=2))
    there(state, 0)


def fill(state: Path) -> None:
    """On the host: fill `state`, then print every file that this took."""
    furnished()
    prepared(state, Line(silent=True), 1)
    audited(state)
    named = {getattr(module, "__file__", None) for module in tuple(sys.modules.values())}
    named |= {getattr(module, "__cached__", None) for module in tuple(sys.modules.values())}
    mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines()}
    for one in sorted(filter(None, named | mapped)):
        if one.startswith("/") and Path(one).is_file():
            print(one)


def live() -> None:
    """In the machine: warm up, wait for the power that counts, then write."""
    furnished()
    line = Line(silent=False)
    WARM.mkdir()
    prepared(WARM, Line(silent=True), 1)
    line.say("ready")
    _, at, seed, first = line.heard()
    time.clock_settime(time.CLOCK_REALTIME, float(at))
    with open("/dev/urandom", "r+b", buffering=0) as dice:
        dice.write(bytes.fromhex(seed))
        fcntl.ioctl(dice, RESEED)
    mounted("/dev/vdb", STATE)
    line.say("mounted")
    line.say("there", **there(STATE, int(first) - DETAILS))
    desk = open_desk(STATE)
    desk.close()
    line.say("open", audit=audited(STATE))
    asyncio.run(writing(STATE, line, int(first)))


def mounted(device: str, place: Path) -> None:
    """ext4 with its journal replayed.  Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(device.encode(), str(place).encode(), b"ext4", 0, None) != 0:
        raise OSError(ctypes.get_errno(), f"{device} cannot be mounted")


if __name__ == "__main__":
    {"fill": lambda: fill(Path(sys.argv[2])), "live": live}[sys.argv[1]]()
