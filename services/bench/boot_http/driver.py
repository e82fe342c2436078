"""DOOR: measures our boot HTTP and nginx, turn by turn.

Ours serves a part of three segments below a boot token, nginx the same bytes as one file with
sendfile; the client drops the body in the kernel.  Besides the rate, the server's processor seconds
per GB are compared.  Needs root, `curl` and nginx (installed, or unpacked below `peers`).
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from appliance.errors import Unreachable
from appliance.model.images import (
    Image,
    Literal,
    Part,
    Provenance,
    StoreFile,
    content_hash,
    image_to_json,
)
from appliance.model.table import Generation, Host, Machine, Table, table_to_json
from services.bench.cable.driver import Cable, cable, peer, version
from services.bench.track import compared, turns

Sample = tuple[float, float, float]
"""MB, seconds, processor seconds per GB."""

PART_BYTES = 300_000_000
TIMES = 4  # downloads a sample, so that one is long enough for the processor's clock
OUR_PORT, PEER_PORT = 80, 8080
LINK, SERVER, CLIENT = "nxbh", "10.98.1.1", "10.98.1.2"
MAC = "52:54:00:00:98:01"
DOWNLOADS = 50
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log /dev/null crit;
events {{ worker_connections 256; }}
http {{ sendfile on; tcp_nopush on; access_log off;
  types {{ }} default_type application/octet-stream;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen {port}; root {folder}/whole; }} }}
"""


def run(rounds: int = 7, peers: Path = Path("/opt/nixie/peers")) -> dict[str, Any]:
    """Rate, processor seconds per GB, and memory with 50 downloads.  Raises Unreachable."""
    nginx = peer("nginx", *map(str, peers.glob("*/usr/sbin/nginx")))
    with tempfile.TemporaryDirectory(prefix="nixie-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        _files(folder)
        lain = cable(LINK, f"{SERVER}/24", f"{CLIENT}/24")
        with lain as lies, _servers(lies, folder, nginx) as (mine, theirs):
            path = _part_path(lies)
            where = {"ours": (OUR_PORT, path, mine), "peer": (PEER_PORT, "/part", theirs)}
            samples = turns(rounds, lambda who: _taken(lies, *where[who]))
            memory = _memory(lies, path, mine)
    cpu = {who: median(one[2] for one in samples[who]) for who in samples}
    return compared(
        "boot-http-300-mb",
        "MB/s",
        [(amount, seconds) for amount, seconds, _ in samples["ours"]],
        {"name": "nginx", "version": version(nginx, "-v")},
        [(amount, seconds) for amount, seconds, _ in samples["peer"]],
        cpu_seconds_per_gb={who: round(value, 3) for who, value in cpu.items()},
        cpu_ratio=round(cpu["ours"] / cpu["peer"], 3),
        memory_kb=memory,
    )


def _taken(lies: Cable, port: int, path: str, process: int) -> Sample:
    """One round of one server."""
    before = _processor_seconds(process)
    words = (SERVER, str(port), path, str(TIMES))
    told = lies.measured("services.bench.boot_http.client", *words)
    used = _processor_seconds(process) - before
    gigabytes = PART_BYTES * (TIMES + 1) / 1e9  # the client fetches once to warm up
    return told["bytes"] / 1e6, told["seconds"], used / gigabytes


def _memory(lies: Cable, path: str, process: int) -> dict[str, int]:
    """Resident kilobytes before and in the middle of 50 slow downloads."""
    before = _resident(process)
    words = ["curl", "-s", "--limit-rate", "1M", "--max-time", "4", "-o", "/dev/null"]
    url = f"http://{SERVER}:{OUR_PORT}{path}"
    downloads = [
        subprocess.Popen(lies.at_client(*words, url), stderr=subprocess.DEVNULL)
        for _ in range(DOWNLOADS)
    ]
    highest = before
    for one in downloads:
        one.wait()
        highest = max(highest, _resident(process))
    return {"idle": before, f"with {DOWNLOADS} downloads": highest}


def _files(folder: Path) -> None:
    """The part's segments, the same bytes as one file, and what build would have published."""
    head, tail = os.urandom(20_000_000), b"070701 a cpio trailer".ljust(512, b"\0")
    (folder / "head").write_bytes(head)
    block = os.urandom(1 << 20)
    rest = PART_BYTES - len(head) - len(tail)
    (folder / "store").write_bytes((block * (rest // len(block) + 1))[:rest])
    (folder / "whole").mkdir()
    with (folder / "whole" / "part").open("wb") as whole:
        whole.write(head)
        whole.write((folder / "store").read_bytes())
        whole.write(tail)
    segments = (
        StoreFile(str(folder / "head"), len(head)),
        StoreFile(str(folder / "store"), rest),
        Literal(tail),
    )
    kernel = Part("kernel", "bzImage", 4, "0" * 64, (Literal(b"kern"),))
    parts = (kernel, Part("initrd", "initrd", PART_BYTES, "1" * 64, segments))
    ident = content_hash("s/bench", None, parts, "quiet", "/bench")
    told = Provenance("s", "", "", "", "", 0, {}, 1e9, "here", "", "native")
    image = Image(
        id=ident,
        host="s/bench",
        name="bench",
        specialisation=None,
        recipe="linux",
        system="x86_64-linux",
        parts=parts,
        command_line="quiet",
        toplevel="/bench",
        watched=False,
        provenance=told,
    )
    published = folder / "published"
    (published / "images").mkdir(parents=True)
    (published / "images" / f"{ident}.json").write_text(json.dumps(image_to_json(image)))
    machine = Machine("m", "bench", "run", "i", "s/bench", None)
    host = Host("s/bench", "bench", "bench", (Generation(1, ident, "unwatched", {}),))
    table = Table(0.0, {MAC: "m"}, {"m": machine}, {}, {}, {"s/bench": host})
    (published / "table.json").write_text(json.dumps(table_to_json(table)))


def _part_path(lies: Cable) -> str:
    url = f"http://{SERVER}/s/{MAC.replace(':', '-')}"
    words = ["curl", "-s", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", url]
    told = subprocess.run(lies.at_client(*words), capture_output=True, text=True, check=False)
    found = re.search(rf"http://{SERVER}(/b/\S+/initrd)", told.stdout)
    if found is None:
        raise Unreachable("the boot role gave out no script")
    return found[1]


@contextmanager
def _servers(lies: Cable, folder: Path, nginx: str) -> Iterator[tuple[int, int]]:
    """The processes to watch: ours, and nginx's worker."""
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
        yield running[0].pid, running[1].pid
    finally:
        for one in running:
            one.terminate()
            one.wait(10)


def _processor_seconds(process: int) -> float:
    """Time on the processor of a process and its children, from the scheduler (nanoseconds)."""
    family = [process, *_children(process)]
    told = (Path(f"/proc/{one}/schedstat").read_text().split()[0] for one in family)
    return sum(int(nanoseconds) for nanoseconds in told) / 1e9


def _children(process: int) -> list[int]:
    told = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(word) for word in told.split()]


def _resident(process: int) -> int:
    told = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", told)
    return int(found[1]) if found else 0
