"""A router that strangers attack: their flakes, the pipeline behind the filter, a NAS to reach.

Daemon, broker and build role run in a network namespace whose filter is the router's own; the dns
role answers there, the NAS is on its LAN, and on the internet is a server that sends people home.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from appliance.actions import images
from appliance.events import BuildEnded, Event, SourceWentTooFar
from appliance.model.config import RouterConfig
from appliance.model.dns import Dns, Upstream
from appliance.model.facts import Facts
from appliance.model.foreign import Foreign, Source, names_reached
from appliance.model.obstacles import WENT_TOO_FAR
from appliance.model.slices import DnsSlice, Slices
from appliance.plan.firewall import steps, wanted
from appliance.roles import CONFINED, FETCHERS
from appliance.store import leases, trials
from appliance.store.open import now, writer
from services.firewall.driver import FirewallDriver
from tests.appliance.model.firewall_home import LAN, WAN
from tests.live.firewall_room import inside
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.nix_place import OWNER, ROLE, Place, place
from tests.live.ssh_server import SSHD, SshServer, ssh_serving
from tests.live.waiting import until

ROOT = Path(__file__).parents[2]
FLAKES = ROOT / "tests/flakes"
NAS = "10.77.0.20"
HASH = "sha256-" + "A" * 43 + "="
ASK = "import socket, sys; socket.create_connection((sys.argv[1], 9), 3)"
REPAIRED = "from services.nix import versions\nversions.HOLES = ()\n"
"""As if this Nix had no known hole: else no stranger's source would be looked at."""
SERVE = """
import pathlib, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Told(BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[1], "a") as heard:
            heard.write(f"{self.path} {self.headers.get('Authorization', '-')}\\n")
        kept = pathlib.Path(sys.argv[2], self.path.lstrip("/"))
        body = kept.read_bytes() if kept.is_file() else b"secret"
        self.send_response(302 if "redirect" in self.path else 200)
        if "redirect" in self.path:
            self.send_header("Location", "http://10.77.0.20:8000/redirected.tar.gz")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
ThreadingHTTPServer(("0.0.0.0", 8000), Told).serve_forever()
"""
NAMES = """
import asyncio, socket, sys
from pathlib import Path
from services.dns.serve import serve
def bound(kind):
    made = socket.socket(socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    made.bind(("127.0.0.1", 1053))
    if kind is socket.SOCK_STREAM:
        made.listen()
    return made
sockets = {"dns-udp.lo": bound(socket.SOCK_DGRAM), "dns-tcp.lo": bound(socket.SOCK_STREAM)}
asyncio.run(serve(sockets, Path(sys.argv[1])))
"""
LOOK_UP = """
import socket
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(5)
asking.connect(("127.0.0.1", 1053))
name = b"\\x04evil\\x07example\\0"
try:
    asking.send(b"??\\1\\0\\0\\1" + bytes(6) + name + b"\\0\\1\\0\\1")
    print("found" if asking.recv(512)[7] else "nothing")
except OSError as error:
    print(error)
"""
STRAYS = """
import asyncio, sys
from pathlib import Path
from appliance.events import say
from appliance.store.follow import Follower
from appliance.store.open import now
from services.drops.serve import Drops
from services.drops.stray import Strays
from services.net.follow import Foreigners
state = Path(sys.argv[1])
foreign = Foreigners(Follower(state / "nixie.db"), Follower(state / "build.db"), "")
def tell(event):
    with open(sys.argv[2], "a") as told:
        told.write(f"{type(event).__name__} {event.source} {say(event)}\\n")
drops = Drops(now, Strays(foreign.known, foreign.doing), tell)
async def hears():
    while not drops.came:
        await asyncio.sleep(0.1)
    with open(sys.argv[2], "a") as told:
        told.write("woken\\n")
async def both():
    await asyncio.gather(drops.serve(), hears())
asyncio.run(both())
"""


@dataclass(frozen=True)
class Row:
    """What becomes of a flake: its host's `verdict`, the `word` for it, a part of what is `said`.

    With `build` it is told when its host's build ends as that; `inputs`: already when its inputs
    are fetched; `held`: it is the filter that tells of it, with the address.
    """

    verdict: str
    word: str
    says: str
    build: str = ""
    inputs: bool = False
    held: bool = False


BAD, GOOD = "not-bootable", "native"
"""What the verdict on a host is."""


