"""What a trial is to devices on the LAN: nobody loses the network, whatever becomes of it."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.lan_client import LanClient
from tests.live.namespaces import run
from tests.live.standing import CHECKOUT, Router, standing
from tests.live.waiting import until

pytestmark = pytest.mark.live

DAY_LEASE = 43_200


@pytest.fixture(scope="module")
def plugged_in() -> Iterator[LanClient]:
    with standing("clients", cast=("admin=lan", "machines=none")) as router:
        made = LanClient(router)
        made.plug_in()
        until(made.is_served, "everything is served")
        yield made


@pytest.fixture
def client(plugged_in: LanClient) -> Iterator[LanClient]:
    """A client; whatever becomes of the test, the LAN is where it was."""
    yield plugged_in
    back(plugged_in)


def newest(router: Router) -> dict[str, Any]:
    found: dict[str, Any] = router.client.get("/change")
    return found


def moved(client: LanClient, network: int, name: str = "lan") -> str:
    """Put a move of the LAN to 10.<network>.0.1, under that name, on trial; the change."""
    router = client.router
    config = router.client.get("/config")["config"]
    lan = config["networks"][0]
    lan["name"], lan["address"] = name, f"10.{network}.0.1/24"
    lan["dhcp"]["pool"] |= {"first": f"10.{network}.0.100", "last": f"10.{network}.0.199"}
    change = str(router.client.post("/config", config, seconds=600)["wish"])
    until(lambda: newest(router)["state"] == "on trial", "it is on trial")
    address = f"10.{network}.0.9/24"
    run("ip", "-n", client.namespace, "addr", "replace", address, "dev", "dev0")
    until(lambda: client.resolved(f"10.{network}.0.1"), "names are answered there")
    return change


def end(client: LanClient, change: str, how: str, state: str) -> None:
    client.router.client.post(f"/change/{change}/{how}")
    until(lambda: newest(client.router)["state"] == state, f"it is {state}")


def back(client: LanClient) -> None:
    """The LAN is where the lab has it."""
    if newest(client.router)["state"] == "on trial":
        end(client, newest(client.router)["id"], "undo", "undone")
    config = client.router.client.get("/config")["config"]
    if config["networks"][0]["address"] != "10.77.0.1/24":
        end(client, moved(client, 77), "keep", "kept")
    until(client.is_served, "everything is served")


def inside(client: LanClient, *words: str) -> str:
    done = subprocess.run(
        ["ip", "netns", "exec", client.namespace, *words],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done.stdout.strip()


def renewed(client: LanClient, number: int, address: str, server: str) -> str:
    """What a holder of a lease is told."""
    run("ip", "-n", client.namespace, "addr", "replace", f"{address}/24", "dev", "dev0")
    script = str(CHECKOUT / "tests/live/dhcp_renew.py")
    words = ("env", f"PYTHONPATH={CHECKOUT}", sys.executable, script, "dev0")
    return inside(client, *words, str(number), address, server)


def is_told(client: LanClient, number: int, address: str, server: str, what: str) -> None:
    """dhcp follows within a second: then that is what the holder hears."""
    until(lambda: renewed(client, number, address, server) == what, f"{address} is told {what}")


def leaving(client: LanClient) -> list[str]:
    """The old addresses that are kept until nobody needs them."""
    return [one["address"] for one in newest(client.router)["leaving"]]


def is_given(client: LanClient, number: int, network: str) -> str:
    """The address in that network that a new client is given, once dhcp follows."""
    given: list[str] = []

    def leased() -> bool:
        given.append(client.leased(number))
        return given[-1].startswith(network)

    until(leased, f"an address of {network} is given")
    return given[-1]


def test_a_client_lives_through_a_trial_that_is_undone(client: LanClient) -> None:
    address = client.leased(21)
    change = moved(client, 81)
    is_told(client, 21, address, "10.77.0.1", "ack 60 10.77.0.1")
    until(lambda: client.resolved("10.77.0.1"), "names are answered at the old address")
    end(client, change, "undo", "undone")
    is_told(client, 21, address, "10.77.0.1", f"ack {DAY_LEASE} 10.77.0.1")


def test_a_client_of_the_tried_network_is_sent_back_after_an_undo(client: LanClient) -> None:
    before = client.leased(22)
    change = moved(client, 82)
    tried = is_given(client, 22, "10.82.0.")
    is_told(client, 22, tried, "10.82.0.1", "ack 60 10.82.0.1")
    end(client, change, "undo", "undone")
    is_told(client, 22, tried, "10.82.0.1", "nak")
    assert is_given(client, 22, "10.77.0.") == before


def test_after_keep_a_client_moves_at_its_next_renewal(client: LanClient) -> None:
    address = client.leased(23)
    change = moved(client, 83)
    end(client, change, "keep", "kept")
    until(lambda: client.resolved("10.77.0.1"), "the old address is still its name server")
    until(lambda: leaving(client) == ["10.77.0.1/24"], "the old address is leaving")
    is_told(client, 23, address, "10.77.0.1", "nak")
    is_given(client, 23, "10.83.0.")


def test_everything_answers_at_both_addresses(client: LanClient) -> None:
    change = moved(client, 84)
    for server in ("10.77.0.1", "10.84.0.1"):
        until(lambda at=server: client.resolved(at), f"names are answered at {server}")
        until(lambda at=server: client.script(at).startswith("#!ipxe"), f"boots at {server}")
        until(lambda at=server: client.opens_admin(at), f"the admin opens at {server}")
    end(client, change, "undo", "undone")


def test_the_routers_own_checks_stand_with_the_change(client: LanClient) -> None:
    change = moved(client, 85)

    def asked() -> dict[str, bool | None]:
        return {one["name"]: one["ok"] for one in newest(client.router)["probes"]}

    admin = "The admin at 10.85.0.1"
    wanted = ("lan hands out addresses", "Names on lan", "Internet", admin)
    until(lambda: all(asked().get(name) for name in wanted), f"{wanted} are ok: {asked()}")
    assert asked()["Names of the internet"] is None  # the lab's provider refuses the root
    end(client, change, "undo", "undone")


def test_a_network_that_moves_under_a_new_name_takes_its_clients_along(
    client: LanClient,
) -> None:
    address = client.leased(24)
    change = moved(client, 86, name="office")
    is_told(client, 24, address, "10.77.0.1", "ack 60 10.77.0.1")
    end(client, change, "undo", "undone")
    is_told(client, 24, address, "10.77.0.1", f"ack {DAY_LEASE} 10.77.0.1")
    end(client, moved(client, 87, name="office"), "keep", "kept")
    until(lambda: "10.77.0.1/24" in leaving(client), "the old address is leaving")
    is_told(client, 24, address, "10.77.0.1", "nak")
    is_given(client, 24, "10.87.0.")
