"""A whole router as `nixie lab` starts it, in a process of its own, from this checkout.

Its home is a folder below NIXIE_HOME (never below /tmp, which Nix distrusts): the program is
copied there, what set-up installed is linked.  Roles run under their own users, in namespaces
whose names begin with a prefix that nobody else has.
"""

import compileall
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.cli.client import Client, Failed, Where
from tests.live.shelf import fetch, gone_with, keep
from tests.live.waiting import until

INSTALLED = Path(os.environ.get("NIXIE_HOME", "/opt/nixie"))
CHECKOUT = Path(__file__).parents[2]
ROOMS = ("appliance", "services", "webui", "hardware")
LINKED = ("venv", "nix", "loaders", "browser", "tools", "sample", "daemons")
LAUNCHERS = ("other_lab.py", "fault_role.py", "clock_role.py")
ROLES = ("net", "dhcp", "dns", "boot", "build", "web")


@dataclass
class Router:
    """A running router; `client` asks its API as root on this box may."""

    home: Path
    prefix: str
    port: int
    process: "subprocess.Popen[bytes] | None" = None
    umask: int = -1  # of whoever starts it; -1 for our own
    variables: dict[str, str] = field(default_factory=dict)  # that an owner may set
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = Client(Where(self.state))

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def url(self) -> str:
        """Its admin, for browsers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def namespace(self) -> str:
        """Where net, dhcp, dns, boot and web live."""
        return f"{self.prefix}-router"

    def start(self, *cast: str, roles: Sequence[str] = ROLES, more: Sequence[str] = ()) -> None:
        """Start it, and wait until `roles` run; `cast` are options of other_lab.py, `more` of
        `nixie lab`."""
        where = (str(self.state), self.prefix, str(self.port))
        command = ("-P", "-m", "appliance", "lab", *self.options, *more)
        if cast:
            command = (str(self.home / "program/other_lab.py"), *where, *cast)
        with (self.home / "lab.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.home / "venv/bin/python"), *command],
                env=self.environment,
                stdout=log,
                stderr=log,
                cwd=self.home,
                umask=self.umask,
            )
        until(lambda: self.runs(roles), f"every role of {self.home} runs", 300)
        if "web" in roles:
            until(self.answers, "the API answers")

    @property
    def program(self) -> str:
        return str(self.home / "program")

    @property
    def environment(self) -> dict[str, str]:
        """Variables it starts with."""
        own = {"NIXIE_HOME": str(self.home), "PYTHONPATH": self.program}
        return {**os.environ, **own, **self.variables}

    @property
    def options(self) -> tuple[str, ...]:
        """What `nixie lab` is told."""
        return ("--state", str(self.state), "--prefix", self.prefix, "--port", str(self.port))

    def runs(self, roles: Sequence[str] = ROLES) -> bool:
        """Does each of these roles run?  Fails when the supervisor has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError((self.home / "lab.log").read_text()[-4000:])
        return all(self.role(name).get("state") == "runs" for name in roles)

    def answers(self) -> bool:
        """Does the API answer?"""
        try:
            self.client.get("/status")
        except Failed:
            self.client = Client(Where(self.state))  # its socket is made anew with each start
            return False
        return True

    def role(self, name: str) -> dict[str, Any]:
        """What the supervisor says of a role: state, pid, restarts …"""
        with suppress(OSError, ValueError, KeyError):
            found: dict[str, Any] = json.loads((self.state / "run/supervisor.json").read_text())[
                "roles"
            ][name]
            return found
        return {}

    def pid(self, name: str) -> int:
        """A running role's process."""
        return int(self.role(name)["pid"])

    def stop(self) -> None:
        """End it; the state stays."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def cut_power(self) -> None:
        """No process is left, and nothing is known that lay in memory only."""
        assert self.process is not None
        pids = [int(self.role(name).get("pid") or 0) for name in ROLES]
        self.process.kill()
        self.process.wait()
        until(lambda: not any(one and Path(f"/proc/{one}").exists() for one in pids), "all ended")
        (self.state / "run/supervisor.json").unlink()

    def inside(self, *command: str, seconds: float = 300) -> "subprocess.CompletedProcess[str]":
        """Run a command in the router's namespace."""
        return subprocess.run(
            ["ip", "netns", "exec", self.namespace, *command],
            capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip


def made(name: str) -> Router:
    """A home with this checkout's program in it; nothing runs yet."""
    mark = uuid.uuid4().hex[:6]
    home = INSTALLED / f"state-{name}-{mark}"
    home.mkdir(parents=True)
    home.chmod(0o755)
    for room in ROOMS:
        shutil.copytree(
            CHECKOUT / room, home / "program" / room, ignore=shutil.ignore_patterns("__pycache__")
        )
    compileall.compile_dir(home / "program", quiet=2)  # as set-up does; no role may write there
    for launcher in LAUNCHERS:
        shutil.copy(CHECKOUT / "tests/live" / launcher, home / "program")
    subprocess.run(["chmod", "-R", "a+rX", str(home)], check=True)
    for folder in LINKED:
        if (INSTALLED / folder).exists():
            (home / folder).symlink_to(INSTALLED / folder)
    return Router(home, f"nxv{mark}", free_port())


@contextmanager
def standing(
    name: str, shelf: Path | None = None, cast: Sequence[str] = (), more: Sequence[str] = ()
) -> Iterator[Router]:
    """A router for the length of a block; its log is printed when the block fails.

    With a `shelf` it has a Nix store of its own, from there and kept there; `cast` and `more` as in
    `start`.
    """
    router = made(name)
    store = router.state / "store"
    try:
        if shelf is not None:
            fetch(shelf, store)
        router.start(*cast, more=more)
        yield router
    except BaseException:
        print_logs(router)
        raise
    finally:
        router.stop()
        if shelf is not None:
            keep(store, shelf)
        removed(router)


def removed(router: Router) -> None:
    """Take everything of a stopped router away."""
    for space in ("router", "isp", "lan"):
        gone = ["ip", "netns", "delete", f"{router.prefix}-{space}"]
        subprocess.run(gone, capture_output=True, check=False)
    gone_with(router.home)


def print_logs(router: Router) -> None:
    """The last words of supervisor and roles, for pytest's report."""
    for log in (router.home / "lab.log", *sorted((router.state / "logs").glob("*.log"))):
        with suppress(OSError):
            sys.stdout.write(f"── {log.name}\n{log.read_text(errors='replace')[-3000:]}\n")


def free_port() -> int:
    """A port of loopback that nobody has just now, and that no connection is given by chance."""
    given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = given // 2 + secrets.randbelow(given // 2)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
