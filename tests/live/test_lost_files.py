"""State files that somebody takes away under a running router: it makes them again, and goes on.

Every role runs as `nixie lab` starts it.  What only the lost file held is lost; nothing else is.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.roles import ROLES
from appliance.store.open import started
from tests.live.lan_client import LanClient
from tests.live.standing import Router, standing
from tests.live.waiting import until

pytestmark = pytest.mark.live

WRITER = {
    path: role.name for role in ROLES.values() for path in role.writes if path.endswith(".db")
}


@pytest.fixture(scope="module")
def client() -> Iterator[LanClient]:
    with standing("lost") as router:
        made = LanClient(router)
        made.plug_in()
        until(made.is_served, "everything is served")
        yield made


def pids(router: Router) -> dict[str, int]:
    return {name: router.pid(name) for name in ROLES}


def told(router: Router) -> list[str]:
    status = json.loads((router.state / "run/supervisor.json").read_text())
    return [sentence for _, sentence in status["events"]]


def restarted(router: Router, name: str, before: int) -> None:
    until(
        lambda: router.role(name).get("pid") not in (None, before) and router.runs([name]),
        f"{name} runs again",
    )


@pytest.mark.parametrize("file", sorted(WRITER))
def test_a_database_that_is_gone_costs_nobody_but_its_role(client: LanClient, file: str) -> None:
    router, writer = client.router, WRITER[file]
    before = pids(router)
    (router.state / file).unlink()
    restarted(router, writer, before[writer])
    until(lambda: started(router.state / file), "its tables are there again")
    until(client.is_served, "everything is served")
    assert f"{router.state / file} was gone; it is made again, empty." in told(router)
    after = pids(router)
    assert [name for name in ROLES if after[name] != before[name]] == [writer]
    assert router.role(writer)["why"] == ""  # it was told to start anew, it did not fail


def test_a_configuration_outlives_the_inventory(client: LanClient) -> None:
    router = client.router
    before = router.client.get("/config")
    web = router.pid("web")
    (router.state / "nixie.db").unlink()
    restarted(router, "web", web)
    until(router.answers, "the API answers")
    assert router.client.get("/config")["config"] == before["config"]
    assert router.client.get("/config")["number"] == before["number"]


def test_everything_at_once_may_be_gone(client: LanClient) -> None:
    router = client.router
    before = pids(router)
    for file in WRITER:
        for one in (file, f"{file}-wal", f"{file}-shm"):
            (router.state / one).unlink(missing_ok=True)  # its role may end meanwhile
    for name in ROLES:
        restarted(router, name, before[name])
    until(client.is_served, "everything is served")
    assert router.process is not None
    assert router.process.poll() is None


SERVES: dict[str, Callable[[LanClient], bool]] = {
    "dhcp": lambda client: client.leased(8).startswith("10.77.0."),
    "dns": lambda client: client.resolved() == "10.77.0.1",
    "boot": lambda client: client.script().startswith("#!ipxe"),
}


@pytest.mark.parametrize("role", SERVES)
def test_a_packet_role_starts_with_its_own_file_alone(client: LanClient, role: str) -> None:
    """net.db is damaged, so that nothing is published; the others are gone."""
    router = client.router
    own = next(file for file, writer in WRITER.items() if writer == role)
    until(lambda: SERVES[role](client), f"{role} serves")
    until(lambda: all((router.state / one).exists() for one in WRITER), "every file is there")
    damage(router.state / "net.db")
    until(lambda: not router.runs(["net"]), "net ends")
    until(lambda: "is damaged" in router.role("net").get("why", ""), "net says what is wrong")
    for file in WRITER.keys() - {own, "net.db"}:
        (router.state / file).unlink()
    before = router.pid(role)
    os.kill(before, signal.SIGKILL)
    restarted(router, role, before)
    assert until(lambda: SERVES[role](client), f"{role} serves")
    assert "is damaged" in router.role("net")["why"]
    (router.state / "net.db").unlink()
    until(lambda: router.runs(list(ROLES)), "every role runs")
    until(client.is_served, "everything is served")


def damage(path: Path) -> None:
    """Put something else in its place."""
    other = path.with_name("other")
    other.write_bytes(b"no database at all, but long enough to be one" * 99)
    other.replace(path)