@dataclass
class Attacked:
    """The pipeline, the router that it runs on, and what others heard of it."""

    place: Place
    router: Namespace
    ssh: SshServer | None = None  # on the internet; it lets in whoever has the owner's deploy key

    def add(self, row: str, **options: Any) -> str:
        """Add the flake of a row as a stranger's source; returns its id."""
        url = f"path:{self.place.flakes}/attacks?dir={row}"
        return self.place.add(url, name=row, **{"trust": "stranger", **options})

    def build(self, source: str) -> Any:
        """The build of its host, which its owner asked for, once it ended."""
        wish = images.build_host(self.place.desk, OWNER, f"{source}/host").wish
        until(
            lambda: any(getattr(one, "wish", "") == wish for one in self.place.events()),
            "it is queued",
        )
        return self.place.built(f"{source}/host")

    def heard(self, who: str) -> list[str]:
        """What was asked of "nas" or "internet": paths with the Authorization."""
        log = self.place.folder / who
        return log.read_text().splitlines() if log.exists() else []

    def strays(self, source: str) -> list[str]:
        """The events that tell of attempts of a source."""
        told = self.place.folder / "strays"
        lines = told.read_text().splitlines() if told.exists() else []
        return [line for line in lines if line.startswith(f"SourceHeldBack {source} ")]

    @property
    def served(self) -> Path:
        """What the NAS and the internet serve of this folder, they serve under its name."""
        return self.place.folder / "served"

    def forge(self) -> str:
        """Put a flake beside the attacks whose input lies on the NAS; returns its address."""
        tree = self.place.folder / "forge"
        tree.mkdir()
        (tree / "parameter").write_text("from-the-forge")
        words = ["tar", "-C", str(tree.parent), "-czf", str(self.served / "forge.tar.gz"), "forge"]
        subprocess.run(words, check=True)
        folder = self.place.flakes / "attacks/forge"
        shutil.copytree(FLAKES / "forge", folder)
        there = _archive(f"http://{NAS}:8000/forge.tar.gz")
        nar_hash = self.place.client("nix", "hash", "path", str(tree)).strip()
        lock(folder, "code", {**there, "narHash": nar_hash}, there)
        subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
        return f"path:{folder.parent}?dir=forge"

    def fill(self) -> None:
        """Bring the filter and the names to the sources of this moment, as the role net does."""
        rows = self.place.desk.reads.sources()
        sources = tuple(Source(one.id, one.url, one.reach) for one in rows)
        users = tuple((name, CONFINED[name][1]) for name in ("fetch", *FETCHERS))
        facts = Facts(foreign=Foreign(users, sources=sources))
        inside(self.router.name, lambda: asyncio.run(_filled(facts)))
        config = RouterConfig((LAN,), WAN)
        dns = DnsSlice("nixie", "lan", (), Dns((Upstream(IPv4Address("192.0.2.1")),)))
        told = Slices(1, (), replace(dns, reached=names_reached(sources, config)), ())
        database = writer(self.place.state / "net.db", trials.MIGRATIONS)
        trials.publish(database, told, now())
        database.close()


async def _filled(facts: Facts) -> None:
    driver = FirewallDriver()
    for step in steps(wanted(RouterConfig((LAN,), WAN), facts), await driver.observe()):
        await driver.perform(step)


@contextmanager
def attacked(**options: Any) -> Iterator[Attacked]:
    """The room; `options` are those of `nix_place.place`."""
    with ExitStack() as ending, namespaces("r", "lan", "net") as (router, lan, net):
        cable(router, LAN.bridge, lan, "eth0")
        cable(router, WAN.link, net, "eth0")
        for where, link, address in (
            (router, LAN.bridge, "10.77.0.1/24"),
            (router, WAN.link, "192.0.2.2/24"),
            (lan, "eth0", f"{NAS}/24"),
            (net, "eth0", "192.0.2.1/24"),
        ):
            where.run("ip", "addr", "add", address, "dev", link)
            where.run("ip", "link", "set", link, "up")
        router.run("ip", "route", "add", "default", "via", "192.0.2.1")
        front = ("nsenter", f"--net=/run/netns/{router.name}", "--")
        with place(role=False, front=front, **options) as made:
            ssh = None
            if SSHD.exists():
                behind = ("nsenter", f"--net=/run/netns/{net.name}", "--")
                ssh = ending.enter_context(ssh_serving(made.folder / "ssh", "192.0.2.1", behind))
            room = Attacked(made, router, ssh)
            room.served.mkdir()
            _flakes(made, ssh.port if ssh else 22)
            room.fill()
            writer(made.state / "leases.db", leases.MIGRATIONS).close()
            lan.start(sys.executable, "-c", SERVE, str(made.folder / "nas"), str(room.served))
            net.start(sys.executable, "-c", SERVE, str(made.folder / "internet"), str(room.served))
            net.start(
                *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv"),
                *("--no-hosts", "--pid-file=", "--user=root", "--local=/#/"),
                *("--host-record=evil.example,192.0.2.1", f"--host-record=rebind.example,{NAS}"),
            )
            env = {"PYTHONPATH": str(ROOT)}
            router.start(sys.executable, "-c", NAMES, str(made.state), env=env)
            strays = str(made.folder / "strays")
            router.start(sys.executable, "-c", STRAYS, str(made.state), strays, env=env)
            until(lambda: _woken(router, room), "held packets are heard of")
            until(lambda: router.python(LOOK_UP).strip() == "found", "names are looked up")
            made.start_role(REPAIRED + ROLE)
            for who in ((NAS, "nas"), ("192.0.2.1", "internet")):
                until(lambda who=who: _serves(router, who[0]), f"the {who[1]} serves")
            yield room


