"""A clock that is set: trials and leases count by the machine's uptime."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.store.leases import leases
from appliance.store.open import reader
from appliance.trial import NO_KEEP
from tests.live.lan_client import LanClient
from tests.live.standing import made, print_logs, removed
from tests.live.waiting import until

pytestmark = pytest.mark.live

YEAR = 365 * 86_400
HOUR, SECONDS = 3_600, 6


@pytest.fixture(scope="module")
def client() -> Iterator[LanClient]:
    router = made("clock")
    clock(router.home, 0)
    try:
        router.start(f"clock={router.home}/clock", "machines=none")
        here = LanClient(router)
        here.plug_in()
        until(here.is_served, "everything is served")
        yield here
    except BaseException:
        print_logs(router)
        raise
    finally:
        router.stop()
        removed(router)


def clock(home: Path, seconds: int) -> None:
    """From now on the roles' wall clock is off by so much."""
    fresh = home / "clock.new"
    fresh.write_text(str(seconds))
    fresh.replace(home / "clock")


def moved(client: LanClient, seconds: int) -> str:
    """Put a move of the LAN on trial; the change."""
    router = client.router
    config = router.client.get("/config")["config"]
    lan = config["networks"][0]
    lan["address"] = "10.91.0.1/24"
    lan["dhcp"]["pool"] |= {"first": "10.91.0.100", "last": "10.91.0.199"}
    change = str(router.client.post("/config", config, seconds=seconds)["wish"])
    until(lambda: state(client, change) in ("on trial", "undone"), "it is tried")
    return change


def state(client: LanClient, change: str) -> str:
    """How that change stands; "" before net has it."""
    newest = client.router.client.get("/change")
    return str(newest["state"]) if newest["id"] == change else ""


@pytest.mark.parametrize("seconds", [YEAR, -YEAR], ids=["a year on", "a year back"])
def test_a_clock_that_is_set_ends_no_trial(client: LanClient, seconds: int) -> None:
    home = client.router.home
    change = moved(client, 600)
    try:
        clock(home, seconds)
        client.router.inside("sleep", "3")
        assert state(client, change) == "on trial"
    finally:
        clock(home, 0)
        client.router.client.post(f"/change/{change}/undo")
        until(lambda: state(client, change) == "undone", "it is undone")


@pytest.mark.parametrize("seconds", [YEAR, -YEAR], ids=["a year on", "a year back"])
def test_a_clock_that_is_set_prolongs_no_trial(client: LanClient, seconds: int) -> None:
    home = client.router.home
    change = moved(client, SECONDS)
    try:
        clock(home, seconds)
        until(lambda: state(client, change) == "undone", "it is undone")
        assert client.router.client.get("/change")["why"] == NO_KEEP
        until(client.is_served, "everything is served")
    finally:
        clock(home, 0)


def ends(client: LanClient) -> float:
    """When the last lease ends, as others read it by the clock."""
    with closing(reader(client.router.state / "leases.db")) as file:
        return max(one.ends_at for one in leases(file) if one.state == "bound")


@pytest.mark.parametrize("seconds", [YEAR, -YEAR], ids=["a year on", "a year back"])
def test_a_clock_that_is_set_ends_no_lease(client: LanClient, seconds: int) -> None:
    home, address = client.router.home, until(client.leased, "there is a lease")
    before = ends(client)
    try:
        clock(home, seconds)
        until(lambda: abs(ends(client) - before - seconds) < HOUR, "the lease moves along")
        assert client.leased() == address
    finally:
        clock(home, 0)
        until(lambda: abs(ends(client) - before) < HOUR, "it moves back")


def test_a_clock_that_is_set_while_dhcp_is_away_ends_no_lease(client: LanClient) -> None:
    home, address = client.router.home, until(client.leased, "there is a lease")
    before = ends(client)
    try:
        clock(home, YEAR)
        os.kill(client.router.pid("dhcp"), signal.SIGKILL)
        until(lambda: abs(ends(client) - before - YEAR) < HOUR, "the lease moves along")
        until(lambda: client.leased() == address, "it is renewed")
    finally:
        clock(home, 0)
        until(lambda: abs(ends(client) - before) < HOUR, "it moves back")


@pytest.mark.parametrize("seconds", [YEAR, -YEAR], ids=["a year on", "a year back"])
def test_a_clock_that_is_set_takes_no_old_address_away(client: LanClient, seconds: int) -> None:
    router, address = client.router, until(client.leased, "there is a lease")
    assert address.startswith("10.77.0.")
    router.client.post(f"/change/{moved(client, 600)}/keep")
    until(lambda: leaving(client) == ["10.77.0.1/24"], "the old address stays")
    try:
        clock(router.home, seconds)
        for _ in range(2):  # what the first look does is done when the second one begins
            router.inside("ip", "addr", "del", "10.91.0.1/24", "dev", "br-lan")
            until(lambda: "10.91.0.1" in router.inside("ip", "addr").stdout, "net has looked")
        assert leaving(client) == ["10.77.0.1/24"]
    finally:
        clock(router.home, 0)
        back = router.client.get("/config")["config"]
        lan = back["networks"][0]
        lan["address"] = "10.77.0.1/24"
        lan["dhcp"]["pool"] |= {"first": "10.77.0.100", "last": "10.77.0.199"}
        change = str(router.client.post("/config", back, seconds=600)["wish"])
        until(lambda: state(client, change) == "on trial", "it is tried")
        router.client.post(f"/change/{change}/keep")
        until(client.is_served, "everything is served")


def leaving(client: LanClient) -> list[str]:
    """The old addresses that are kept until nobody needs them."""
    return [one["address"] for one in client.router.client.get("/change")["leaving"]]
