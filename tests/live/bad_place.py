"""A router for bad input: flakes that are wrong, a server that refuses, and what is said of it."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.live import standing
from tests.live.standing import Router
from tests.live.waiting import until

FLAKES = Path(__file__).parents[1] / "flakes/bad"
BUSYBOX = Path("/bin/busybox")
LEASE = ("udhcpc", "-i", "switch", "-t", "40", "-n", "-q", "-f", "-s", "/bin/true")
"""Asks for an address for two minutes."""


@dataclass
class Bad:
    """A running router and the folder its local sources lie in."""

    router: Router
    folder: Path

    def url(self, name: str) -> str:
        return f"path:{self.folder}?dir={name}"

    def add(self, url: str, **options: Any) -> str:
        """Add a source; returns its id."""
        told = self.router.client.post("/sources", {"url": url, "interval_seconds": 0, **options})
        return str(told["subject"])

    def settled(self, ident: str, seconds: float = 300) -> dict[str, Any]:
        """A source once it was read, or could not be."""

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = self.router.client.get(f"/sources/{ident}")
            return found if found["state"] in {"ready", "unreadable"} else None

        return until(ended, f"{ident} is settled", seconds)

    def refreshed(self, ident: str) -> dict[str, Any]:
        """A source once it was read again."""
        before = self.settled(ident)["checked_at"]
        self.router.client.post(f"/sources/{ident}/refresh")
        until(lambda: self.settled(ident)["checked_at"] != before, f"{ident} is read again")
        return self.settled(ident)

    def hosts(self, source: str) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.router.client.get("/hosts", source=source)}

    def built(self, host: str, seconds: float = 300) -> dict[str, Any]:
        """The newest build of a host once it ended."""

        def ended() -> dict[str, Any] | None:
            rows = self.router.client.get("/builds", host=host)
            over = rows and rows[0]["state"] not in {"queued", "running"}
            return dict(rows[0]) if over else None

        return until(ended, f"the build of {host} ends", seconds)

    def table(self) -> dict[str, Any]:
        """published/table.json: what the boot role goes by."""
        told: dict[str, Any] = json.loads((self.router.state / "published/table.json").read_text())
        return told

    def page(self, path: str) -> str:
        """A page as the owner reads it, its typography made plain."""
        with self._browser() as browser:
            return plain(browser.get(path).text)

    def form(self, path: str, **fields: str) -> str:
        """The page that answers a form."""
        with self._browser() as browser:
            return plain(browser.post(path, data=fields).text)

    def troubles(self) -> list[str]:
        return list(self.router.client.get("/status")["troubles"])

    def pids(self) -> dict[str, int]:
        return {name: self.router.pid(name) for name in standing.ROLES}

    def inside_lan(self, *command: str) -> str:
        """Run something on a computer of the LAN; returns what it printed."""
        space = f"{self.router.prefix}-lan"
        return subprocess.run(
            ["ip", "netns", "exec", space, *command],
            capture_output=True, text=True, timeout=300, check=False,
        ).stdout  # fmt: skip

    def _browser(self) -> httpx.Client:
        token = (self.router.state / "secrets/web/local-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "sec-fetch-site": "same-origin"}
        return httpx.Client(base_url=self.router.url, headers=headers, timeout=120)


def plain(text: str) -> str:
    return unescape(text).replace("\N{NO-BREAK SPACE}", " ").replace("’", "'")


@contextmanager
def bad(name: str, *, nix: Path | None = None, **variables: str) -> Iterator[Bad]:
    """A router with the bad flakes below an allowed directory, in a store of its own.

    `variables` are those that an owner may set.
    """
    with prepared(name) as router:
        if nix is not None:
            (router.home / "nix").unlink()
            if nix.exists():
                (router.home / "nix").symlink_to(nix)
        router.variables = variables
        router.start()
        made = Bad(router, router.home / "flakes")
        router.client.post("/directories", {"path": str(made.folder)})
        yield made


@contextmanager
def prepared(name: str) -> Iterator[Router]:
    """The router's home, before it starts; all of it goes at the end, its log is shown if need."""
    router = standing.made(f"bad-{name}")
    router.prefix = f"nxq{router.home.name[-6:]}"
    (router.state / "store/nix").mkdir(parents=True)
    shutil.copytree(FLAKES, router.home / "flakes")
    (router.home / "flakes/bin").mkdir()
    shutil.copy(BUSYBOX, router.home / "flakes/bin")
    subprocess.run(["chmod", "-R", "a+rX", str(router.home / "flakes")], check=True)
    try:
        yield router
    except BaseException:
        standing.print_logs(router)
        raise
    finally:
        router.stop()
        standing.removed(router)


class Refusing(BaseHTTPRequestHandler):
    """Answers /NNN/… with the status NNN; "limit" in the path brings a forge's own words."""

    def do_GET(self) -> None:
        code = int(self.path.split("/")[1])
        body = b'{"message": "API rate limit exceeded for you."}' if "limit" in self.path else b"no"
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        if code == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="private"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextmanager
def refusing() -> Iterator[str]:
    """A server that gives nothing; its host:port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
