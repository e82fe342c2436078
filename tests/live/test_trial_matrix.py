"""Each kind of mistake × each kind of trouble, without Keep: everything is back in time.

Four whole routers stand side by side and share the cases, each with a client on its LAN.
"""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from functools import partial
from queue import SimpleQueue

import pytest

from appliance.cli.client import REFUSED, Client, Failed
from appliance.roles import ROLES as EVERY_ROLE
from appliance.store.open import reader
from appliance.store.trials import trial
from tests.live.lan_client import LanClient
from tests.live.standing import standing
from tests.live.trial_room import SECONDS, Config, Mistake, undone_in_time
from tests.live.waiting import until

pytestmark = pytest.mark.live

SIDE_BY_SIDE = 4
CAST = ("admin=lan", "machines=none")
START_SECONDS = 120  # of a whole router, beside three others
ROLES = ("net", "dhcp", "dns", "wan", "boot", "build", "web")
"""Those that have to do with the network, or with who looks at it."""


# ── mistakes ──────────────────────────────────────────────────────────────────────────────────────


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
OTHERS = tuple(role for role in EVERY_ROLE if role not in ROLES)
MORE_TROUBLES = (
    *(stopped(role) for role in EVERY_ROLE if role != "net"),
    *map(killed, OTHERS),
    second_apply,
)
"""One mistake meets these."""

Trouble = Callable[[LanClient], None]
CASES = (
    *((mistake, trouble) for mistake in MISTAKES for trouble in TROUBLES),
    *((address, trouble) for trouble in MORE_TROUBLES),
)


# ── one case ──────────────────────────────────────────────────────────────────────────────────────


class Plugged(LanClient):
    """A client on the LAN of a router whose changes are tried."""

    @property
    def client(self) -> Client:
        return self.router.client

    def shows(self, *words: str) -> str:
        return self.router.inside(*words).stdout

    def trial(self, change: str) -> str:
        with closing(reader(self.router.state / "net.db")) as connection:
            row = trial(connection)
        return row.state if row and row.nonce == change else ""

    def is_whole(self) -> bool:
        """Are there addresses, names, boots and the admin?"""
        return self.is_served() and self.opens_admin()

    def answers(self) -> bool:
        return self.router.answers()


def tried(client: Plugged, mistake: Mistake, trouble: Trouble, seconds: int = SECONDS) -> None:
    undone_in_time(
        client, mistake, partial(trouble, client), seconds=seconds, shows=mistake is not names
    )


def plugged_in(stack: ExitStack) -> Plugged:
    """A client of a router of its own, which stands as long as `stack` does."""
    made = Plugged(stack.enter_context(standing("matrix", cast=CAST)))
    made.plug_in()
    until(made.is_whole, "everything is served", START_SECONDS)
    return made


@pytest.fixture(scope="module")
def outcomes() -> Iterator[Mapping[tuple[Mistake, Trouble], Future[None]]]:
    """What becomes of each case; they begin in order, whichever router is free takes the next."""
    free: SimpleQueue[Plugged] = SimpleQueue()

    def one(case: tuple[Mistake, Trouble]) -> None:
        client = free.get()
        try:
            tried(client, *case)
        finally:
            with suppress(AssertionError):
                until(client.is_whole, "the next case finds a whole router", START_SECONDS)
            free.put(client)

    with ExitStack() as stack, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for client in pool.map(plugged_in, [stack] * SIDE_BY_SIDE):
            free.put(client)
        yield {case: pool.submit(one, case) for case in CASES}
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
        tried(plugged_in(stack), address, nothing, seconds=90)
