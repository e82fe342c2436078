"""A router's LAN in two network namespaces, with the boot role on it: for live tests.

`room()` makes link `br-lan` (10.77.0.1) in one namespace and a client (10.77.0.100, .101) in the
other, publishes a host, starts the real role in a process of its own and takes it all down again.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from appliance.model.images import (
    Image,
    Literal,
    Part,
    Provenance,
    StoreFile,
    content_hash,
    image_to_json,
)
from appliance.model.table import Generation, Host, Machine, Menu, Table, Unknown, table_to_json
from appliance.store import boots, journal, leases, trials
from appliance.store.open import reader, writer
from tests.live.waiting import until

ROOT = Path(__file__).parents[2]
MAC = "52:54:00:00:77:01"
OTHER = "52:54:00:00:77:02"
ADDRESS, OTHER_ADDRESS = "10.77.0.100", "10.77.0.101"

ROLE = """
import asyncio, socket, sys
from pathlib import Path
from appliance.signs import Signs
from services.netboot.probe import installed
from services.netboot.serve import Files, serve

def listening(kind, port, family=socket.AF_INET):
    made = socket.socket(family, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"br-lan")
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind(("", port))
    if kind == socket.SOCK_STREAM:
        made.listen(128)
    made.setblocking(False)
    return made

def ready():
    print("ready", flush=True)

state, loaders = Path(sys.argv[1]), Path(sys.argv[2])
sockets = {
    "tftp.br-lan": listening(socket.SOCK_DGRAM, 69),
    "boot.br-lan": listening(socket.SOCK_STREAM, 80),
    "boot6.br-lan": listening(socket.SOCK_STREAM, 80, socket.AF_INET6),
}
names = ("published", "boot.db", "leases.db", "net.db", "nixie.db")
files = Files(*(state / name for name in names), build=state / "build.db")
asyncio.run(serve(sockets, files, installed(loaders), signs=Signs(ready)))
"""

SLICE = {
    "revision": 1,
    "dhcp": [],
    "dns": {"hostname": "nixie", "domain": "lan", "networks": [], "settings": {}},
    "boot": [{"name": "lan", "link": "br-lan", "address": "10.77.0.1/24"}],
}


@dataclass
class Room:
    """The running role and the ways to reach it."""

    state: Path
    loaders: Path
    router: str  # namespace
    client: str  # namespace
    image: Image
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        """Start the role; returns when it answers."""
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.router, sys.executable, "-c", ROLE,
             str(self.state), str(self.loaders)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def stop(self, signal: int = 15) -> None:
        """End the role."""
        if self.process is not None:
            self.process.send_signal(signal)
            self.process.wait(60)
            if self.process.stdout is not None:
                self.process.stdout.close()

    def run(self, *words: str, seconds: float = 300) -> "subprocess.CompletedProcess[bytes]":
        """A client's command."""
        return subprocess.run(
            ["ip", "netns", "exec", self.client, *words],
            capture_output=True, timeout=seconds, check=False,
        )  # fmt: skip

    def curl(self, path: str, *options: str, at: str = "10.77.0.1") -> bytes:
        """What curl prints for a path of the router."""
        return self.run("curl", "-s", "-g", *options, f"http://{at}{path}").stdout

    def stored(self) -> list[boots.BootRow]:
        """What is stored, newest first."""
        with closing(reader(self.state / "boot.db")) as connection:
            return boots.boots(connection)

    def boot_of(self, mac: str) -> boots.BootRow | None:
        """The newest boot of a machine."""
        return next((row for row in self.stored() if row.mac == mac), None)

    def steps(self, ident: str) -> list[boots.StepRow]:
        """The stored steps of one boot."""
        with closing(reader(self.state / "boot.db")) as connection:
            return boots.steps(connection, ident)

    def events(self) -> list[str]:
        """The kinds of every stored event, in order."""
        with closing(reader(self.state / "boot.db")) as connection:
            return [type(entry.event).__name__ for entry in journal.read(connection, 0)]

    def until(self, fact: Callable[[], bool]) -> None:
        """Wait until `fact` holds."""
        until(fact, "it becomes true")

    def publish(self, table: Table) -> None:
        """Replace the table, as build does."""
        fresh = self.state / "published" / "table.new"
        fresh.write_text(json.dumps(table_to_json(table)))
        os.replace(fresh, self.state / "published" / "table.json")

    def publish_image(self, made: Image) -> None:
        """Put a manifest in place, as build does."""
        fresh = self.state / "published" / "image.new"
        fresh.write_text(json.dumps(image_to_json(made)))
        os.replace(fresh, self.state / "published" / "images" / f"{made.id}.json")


