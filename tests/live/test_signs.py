"""Each role by itself, heard by a listener: ready when it serves, silent when it hangs."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.model.dns import Dns
from appliance.model.slices import DnsSlice, Slices, to_json
from appliance.roles import ROLES
from appliance.store.open import writer
from appliance.store.trials import MIGRATIONS
from tests.live.waiting import until

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
OWN = {"net": "net.db", "dhcp": "leases.db", "dns": "dns.db", "boot": "boot.db",
       "build": "build.db", "web": "nixie.db", "wan": "wan.db", "notice": "notice.db"}  # fmt: skip
BEATS_SECONDS = 6.0
"""Three signs of life would have come."""
PATIENCE_SECONDS = 60.0
"""For a role that is only slow."""

# SIGUSR1 stops the loop for good, as a bug in the role would.
ROLE = """
import signal, sys, time
from appliance import assemble
part = assemble.PARTS[sys.argv[1]]

async def stopped_on_demand(fault, signs):
    import asyncio
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, time.sleep, 3600)
    await part(fault, signs)

assemble.PARTS = {sys.argv[1]: stopped_on_demand}
sys.exit(assemble.role(sys.argv[1]))
"""


@dataclass
class Listener:
    """What a role told us."""

    signs: socket.socket
    process: "subprocess.Popen[str]"

    def next(self, seconds: float) -> str | None:
        self.signs.settimeout(seconds)
        try:
            return self.signs.recv(4096).decode()
        except TimeoutError:
            return None

    def until_ready(self) -> None:
        while (said := self.next(PATIENCE_SECONDS)) != "READY=1":
            assert said is not None, self.process.communicate(timeout=1)


@contextmanager
def listening(role: str, state: Path) -> Iterator[Listener]:
    for folder in ("run", "secrets/web", "published", "gcroots", "sources", "logs/builds"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as signs:
        signs.bind(str(state / "run/notify"))
        process = subprocess.Popen(
            [sys.executable, "-c", ROLE, role],
            cwd=ROOT,
            env={
                **os.environ,
                "NIXIE_STATE": str(state),
                "LISTEN_PID": "",
                "NOTIFY_SOCKET": str(state / "run/notify"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield Listener(signs, process)
        finally:
            process.kill()
            process.communicate()


def publish(state: Path) -> None:
    told = json.dumps(to_json(Slices(1, (), DnsSlice("nixie", "lan", (), Dns()), ())))
    with closing(writer(state / "net.db", MIGRATIONS)) as connection:
        connection.execute("INSERT INTO slice VALUES (1, 1, ?, 0)", (told,))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_whose_loop_stands_still_is_silent(role: str, tmp_path: Path) -> None:
    publish(tmp_path)
    with listening(role, tmp_path) as role_:
        role_.until_ready()
        assert role_.next(PATIENCE_SECONDS) == "WATCHDOG=1"
        assert role_.next(PATIENCE_SECONDS) == "WATCHDOG=1"
        role_.process.send_signal(signal.SIGUSR1)
        until(lambda: role_.next(BEATS_SECONDS) is None, "it is silent")
        assert role_.process.poll() is None


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_cannot_start_never_says_that_it_serves(role: str, tmp_path: Path) -> None:
    (tmp_path / OWN[role]).write_bytes(b"no database at all, but long enough to be one" * 99)
    with listening(role, tmp_path) as role_:
        assert role_.process.wait(60) == 1
        heard = [said for said in iter(lambda: role_.next(0.1), None) if said != "WATCHDOG=1"]
    (words,) = heard
    assert words.startswith("STATUS=A database of this role")
    assert "is damaged (file is not a database)" in words


def test_dhcp_is_not_ready_before_it_knows_a_network(tmp_path: Path) -> None:
    with listening("dhcp", tmp_path) as role:
        assert {role.next(PATIENCE_SECONDS) for _ in range(2)} == {"WATCHDOG=1"}
        publish(tmp_path)
        role.until_ready()
