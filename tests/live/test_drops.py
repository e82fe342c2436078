"""What the filter holds back is told: by the kernel, through the role's own door."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.model.config import RouterConfig
from appliance.plan.firewall import steps, wanted
from appliance.store.drops import Drop, drops
from appliance.store.recall.open import recall, recall_path
from services.firewall.driver import FirewallDriver
from tests.appliance.model.firewall_home import LAN, WAN
from tests.live.firewall_room import inside
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces"),
]
ROOT = Path(__file__).parents[2]
ROLE = """
import asyncio, socket, sys
from pathlib import Path
from appliance.store.open import now
from appliance.model.foreign import Foreign
from services.drops.serve import Drops
from services.drops.stray import Doing, Strays
from services.recall.serve import remember
ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
ear.bind(sys.argv[1])
ear.listen()
async def serve():
    drops = Drops(now, Strays(Foreign, Doing), print)
    async with asyncio.TaskGroup() as group:
        group.create_task(drops.serve())
        group.create_task(remember(ear, {"drops": drops}))
asyncio.run(serve())
"""
SEND = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as sender:
    for _ in range(int(sys.argv[3])):
        try:
            sender.sendto(b"hello", (sys.argv[1], int(sys.argv[2])))
        except OSError:
            pass
"""


async def _fill() -> None:
    driver = FirewallDriver()
    for step in steps(wanted(RouterConfig((LAN,), WAN)), await driver.observe()):
        await driver.perform(step)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Namespace, Namespace, Path]]:
    """A router with the filter, somebody on its LAN, and the state directory."""
    with namespaces("r", "lan") as (router, lan):
        cable(router, LAN.bridge, lan, "eth0")
        for where, link, address in (
            (router, LAN.bridge, "10.77.0.1/24"),
            (router, LAN.bridge, "fd77::1/64"),
            (lan, "eth0", "10.77.0.50/24"),
            (lan, "eth0", "fd77::50/64"),
        ):
            where.run("ip", "addr", "add", address, "dev", link, *(["nodad"] * (":" in address)))
            where.run("ip", "link", "set", link, "up")
        inside(router.name, lambda: asyncio.run(_fill()))
        path = recall_path(tmp_path, "net")
        path.parent.mkdir()
        router.start(sys.executable, "-c", ROLE, str(path), env={"PYTHONPATH": str(ROOT)})
        until(lambda: recall(tmp_path, "net", {}) is not None, "the role hears the kernel")
        yield router, lan, tmp_path


def told(state: Path) -> list[Drop]:
    return drops(recall(state, "net", {"of": "drops", "most": 1_000})) or []


def send(lan: Namespace, address: str, port: int, times: int = 1) -> None:
    lan.python(SEND, address, str(port), str(times))


Place = tuple[Namespace, Namespace, Path]


def test_what_the_router_refuses_is_told(place: Place) -> None:
    _, lan, state = place

    def seen() -> Drop | None:
        send(lan, "10.77.0.1", 9_999)  # the first may come before the kernel has seen the cable
        return next((one for one in told(state) if one.port == 9_999), None)

    one = until(seen, "it is told")
    assert (one.by, one.arrived, one.leaves) == ("input-lan-refused", LAN.bridge, "")
    assert (one.source, one.destination) == ("10.77.0.50", "10.77.0.1")
    assert (one.protocol, one.port) == ("udp", 9_999)
    assert one.mac in lan.run("cat", "/sys/class/net/eth0/address")


def test_ipv6_is_told_as_well(place: Place) -> None:
    _, lan, state = place

    def seen() -> bool:
        send(lan, "fd77::1", 9_998)
        return any(one.destination == "fd77::1" for one in told(state))

    until(seen, "it is told")


def test_a_flood_is_told_in_part(place: Place) -> None:
    _, lan, state = place
    send(lan, "10.77.0.1", 9_999, 5_000)
    until(lambda: bool(told(state)), "it is told")
    assert len(told(state)) < 100


def test_what_is_held_back_stays_held_back_in_a_flood(place: Place) -> None:
    router, lan, state = place
    listen = (
        "import pathlib, socket, sys\n"
        "heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "heard.bind(('', 9999))\n"
        "pathlib.Path(sys.argv[1], 'listens').touch()\n"
        "pathlib.Path(sys.argv[1], 'heard').write_bytes(heard.recv(9))\n"
    )
    router.start(sys.executable, "-c", listen, str(state))
    until((state / "listens").exists, "somebody listens")
    send(lan, "10.77.0.1", 9_999, 3_000)
    until(lambda: bool(told(state)), "it is told")
    assert not (state / "heard").exists()