def _woken(router: Namespace, room: Attacked) -> bool:
    uid = str(CONFINED["fetch"][1])
    front = ("setpriv", "--reuid", uid, "--clear-groups", "--")
    router.fails(*front, sys.executable, "-c", ASK, NAS)
    return (room.place.folder / "strays").exists()


def _serves(router: Namespace, address: str) -> bool:
    ask = f"import urllib.request as u; u.urlopen('http://{address}:8000/ready', timeout=2)"
    return not router.fails(sys.executable, "-c", ask)


def _flakes(made: Place, port: int) -> None:
    """Put the attacks below the allowed directory, with their locks and links."""
    folder = made.flakes / "attacks"
    shutil.copytree(FLAKES / "attacks", folder)
    shutil.copy(FLAKES / "bad/host.nix", folder)
    (folder / "bin").mkdir()
    shutil.copy("/bin/busybox", folder / "bin")
    (folder / "leaves-the-store/out").symlink_to("/etc")
    for row, name, locked in (
        ("path-input", "secrets", {"type": "path", "path": "/etc"}),
        ("input-at-home", "nas", _archive(f"http://{NAS}:8000/nas.tar.gz")),
        ("redirected-home", "nas", _archive("http://evil.example:8000/redirect.tar.gz")),
        ("rebound-home", "nas", _archive("http://rebind.example:8000/nas.tar.gz")),
        ("repository-at-home", "secrets", {"type": "git", "url": "file:///root/secrets"}),
        ("private-input", "code", _archive("http://192.0.2.1:8000/private-input.tar.gz")),
        ("private-repository", "code", {"type": "git", "url": "ssh://git@evil.example/private"}),
        ("archive-bomb", "bomb", _archive("http://evil.example:8000/bomb.tar.gz")),
    ):
        commit = {"rev": "1" * 40, "ref": "main"} if locked["type"] == "git" else {}
        url = {"url": f"ssh://git@evil.example:{port}/private"} if name == "code" and commit else {}
        lock(folder / row, name, {**locked, **commit, **url, "narHash": HASH}, locked)
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)


def lock(folder: Path, name: str, locked: Mapping[str, str], original: Mapping[str, str]) -> None:
    """Write a flake.lock with one input, which is no flake itself."""
    node = {"locked": dict(locked), "original": dict(original), "flake": False}
    told = {"nodes": {"root": {"inputs": {name: name}}, name: node}}
    (folder / "flake.lock").write_text(json.dumps({**told, "root": "root", "version": 7}))


def _archive(url: str) -> dict[str, str]:
    return {"type": "tarball", "url": url}


def is_contained(here: Attacked, source: str, expected: Row) -> None:
    """It ends as its row says, and its owner is told so."""
    state = here.place.settled(source)
    assert (state.state, state.what) == ("ready", "")
    (verdict,) = here.place.verdicts(source).values()
    assert verdict.kind == expected.verdict, verdict.reason
    if expected.verdict == GOOD:
        assert here.place.builds(f"{source}/host") == []  # nobody asked for it
    if expected.build:
        ended = here.build(source)
        assert ended.state == expected.build, ended.what
        assert expected.says in ended.what + here.place.log(ended)
        (told,) = of(here, BuildEnded, source)
        assert (told.obstacle, told.what) == (expected.word, ended.what)
    elif expected.held:
        assert verdict.obstacle == expected.word
        assert expected.says in verdict.reason
    else:
        every = of(here, SourceWentTooFar, source)
        told = next((one for one in every if (one.name == "its inputs") == expected.inputs), None)
        assert told is not None, verdict.reason
        assert (told.obstacle, expected.word in WENT_TOO_FAR) == (expected.word, True), told.what
        assert expected.says in told.what
        assert expected.inputs or told.what == verdict.reason
    if expected.held:
        target = f"{NAS}, port 8000"
        until(lambda: any(target in one for one in here.strays(source)), "the filter told of it")


def of(here: Attacked, kind: type[Event], source: str) -> list[Any]:
    """The events of that kind that are about a source."""
    return [
        one for one in here.place.events()
        if isinstance(one, kind)
        and source in (getattr(one, "source", ""), getattr(one, "host", "").partition("/")[0])
    ]  # fmt: skip
