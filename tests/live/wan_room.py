"""The net and wan roles on a real kernel, with a provider that does as it is told."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import Unreachable
from appliance.model.way import Held, Stand, Way
from appliance.roles import ROLES
from appliance.store import ways
from appliance.store.journal import read
from appliance.store.open import reader
from appliance.store.wishes import body
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.net_room import CONFIG, USER, Router, program
from tests.live.waiting import until

__all__ = ["BY_DHCP", "Provided", "program", "provided"]

ROLE = (
    "import asyncio, sys; from pathlib import Path; from services.wan.serve import serve; "
    "asyncio.run(serve(Path(sys.argv[1])))"
)
BY_DHCP: dict[str, Any] = {**CONFIG, "wan": {"port": "up0"}}
GIVES: dict[str, Any] = {
    "address": "203.0.113.5/24",
    "server": "203.0.113.1",
    "gateway": "203.0.113.1",
    "seconds": 3600,
    "mode": "give",
}
SIGHT = 120.0


@dataclass
class Provided:
    """A router by DHCP; `behaves` says what its provider does from the next message on."""

    router: Router
    folder: Path
    told: dict[str, Any] = field(default_factory=lambda: dict(GIVES))
    role: subprocess.Popen[bytes] | None = None
    server: subprocess.Popen[bytes] | None = None

    @property
    def isp(self) -> Namespace:
        return self.router.isp

    def behaves(self, **other: Any) -> None:
        """Tell the provider how to answer from now on."""
        self.told = {**self.told, **other}
        fresh = self.folder / "behaviour.new"
        fresh.write_text(json.dumps(self.told))
        fresh.replace(self.folder / "behaviour")

    def start(self) -> None:
        """Start the wan role with the capabilities of roles.py, and nothing else."""
        only = ",".join(["-all", *(f"+{one}" for one in ROLES["wan"].capabilities)])
        self.role = self.router.inside.start(
            *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"),
            *(f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}"),
            *(sys.executable, "-c", ROLE, str(self.router.state)),
            env={"PYTHONPATH": str(self.router.program)},
        )

    def kill(self) -> None:
        assert self.role
        self.role.send_signal(signal.SIGKILL)
        self.role.wait()

    def provide(self) -> None:
        """Start the provider's server."""
        self.behaves()
        self.server = self.isp.start(
            *(sys.executable, "-m", "tests.live.isp", "eth0"),
            *(str(self.folder / "behaviour"), str(self.folder / "said")),
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        until(lambda: self._listens(), "the provider's server listens")

    def _listens(self) -> bool:
        return ":67" in self.isp.run("ss", "-ulnH")

    def said(self) -> list[str]:
        """What the provider heard: "REQUEST unicast " and the like."""
        log = self.folder / "said"
        return log.read_text().splitlines() if log.exists() else []

    def forget(self) -> None:
        (self.folder / "said").unlink(missing_ok=True)

    def way(self) -> Way:
        return self._look(ways.way, Way())

    def held(self) -> Held | None:
        return self._look(lambda file: ways.learned(file).held, None)

    def told_of(self, kind: type) -> list[Any]:
        entries = self._look(lambda file: list(read(file, 0, 10_000)), [])
        return [one.event for one in entries if isinstance(one.event, kind)]

    def stands(self, stand: Stand, seconds: float = SIGHT) -> Way:
        """Wait until the way out stands so."""
        until(lambda: self.way().stand is stand, f"it is {stand}, not {self.way()}", seconds)
        return self.way()

    def has(self, address: str, seconds: float = SIGHT) -> None:
        """Wait until the port has exactly this address."""
        wanted = {f"up0 {address}"} if address else set()

        def here() -> bool:
            return {one for one in self.router.addresses() if one.startswith("up0 ")} == wanted

        until(here, f"up0 has {address or 'no address'}", seconds)

    def routes(self) -> str:
        return self.router.inside.run("ip", "-4", "route")

    def flows(self) -> str:
        """The flows that the kernel knows, as it lists them."""
        return self.router.inside.run("cat", "/proc/net/nf_conntrack")

    def wish(self, kind: str, **fields: str) -> str:
        ident = f"wan-{time.monotonic_ns()}"
        with closing(self.router.web()) as connection:
            connection.execute(
                "INSERT INTO wish (id, role, kind, body, at) VALUES (?, 'wan', ?, ?, 0)",
                (ident, kind, body("wan", kind, **fields)),
            )
        return ident

    def _look(self, question: Any, absent: Any) -> Any:
        if not (self.router.state / "wan.db-shm").exists():
            return absent
        try:
            connection = reader(self.router.state / "wan.db")
        except Unreachable:
            return absent
        with closing(connection):
            return question(connection)


@pytest.fixture
def provided(program: Path, tmp_path: Path) -> Iterator[Provided]:
    """A LAN, a router whose config asks for DHCP, and a provider; nothing has been started but net
    and wan."""
    with namespaces("r", "lan", "isp") as (inside, lan, isp):
        cable(inside, "p1", lan, "eth0")
        cable(inside, "up0", isp, "eth0")
        for far, address in ((lan, "10.77.0.50/24"), (isp, "203.0.113.1/24")):
            far.run("ip", "link", "set", "eth0", "up")
            far.run("ip", "addr", "add", address, "dev", "eth0")
        lan.run("ip", "route", "add", "default", "via", "10.77.0.1")
        state = Path(tempfile.mkdtemp(prefix="nx-wan-"))
        os.chown(state, USER, USER)
        router = Router(inside, lan, isp, program, state)
        router.start()
        one = Provided(router, tmp_path)
        one.start()
        yield one
    shutil.rmtree(state)
