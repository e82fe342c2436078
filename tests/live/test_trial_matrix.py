"""Each kind of mistake × each kind of trouble, without Keep: everything is back in time.

Four whole routers stand side by side and share the cases, each with a client on its LAN.
"""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from queue import SimpleQueue
from typing import Any

import pytest

from appliance.cli.client import REFUSED, Failed
from appliance.store.open import reader
from appliance.store.trials import trial
from tests.live.lan_client import LanClient
from tests.live.standing import Router, standing
from tests.live.waiting import until

pytestmark = pytest.mark.live

SIDE_BY_SIDE = 4
CAST = ("admin=lan", "machines=none")
SECONDS, GRACE = 6, 5
START_SECONDS = 60  # of a whole router, beside three others
MADE_ANEW = re.compile(r"@if\d+|([0-9a-f]{2}:){5}[0-9a-f]{2}")
ROLES = ("net", "dhcp", "dns", "wan", "boot", "build", "web")


# ── mistakes ──────────────────────────────────────────────────────────────────────────────────────

Config = dict[str, Any]


def address(config: Config) -> None:
    """The LAN is somewhere else."""
    lan = config["networks"][0]
    lan["address"] = "10.91.0.1/24"
    lan["dhcp"]["pool"] |= {"first": "10.91.0.100", "last": "10.91.0.199"}


def port(config: Config) -> None:
    """The LAN has lost its cable."""
    config["networks"][0]["ports"] = []


def firewall(config: Config) -> None:
    """Nobody gets out to the internet."""
    for zone in config["zones"]:
        zone["reaches"] = []


def dhcp(config: Config) -> None:
    """Nobody is given an address."""
    config["networks"][0]["dhcp"] = None


def names(config: Config) -> None:
    """The router and its domain are called otherwise."""
    config["hostname"], config["domain"] = "other", "elsewhere"


def admin(config: Config) -> None:
    """Only a network that nobody is in may open the admin."""
    config["zones"][0]["manages"] = False
    config["zones"].append({"name": "nobody", "manages": True})
    config["networks"].append(
        {
            "name": "nobody",
            "bridge": "br-nobody",
            "ports": [],
            "address": "10.99.0.1/24",
            "zone": "nobody",
        }
    )


def network(config: Config) -> None:
    """There is no LAN any more."""
    config["networks"] = []


MISTAKES = (address, port, firewall, dhcp, names, admin, network)


# ── troubles ──────────────────────────────────────────────────────────────────────────────────────


def nothing(_client: LanClient) -> None:
    """Only time passes."""


def killed(role: str) -> Callable[[LanClient], None]:
    return signalled(role, signal.SIGKILL, f"{role} killed")


def stopped(role: str) -> Callable[[LanClient], None]:
    return signalled(role, signal.SIGSTOP, f"{role} stopped")


def signalled(role: str, number: int, name: str) -> Callable[[LanClient], None]:
    """The role gets a signal, if it is there: with no network left dhcp is not."""

    def send(client: LanClient) -> None:
        if pid := client.router.role(role).get("pid"):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    send.__name__ = name
    return send


def rebooted(client: LanClient) -> None:
    """The power was cut: no process is left, and the kernel knows nothing."""
    client.router.cut_power()
    client.router.start(*CAST)
    client.plug_in()


def second_apply(client: LanClient) -> None:
    """Somebody else wants another change meanwhile."""
    config = client.router.client.get("/config")["config"]
    config["hostname"] = "third"
    with pytest.raises(Failed) as failed:
        client.router.client.post("/config", config)
    assert failed.value.code == REFUSED


TROUBLES = (nothing, *map(killed, ROLES), stopped("net"), rebooted)
"""Every mistake meets these."""
MORE_TROUBLES = (*(stopped(role) for role in ROLES if role != "net"), second_apply)
"""One mistake meets these."""

Mistake, Trouble = Callable[[Config], None], Callable[[LanClient], None]
CASES = (
    *((mistake, trouble) for mistake in MISTAKES for trouble in TROUBLES),
    *((address, trouble) for trouble in MORE_TROUBLES),
)


# ── one case ──────────────────────────────────────────────────────────────────────────────────────


def picture(router: Router) -> str:
    """Addresses, ports and filter, as the kernel's tools print them.

    Not what it does not mean: the order of counters, and cards that a start makes anew.
    """
    shown = (
        ("ip", "-br", "-4", "addr"),
        ("ip", "-br", "link", "show", "master", "br-lan"),
        ("ip", "-4", "route"),
        ("nft", "-s", "list", "table", "inet", "nixie"),
    )
    printed = "\n".join(router.inside(*words).stdout for words in shown)
    return "\n".join(sorted(MADE_ANEW.sub("", printed).splitlines()))


def state(router: Router) -> str:
    """How the newest trial stands, by net's own word."""
    with closing(reader(router.state / "net.db")) as connection:
        row = trial(connection)
    return row.state if row else ""


def is_whole(client: LanClient) -> bool:
    """Are there addresses, names, boots and the admin?"""
    return client.is_served() and client.opens_admin()


def undone_in_time(
    client: LanClient, mistake: Mistake, trouble: Trouble, seconds: int = SECONDS
) -> None:
    router = client.router
    before = picture(router)
    config = router.client.get("/config")["config"]
    mistake(config)
    change = router.client.post("/config", config, seconds=seconds)["wish"]
    until(lambda: state(router) == "pending", "it is on trial")
    deadline = time.monotonic() + seconds
    assert picture(router) != before or mistake is names
    trouble(client)
    left = max(deadline - time.monotonic(), 0)
    until(
        lambda: (state(router), picture(router)) == ("undone", before), "it is back", left + GRACE
    )
    until(lambda: is_whole(client), "everything is served", START_SECONDS)
    until(router.answers, "the API answers")
    told = router.client.get("/change")
    assert (told["id"], told["state"]) == (change, "undone")


def plugged_in(stack: ExitStack) -> LanClient:
    """A client of a router of its own, which stands as long as `stack` does."""
    made = LanClient(stack.enter_context(standing("matrix", cast=CAST)))
    made.plug_in()
    until(lambda: is_whole(made), "everything is served", START_SECONDS)
    return made


@pytest.fixture(scope="module")
def outcomes() -> Iterator[Mapping[tuple[Mistake, Trouble], Future[None]]]:
    """What becomes of each case; they begin in order, whichever router is free takes the next."""
    free: SimpleQueue[LanClient] = SimpleQueue()

    def tried(case: tuple[Mistake, Trouble]) -> None:
        client = free.get()
        try:
            undone_in_time(client, *case)
        finally:
            with suppress(AssertionError):
                until(lambda: is_whole(client), "the next case finds a whole router", START_SECONDS)
            free.put(client)

    with ExitStack() as stack, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for client in pool.map(plugged_in, [stack] * SIDE_BY_SIDE):
            free.put(client)
        yield {case: pool.submit(tried, case) for case in CASES}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(
    ("mistake", "trouble"), CASES, ids=lambda one: one.__name__.replace("_", " ")
)
def test_without_keep_everything_is_back(
    outcomes: Mapping[tuple[Mistake, Trouble], Future[None]], mistake: Mistake, trouble: Trouble
) -> None:
    outcomes[mistake, trouble].result()


@pytest.mark.soak
def test_at_the_usual_deadline_everything_is_back() -> None:
    with ExitStack() as stack:
        undone_in_time(plugged_in(stack), address, nothing, seconds=90)