def image(folder: Path, *, watched: bool = True, kernel: bytes = b"MZ kernel") -> Image:
    """A small image whose initrd has three segments."""
    (folder / "kernel").write_bytes(kernel)
    (folder / "initial").write_bytes(b"i" * 700_001)
    (folder / "squashfs").write_bytes(bytes(range(256)) * 8_000)
    initrd = (
        StoreFile(str(folder / "initial"), 700_001),
        Literal(b"070701 cpio header "),
        StoreFile(str(folder / "squashfs"), 2_048_000),
    )
    parts = (
        part("kernel", "bzImage", (StoreFile(str(folder / "kernel"), len(kernel)),)),
        part("initrd", "initrd", initrd),
    )
    line, top = "init=/nix/store/x-ember/init loglevel=4", "/nix/store/x-ember"
    told = Provenance(
        "s1", "path:/x", "path:/x", "", "", 0, {}, 1_790_000_000.0, "here", "2.26", "native"
    )
    ident = content_hash("s1/ember", None, parts, line, top)
    return Image(
        ident, "s1/ember", "ember", None, "linux", "x86_64-linux", parts, line, top, watched, told
    )


def part(purpose: str, name: str, segments: tuple[StoreFile | Literal, ...]) -> Part:
    content = b"".join(
        Path(one.file).read_bytes() if isinstance(one, StoreFile) else one.content
        for one in segments
    )
    return Part(purpose, name, len(content), hashlib.sha256(content).hexdigest(), segments)


def table(made: Image, intent: str = "run") -> Table:
    """MAC boots that image; the network holds everybody else."""
    return Table(
        time.time(),
        {MAC: "m1"},
        {"m1": Machine("m1", "anvil", intent, "i1", "s1/ember", "u1")},
        {"lan": Unknown("hold", None)},
        {"u1": Menu("u1", "Workshop", ("s1/ember",), "s1/ember", 5, 3)},
        {"s1/ember": Host("s1/ember", "ember", "demo", (Generation(1, made.id, "trial", {}),))},
    )


def lease(state: Path, mac: str, address: str) -> None:
    """What dhcp would have stored."""
    with closing(writer(state / "leases.db", leases.MIGRATIONS)) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO lease VALUES"
            " ('lan', ?, ?, ?, '', 'boot', 0, 1e12, 'bound', '', '')",
            (int(IPv4Address(address)), mac, f"hw:{mac}"),
        )


@contextmanager
def room(state: Path, name: str) -> Iterator[Room]:
    """Everything, running; `name` makes the namespaces' names unique."""
    (state / "published" / "images").mkdir(parents=True)
    (state / "store").mkdir()
    loaders = state / "loaders"
    (loaders / "ipxe-2.0").mkdir(parents=True)
    (loaders / "ipxe-2.0" / "undionly.kpxe").write_bytes(bytes(range(256)) * 300)
    with closing(writer(state / "net.db", trials.MIGRATIONS)) as connection:
        connection.execute("INSERT INTO slice VALUES (1, 1, ?, 0)", (json.dumps(SLICE),))
    lease(state, MAC, ADDRESS)
    lease(state, OTHER, OTHER_ADDRESS)
    made = image(state / "store")
    router, client = f"nx{name}r{os.getpid()}", f"nx{name}c{os.getpid()}"
    here = Room(state, loaders, router, client, made)
    here.publish_image(made)
    here.publish(table(made))
    try:
        for words in _network(router, client):
            subprocess.run(["ip", *words.split()], check=True)
        here.start()
        yield here
    finally:
        here.stop()
        for namespace in (router, client):
            subprocess.run(["ip", "netns", "del", namespace], check=False)


def _network(router: str, client: str) -> tuple[str, ...]:
    return (
        f"netns add {router}",
        f"netns add {client}",
        f"link add br-lan netns {router} type veth peer name nxc netns {client}",
        f"-n {router} addr add 10.77.0.1/24 dev br-lan",
        f"-n {client} addr add {ADDRESS}/24 dev nxc",
        f"-n {client} addr add {OTHER_ADDRESS}/24 dev nxc",
        f"-n {router} link set br-lan up",
        f"-n {client} link set nxc up",
        f"-n {router} link set lo up",
        f"-n {client} link set lo up",
    )
