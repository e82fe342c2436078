"""Changes on trial in a whole router, by `nixie change`, while its roles are mistreated."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from appliance.cli.client import REFUSED, Failed
from appliance.trial import NO_KEEP, RESTART
from tests.live.lan_client import LanClient
from tests.live.standing import Router, standing
from tests.live.waiting import until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def client() -> Iterator[LanClient]:
    with standing("trial") as router:
        made = LanClient(router)
        made.plug_in()
        until(made.is_served, "everything is served")
        yield made


@pytest.fixture
def router(client: LanClient) -> Iterator[Router]:
    yield client.router
    until(lambda: newest(client.router)["state"] not in ("on its way", "on trial"), "it is over")


def nixie(router: Router, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    """The command line, as root on this box uses it."""
    return subprocess.run(
        [str(router.home / "venv/bin/python"), "-P", "-m", "appliance", "change", *words,
         "--state", str(router.state)],
        env={**os.environ, "PYTHONPATH": router.program},
        input=given, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def newest(router: Router) -> dict[str, Any]:
    found: dict[str, Any] = router.client.get("/change")
    return found


def renumbered(router: Router, network: int) -> str:
    """The configuration with its LAN at 10.<network>.0.1."""
    config = router.client.get("/config")["config"]
    lan = config["networks"][0]
    lan["address"] = f"10.{network}.0.1/24"
    lan["dhcp"]["pool"] |= {"first": f"10.{network}.0.100", "last": f"10.{network}.0.199"}
    return json.dumps(config)


def lan(router: Router) -> set[str]:
    """The router's addresses on its LAN: on trial the new one, with those from before beside it."""
    return set(router.inside("ip", "-4", "-br", "addr", "show", "br-lan").stdout.split()[2:])


def propose(router: Router, network: int, seconds: int = 600) -> dict[str, Any]:
    """Put a renumbering on trial; the change."""
    before = lan(router)
    done = nixie(
        router, "propose", "-", "--seconds", str(seconds), given=renumbered(router, network)
    )
    assert done.returncode == 0, done.stderr
    assert "is on trial for" in done.stdout
    assert lan(router) == {*before, f"10.{network}.0.1/24"}
    return newest(router)


def ended(router: Router, state: str, why: str) -> None:
    def told() -> bool:
        found = newest(router)
        return (found["state"], found["why"]) == (state, why)

    until(router.answers, "the API answers")
    until(told, f"it is {state}")


def test_without_keep_the_network_is_back(client: LanClient, router: Router) -> None:
    before = lan(router)
    propose(router, 81, 15)
    ended(router, "undone", NO_KEEP)
    assert lan(router) == before
    until(client.is_served, "everything is served")
    said = nixie(router, "keep")
    assert (said.returncode, NO_KEEP in said.stderr) == (3, True)


def test_keep_keeps_it_until_it_is_reverted(client: LanClient, router: Router) -> None:
    before = lan(router)
    config = router.client.get("/config")
    propose(router, 82)
    assert nixie(router, "keep").stdout == f"Revision {newest(router)['revision']} is kept.\n"
    assert "10.82.0.1/24" in lan(router)
    # our client's lease is from before
    until(lambda: client.resolved("10.77.0.1") == "10.82.0.1", "its name server is still there")
    back = nixie(router, "revert", str(config["number"]))
    assert back.returncode == 0, back.stderr
    assert nixie(router, "keep").returncode == 0
    until(lambda: lan(router) == before, "the address that nobody has a lease from is gone")
    listed = nixie(router, "list").stdout.splitlines()
    assert next(line for line in listed if "in force" in line).split()[0] == str(config["number"])
    until(client.is_served, "everything is served")


def test_undo_takes_the_change_back(router: Router) -> None:
    before = lan(router)
    propose(router, 83)
    said = nixie(router, "undo")
    assert said.returncode == 0, said.stderr
    assert "is undone: this box took it back." in said.stdout
    assert lan(router) == before


def test_a_second_change_is_a_conflict(router: Router) -> None:
    change = propose(router, 84)
    other = json.loads(renumbered(router, 85))
    with pytest.raises(Failed, match="Keep or undo it first") as failed:
        router.client.post("/config", other)
    assert failed.value.code == REFUSED
    with pytest.raises(Failed, match="This change is over"):
        router.client.post("/change/older/keep")
    router.client.post(f"/change/{change['id']}/undo")


def test_net_standing_still_means_undo(client: LanClient, router: Router) -> None:
    before, pid = lan(router), router.pid("net")
    propose(router, 86, 600)
    os.kill(pid, signal.SIGSTOP)
    ended(router, "undone", RESTART)
    assert router.pid("net") != pid
    assert lan(router) == before
    until(client.is_served, "everything is served")


@pytest.mark.parametrize("role", ["dhcp", "dns", "boot", "build", "web"])
def test_any_other_role_may_die_during_a_trial(router: Router, role: str) -> None:
    before, pid = lan(router), router.pid(role)
    change = propose(router, 87)
    os.kill(pid, signal.SIGKILL)
    until(lambda: router.role(role).get("pid") not in (None, pid), f"{role} is back")
    until(router.answers, "the API answers")
    assert (newest(router)["id"], newest(router)["state"]) == (change["id"], "on trial")
    assert nixie(router, "undo").returncode == 0
    assert lan(router) == before


@pytest.mark.parametrize("over", [Router.stop, Router.cut_power], ids=["stopped", "cut off"])
def test_a_restart_of_everything_means_undo(router: Router, over: Callable[[Router], None]) -> None:
    before = lan(router)
    propose(router, 88, 600)
    over(router)
    router.start()
    ended(router, "undone", RESTART)
    assert lan(router) == before
