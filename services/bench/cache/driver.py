"""DOOR: measures our binary cache and nginx with static files, turn by turn.

A store with one large file, one tree of small ones and some hundred paths.  nginx serves what
`nix copy` makes of it (compression none); ours makes the archives while it sends them.  Needs root
and nginx (installed, or unpacked below `peers`), and set-up's Nix.
"""

import asyncio
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Interface
from pathlib import Path
from statistics import median
from typing import Any

from appliance.errors import Unreachable
from appliance.model.dns import Dns
from appliance.model.lan_cache import PATH, PLACE, CacheFacts, to_json
from appliance.model.slices import BootNetwork, DnsSlice, Slices
from appliance.store import trials
from appliance.store.open import now, writer
from appliance.store.secrets.open import Secrets
from services.bench.cable.driver import Cable, cable, peer, spent, version
from services.bench.track import compared, turns
from services.nix.narinfo import PathInfo, fingerprint, registrations, signed
from services.nix.publish.driver import write
from services.nix.signing.driver import sign
from services.nix.store_path import STORE

Sample = tuple[float, float, float]
"""Amount, seconds, processor seconds for each thousand requests or GB."""

LARGE_BYTES = 300_000_000
SMALL_FILES, SMALL_BYTES = 4_000, 6_000  # as a package of scripts or headers has them
PATHS = 400
ASKING_SECONDS = 2.0
TIMES = {"cache-nar-large": 4, "cache-nar-tree": 12}  # archives a sample
OUR_PORT, PEER_PORT = 80, 8080
LINK, SERVER, CLIENT = "nxbc", "10.98.2.1", "10.98.2.2"
NGINX = """
master_process off; daemon off; pid {folder}/nginx.pid; error_log /dev/null crit;
events {{ worker_connections 256; }}
http {{ sendfile on; tcp_nopush on; access_log off; keepalive_requests 1000000;
  types {{ }} default_type application/octet-stream;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen {port}; root {folder}/files; }} }}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A server: its port, the folder of the cache, its process, its archives by name."""

    port: int
    folder: str
    process: int
    archives: Mapping[str, str]


