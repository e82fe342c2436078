"""Each kind of mistake without Keep, while roles are mistreated: everything is back in time."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from appliance.cli.client import REFUSED, Failed
from tests.live.lan_client import LanClient
from tests.live.standing import Router, standing
from tests.live.waiting import until

pytestmark = pytest.mark.live

SECONDS, GRACE = 6, 5


@pytest.fixture(scope="module")
def client() -> Iterator[LanClient]:
    with standing("matrix") as router:
        made = LanClient(router)
        made.plug_in()
        until(made.is_served, "everything is served", 60)
        yield made


def address(config: dict[str, Any]) -> None:
    """The LAN is somewhere else."""
    lan = config["networks"][0]
    lan["address"] = "10.91.0.1/24"
    lan["dhcp"]["pool"] |= {"first": "10.91.0.100", "last": "10.91.0.199"}


def dhcp(config: dict[str, Any]) -> None:
    """Nobody is given an address."""
    config["networks"][0]["dhcp"] = None


def names(config: dict[str, Any]) -> None:
    """The router and its domain are called otherwise."""
    config["hostname"], config["domain"] = "other", "elsewhere"


def port(config: dict[str, Any]) -> None:
    """The LAN has lost its cable."""
    config["networks"][0]["ports"] = []


def admin(config: dict[str, Any]) -> None:
    """The firewall lets nobody manage the router."""
    for zone in config["zones"]:
        zone["manages"] = False


def network(config: dict[str, Any]) -> None:
    """There is no LAN any more."""
    config["networks"] = []


MISTAKES = (address, dhcp, names, port, admin, network)


def nothing(_router: Router) -> None:
    """Only time passes."""


def killed(role: str) -> Callable[[Router], None]:
    def kill(router: Router) -> None:
        os.kill(router.pid(role), signal.SIGKILL)

    kill.__name__ = f"{role} killed"
    return kill


def net_stopped(router: Router) -> None:
    """net stands still: it is found out by its beat, and started again."""
    os.kill(router.pid("net"), signal.SIGSTOP)


def second_apply(router: Router) -> None:
    """Somebody else wants another change meanwhile."""
    config = router.client.get("/config")["config"]
    config["hostname"] = "third"
    with pytest.raises(Failed) as failed:
        router.client.post("/config", config)
    assert failed.value.code == REFUSED


TROUBLES = (
    nothing,
    *(killed(role) for role in ("net", "dhcp", "dns", "boot", "build", "web")),
    net_stopped,
    second_apply,
)


def picture(router: Router) -> str:
    """Addresses, ports and filter, as the kernel's tools print them."""
    shown = (
        ("ip", "-br", "-4", "addr"),
        ("ip", "-br", "link", "show", "master", "br-lan"),
        ("ip", "-4", "route"),
        ("nft", "-s", "list", "table", "inet", "nixie"),
    )
    return "\n".join(router.inside(*words).stdout for words in shown)


def undone_in_time(
    router: Router, mistake: Callable[[dict[str, Any]], None], trouble: Callable[[Router], None]
) -> None:
    before = picture(router)
    config = router.client.get("/config")["config"]
    mistake(config)
    change = router.client.post("/config", config, seconds=SECONDS)["wish"]
    until(lambda: router.client.get("/change")["state"] == "on trial", "it is on trial")
    deadline = time.monotonic() + SECONDS
    assert picture(router) != before or mistake is names
    trouble(router)
    patience = 30 if trouble is net_stopped else GRACE  # until its silence is found out
    until(lambda: picture(router) == before, "it is back", deadline - time.monotonic() + patience)
    until(router.answers, "the API answers", 60)
    until(lambda: router.client.get("/change")["state"] == "undone", "that is told", 30)
    assert router.client.get("/change")["id"] == change


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.__name__)
def test_without_keep_every_mistake_is_undone(
    client: LanClient, mistake: Callable[[dict[str, Any]], None]
) -> None:
    undone_in_time(client.router, mistake, nothing)
    until(client.is_served, "everything is served", 30)


@pytest.mark.parametrize("trouble", TROUBLES[1:], ids=lambda one: one.__name__)
def test_a_trial_is_undone_whatever_happens_meanwhile(
    client: LanClient, trouble: Callable[[Router], None]
) -> None:
    undone_in_time(client.router, address, trouble)
    until(client.is_served, "everything is served", 30)


def test_after_a_power_cut_the_kept_configuration_runs(client: LanClient) -> None:
    router = client.router
    before = picture(router)
    config = router.client.get("/config")["config"]
    address(config)
    router.client.post("/config", config, seconds=600)
    until(lambda: router.client.get("/change")["state"] == "on trial", "it is on trial")
    assert router.process is not None
    router.process.send_signal(signal.SIGKILL)
    router.process.wait(60)
    router.start()
    until(lambda: picture(router) == before, "it is back", 60)
    until(lambda: router.client.get("/change")["state"] == "undone", "that is told", 30)


@pytest.mark.soak
def test_at_the_usual_deadline_it_is_undone(client: LanClient) -> None:
    router = client.router
    before = picture(router)
    config = router.client.get("/config")["config"]
    address(config)
    router.client.post("/config", config)
    until(lambda: router.client.get("/change")["state"] == "on trial", "it is on trial")
    until(lambda: picture(router) == before, "it is back", 90 + GRACE)
