"""The boot role as its own user beside a pipeline: the binary cache of a network on 127.0.0.1.
Other caches, as files behind a server that says what it was asked."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from appliance.model.lan_cache import PLACE, CacheFacts, from_json
from appliance.roles import GROUP, ROLES
from appliance.store import boots, trials
from appliance.store.open import writer
from services.nix.store_path import STORE
from tests.live.nix_place import NIX, Place
from tests.live.waiting import until

ROLE = """
import asyncio, socket, sys
from pathlib import Path
from appliance.signs import Signs
from services.netboot.probe import installed
from services.netboot.serve import Files, serve

state = Path(sys.argv[1])
names = ("published", "boot.db", "leases.db", "net.db", "nixie.db")
files = Files(*(state / name for name in names))
listening = socket.socket(fileno=int(sys.argv[2]))
listening.setblocking(False)
sockets = {f"boot.{sys.argv[3]}": listening}
signs = Signs(lambda: print("ready", flush=True))
asyncio.run(serve(sockets, files, installed(state / "loaders"), signs=signs))
"""


@dataclass
class Cache:
    """The running role.  `server` is "127.0.0.1:port", `process` its pid."""

    made: Place
    server: str
    process: int

    @property
    def url(self) -> str:
        return f"http://{self.server}/cache"

    @property
    def facts(self) -> CacheFacts:
        told = from_json(json.loads((self.made.state / PLACE).read_text()))
        assert told is not None
        return told

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        """Status and body of one request below /cache/."""
        request = Request(f"{self.url}/{path}", headers=headers, method=method)
        try:
            with urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except HTTPError as refused:
            return refused.code, refused.read()

    def narinfo(self, path: str) -> dict[str, str]:
        """What it says of a store path, {} when it has none."""
        status, body = self.ask(f"{path[len(STORE) + 1 :][:32]}.narinfo")
        assert status in (200, 404)
        lines = body.decode().splitlines() if status == 200 else []
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def switch(self, *, on: bool) -> None:
        """What `net` publishes when the owner turned it on or off."""
        slices(self.made.state, cache=on)

    def has(self, path: str) -> bool:
        """Wait until it says something of that path, and of all that came with it."""
        return until(
            lambda: bool(self.narinfo(path)) and self.facts.paths > 0, f"{path} is given away"
        )


def client(
    folder: Path, *words: str, nix: Path = NIX, conf: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Nix with a store of its own in `folder`, which no daemon of ours helps; its nix.conf is in
    the folder `conf`, and there is none else."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [str(nix), "--extra-experimental-features", "nix-command", *words],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "NIX_CONF_DIR": str(conf or folder / "conf"),
            "NIX_REMOTE": f"local?root={folder}/root",
            "NIX_CONFIG": "sandbox = false\nbuild-users-group =\nsubstitute = true\n",
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def slices(
    state: Path, *, link: str = "lo", address: str = "127.0.0.1/8", cache: bool = True
) -> None:
    """Publish one network on `link`; `cache`: is it on there?"""
    network = {"name": "lan", "link": link, "address": address, "cache": cache}
    told = {"hostname": "nixie", "domain": "lan", "networks": [], "settings": {}}
    body = json.dumps({"revision": 1, "dhcp": [], "dns": told, "boot": [network]})
    with closing(writer(state / "net.db", trials.MIGRATIONS)) as net:
        net.execute("INSERT OR REPLACE INTO slice VALUES (1, 1, ?, 0)", (body,))
        net.commit()


@contextmanager
def caching(made: Place) -> Iterator[Cache]:
    """Start the role."""
    slices(made.state)
    writer(made.state / "boot.db", boots.MIGRATIONS).close()
    who = ROLES["boot"]
    for name in ("boot.db", "boot.db-wal", "boot.db-shm"):
        place = made.state / name
        if place.exists():
            os.chown(place, who.uid, GROUP[1])
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        words = ["setpriv", "--reuid", str(who.uid), "--regid", str(GROUP[1]), "--clear-groups"]
        words += [sys.executable, "-c", ROLE, str(made.state), str(listening.fileno()), "lo"]
        child = subprocess.Popen(
            words,
            cwd=made.installed.program,
            env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
            pass_fds=(listening.fileno(),),
            stdout=subprocess.PIPE,
        )
        server = f"127.0.0.1:{listening.getsockname()[1]}"
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        yield Cache(made, server, child.pid)
    finally:
        child.terminate()
        child.wait(30)


class Files(SimpleHTTPRequestHandler):
    """A cache of files; `asked` are the paths that it was asked for, and it sends no archive
    further than to its middle once `cut` is set."""

    def __init__(self, asked: list[str], cut: Event | None, *rest: Any, **more: Any) -> None:
        self._asked, self._cut = asked, cut
        super().__init__(*rest, **more)

    def do_GET(self) -> None:
        self._asked.append(self.path)
        super().do_GET()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Send it; half of an archive, then nothing any more for as long as somebody listens."""
        if self._cut is None or "/nar/" not in self.path:
            super().copyfile(source, outputfile)
            return
        whole = source.read()
        outputfile.write(whole[: len(whole) // 2])
        self._cut.wait()

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextmanager
def files(folder: Path, *, cuts: bool = False) -> Iterator[tuple[str, list[str]]]:
    """A server of that folder, as host:port, and what it is asked for; `cuts`: the network goes in
    the middle of each archive."""
    asked: list[str] = []
    over = Event()
    handler = partial(Files, asked, over if cuts else None, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        over.set()
        server.shutdown()
        thread.join(30)
        server.server_close()