def run(
    rounds: int = 7,
    peers: Path = Path("/opt/nixie/peers"),
    home: Path = Path(sys.prefix).parent,
) -> list[dict[str, Any]]:
    """Narinfos a second, and archives of a large file and of small ones.  Raises Unreachable."""
    nginx = peer("nginx", *map(str, peers.glob("*/usr/sbin/nginx")))
    nix = Path(peer("nix", str(home / "nix/usr/bin/nix")))
    with tempfile.TemporaryDirectory(prefix="nixie-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        infos = _files(folder, nix)
        lain = cable(LINK, f"{SERVER}/24", f"{CLIENT}/24")
        with lain as lies, _servers(lies, folder, nginx, infos) as where:
            beside = {"name": "nginx", "version": version(nginx, "-v")}
            asked = "\n".join(one.hash_part for one in infos)
            samples = turns(rounds, lambda who: _narinfos(lies, where[who], asked))
            results = [_told("cache-narinfo", "requests/s", beside, samples)]
            for work in TIMES:
                samples = turns(rounds, partial(_archives, lies, where, work))
                results.append(_told(work, "MB/s", beside, samples))
            return results


def _told(
    work: str, unit: str, beside: Mapping[str, str], samples: Mapping[str, Sequence[Sample]]
) -> dict[str, Any]:
    cpu = {who: median(one[2] for one in samples[who]) for who in samples}
    per = "1000_requests" if unit == "requests/s" else "gb"
    rates = {who: [one[:2] for one in samples[who]] for who in samples}
    more: dict[str, Any] = {
        f"cpu_seconds_per_{per}": {who: round(value, 4) for who, value in cpu.items()},
        "cpu_ratio": round(cpu["ours"] / cpu["peer"], 3),
    }
    return compared(work, unit, rates["ours"], beside, rates["peer"], **more)


def _narinfos(lies: Cable, where: Place, hashes: str) -> Sample:
    before = spent(where.process)
    words = (SERVER, str(where.port), where.folder, str(ASKING_SECONDS))
    told = lies.measured("services.bench.cache.client", *words, said=hashes)
    used = spent(where.process) - before
    return told["requests"], told["seconds"], used / told["requests"] * 1_000


def _archives(lies: Cable, servers: Mapping[str, Place], work: str, who: str) -> Sample:
    where = servers[who]
    before = spent(where.process)
    archive = where.archives[work.rpartition("-")[2]]
    path = f"{where.folder}/{archive}"
    words = (SERVER, str(where.port), path, str(TIMES[work]))
    told = lies.measured("services.bench.boot_http.client", *words)
    used = spent(where.process) - before
    gigabytes = told["bytes"] / TIMES[work] * (TIMES[work] + 1) / 1e9  # it fetches once before
    return told["bytes"] / 1e6, told["seconds"], used / gigabytes


def _files(folder: Path, nix: Path) -> tuple[PathInfo, ...]:
    """The store, nginx's files, and what `build` would have published."""
    chance = random.Random(1)
    trees = folder / "trees"
    (trees / "tree").mkdir(parents=True)
    (trees / "large").write_bytes(chance.randbytes(1_000_000) * (LARGE_BYTES // 1_000_000))
    for number in range(SMALL_FILES):
        (trees / "tree" / f"{number}").write_bytes(chance.randbytes(SMALL_BYTES))
    for number in range(PATHS):
        (trees / f"path-{number}").write_text(str(number))
    store = f"local?root={folder}/store"
    paths = _nix(folder, nix, store, "nix-store", "--add", *map(str, trees.iterdir())).split()
    dumped = _nix(folder, nix, store, "nix-store", "--dump-db", *paths)
    infos = tuple(registrations(dumped))
    target = f"file://{folder}/files?compression=none"
    flags = ("--extra-experimental-features", "nix-command")
    _nix(folder, nix, store, "nix", *flags, "copy", "--no-check-sigs", "--to", target, *paths)
    asyncio.run(_published(folder, infos))
    return infos


async def _published(folder: Path, infos: Sequence[PathInfo]) -> None:
    made = await sign(Secrets(folder / "secrets"), [fingerprint(one) for one in infos])
    (folder / "published/cache").mkdir(parents=True)
    for info, signature in zip(infos, made.signatures, strict=True):
        place = folder / f"published/cache/{info.hash_part}.narinfo"
        place.write_text(signed(info, signature))
    write(folder / PLACE, to_json(CacheFacts(made.public, str(folder / "store"), len(infos))))
    network = BootNetwork("lan", LINK, IPv4Interface(f"{SERVER}/24"), cache=True)
    slices = Slices(1, (), DnsSlice("nixie", "lan", (), Dns()), (network,))
    with closing(writer(folder / "net.db", trials.MIGRATIONS)) as file:
        trials.publish(file, slices, now())


def _nix(folder: Path, nix: Path, store: str, program: str, *words: str) -> str:
    done = subprocess.run(
        [str(nix.with_name(program)), *words],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "NIX_CONF_DIR": str(folder),
            "NIX_REMOTE": store,
            "NIX_CONFIG": "build-users-group =\nsubstitute = false\n",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unreachable(f"{program} failed: {done.stderr.strip()[-300:]}")
    return done.stdout


@contextmanager
def _servers(
    lies: Cable, folder: Path, nginx: str, infos: Sequence[PathInfo]
) -> Iterator[dict[str, Place]]:
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, port=PEER_PORT))
    ours = (sys.executable, "-m", "services.bench.boot_http.serve", lies.link, str(OUR_PORT))
    theirs = (nginx, "-p", str(folder), "-c", str(conf), "-e", "/dev/null")
    running = [
        subprocess.Popen(lies.at_server(*words), stdout=subprocess.PIPE, text=True)
        for words in ((*ours, str(folder)), theirs)
    ]
    try:
        assert running[0].stdout is not None
        running[0].stdout.readline()
        yield {
            "ours": Place(OUR_PORT, PATH, running[0].pid, _urls(folder / "published/cache", infos)),
            "peer": Place(PEER_PORT, "", running[1].pid, _urls(folder / "files", infos)),
        }
    finally:
        for one in running:
            one.terminate()
            one.wait(10)


def _urls(folder: Path, infos: Sequence[PathInfo]) -> dict[str, str]:
    """Where the archives are, by the name of their path."""
    found = {}
    for info in infos:
        text = (folder / f"{info.hash_part}.narinfo").read_text()
        match = re.search(r"^URL: (\S+)$", text, re.MULTILINE)
        assert match
        found[info.path[len(STORE) + 34 :]] = match[1]
    return found
