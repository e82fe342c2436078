"""Whom foreign code reaches: real users behind the real filter, told through the role's door."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.model.config import RouterConfig
from appliance.model.facts import Facts
from appliance.model.foreign import BUILDERS, Foreign, Source
from appliance.model.foreign_names import NAMES_PORT
from appliance.plan.firewall import steps, wanted
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
FETCH, OWN, OTHER, BUILD, OURS = 61111, 61131, 61132, BUILDERS[0] + 5, 61103
USERS = (("fetch", FETCH), ("fetch-1", OWN), ("fetch-2", OTHER))
SOURCES = (
    Source("a-lists-the-forge", "github:o/r", ("10.77.0.20", "forge.corp=fd77::20")),
    Source("b-lists-another", "github:o/r", ("10.77.0.30",)),
)
HOME = (
    *("10.77.0.20", "10.77.0.1", "127.0.0.1", "192.0.2.2", "169.254.169.254", "192.168.9.9"),
    *("fd77::20", "fd77::1", "::1", "fe80::20%br-lan", "::ffff:10.77.0.20"),
)
INTERNET = ("192.0.2.1", "2001:db8:1::1")
LISTEN = """
import socket, threading
def serve(family, address):
    heard = socket.socket(family, socket.SOCK_STREAM)
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        heard.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    heard.bind((address, 3000)); heard.listen()
    while True:
        heard.accept()[0].close()
threading.Thread(target=serve, args=(socket.AF_INET, "0.0.0.0")).start()
serve(socket.AF_INET6, "::")
"""
ASK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 30).close()
    print("reached")
except TimeoutError:
    print("silence")
except OSError:
    print("held")
"""
NAMES = """
import socket, sys
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
names.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    message, who = names.recvfrom(512)
    names.sendto(b"ours:" + message, who)
"""
OUR_ANSWER = "ours:who"
LOOK_UP = """
import socket, sys
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(30)
asking.connect((sys.argv[1], int(sys.argv[2])))
try:
    asking.send(b"who")
    print(asking.recv(512).decode())
except OSError as error:
    print(type(error).__name__)
"""
ROLE = """
import asyncio, json, sys
from appliance.model.foreign import Foreign, Source
from appliance.store.open import now
from services.drops.serve import Drops
from services.drops.stray import Doing, Strays
users, sources = json.loads(sys.argv[1])
foreign = Foreign(
    users=tuple(map(tuple, users)),
    sources=tuple(Source(one, url, tuple(reach)) for one, url, reach in sources),
)
doing = Doing(fetched=("fetched-now",), built=("built-now",))
def tell(event):
    with open(sys.argv[2], "a") as told:
        told.write(f"{type(event).__name__} {event.source} {event.target}\\n")
asyncio.run(Drops(now, Strays(lambda: foreign, lambda: doing), tell).serve())
"""


async def _fill() -> tuple[object, ...]:
    driver, foreign = FirewallDriver(), Foreign(users=USERS, sources=SOURCES)
    target = wanted(RouterConfig((LAN,), WAN), Facts(foreign=foreign))
    for step in steps(target, await driver.observe()):
        await driver.perform(step)
    return steps(target, await driver.observe())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Namespace, Path]]:
    """A router, somebody with a forge on its LAN, somebody on the internet, all listening."""
    told = tmp_path_factory.mktemp("egress") / "told"
    with namespaces("r", "lan", "net") as (router, lan, net):
        cable(router, LAN.bridge, lan, "eth0")
        cable(router, WAN.link, net, "eth0")
        for where, link, address in (
            *((router, LAN.bridge, one) for one in ("10.77.0.1/24", "fd77::1/64")),
            *((router, WAN.link, one) for one in ("192.0.2.2/24", "2001:db8:1::2/64")),
            *((lan, "eth0", one) for one in ("10.77.0.20/24", "10.77.0.30/24", "fd77::20/64")),
            *((lan, "eth0", one) for one in ("169.254.169.254/16", "fe80::20/64")),
            *((net, "eth0", one) for one in ("192.0.2.1/24", "2001:db8:1::1/64")),
            (net, "eth0", "192.168.9.9/24"),
        ):
            where.run("ip", "addr", "add", address, "dev", link, *(["nodad"] * (":" in address)))
            where.run("ip", "link", "set", link, "up")
        router.run("ip", "route", "add", "169.254.0.0/16", "dev", LAN.bridge)
        router.run("ip", "route", "add", "default", "via", "192.0.2.1")
        assert inside(router.name, lambda: asyncio.run(_fill())) == ()
        for one in (router, lan, net):
            one.start(sys.executable, "-c", LISTEN)
        router.start(sys.executable, "-c", NAMES, str(NAMES_PORT))
        said = json.dumps([USERS, [(one.id, one.url, one.reach) for one in SOURCES]])
        env = {"PYTHONPATH": str(ROOT)}
        router.start(sys.executable, "-c", ROLE, said, str(told), env=env)
        until(lambda: asked(router, OURS, "10.77.0.20") == "reached", "the forge listens")
        until(lambda: asked(router, OURS, "192.0.2.1") == "reached", "the internet listens")
        until(lambda: asked(router, OURS, "::1") == "reached", "the router listens")
        until(
            lambda: looked_up(router, OURS, "127.0.0.1", NAMES_PORT) == OUR_ANSWER, "names answer"
        )
        until(lambda: _woken(router, told), "the role hears the kernel")
        yield router, told


def _woken(router: Namespace, told: Path) -> bool:
    asked(router, FETCH, "127.0.0.1", 9)
    return told.exists()


def asked(router: Namespace, uid: int, address: str, port: int = 3000) -> str:
    """Whether that user reaches a listener: reached, held (and told so), or silence."""
    return router.run(
        *("setpriv", "--reuid", str(uid), "--clear-groups", "--"),
        *(sys.executable, "-c", ASK, address, str(port)),
    ).strip()


def looked_up(router: Namespace, uid: int, server: str, port: int = 53) -> str:
    """What that user hears when it asks a server for a name."""
    return router.run(
        *("setpriv", "--reuid", str(uid), "--clear-groups", "--"),
        *(sys.executable, "-c", LOOK_UP, server, str(port)),
    ).strip()


@pytest.mark.parametrize("address", HOME)
@pytest.mark.parametrize("uid", [FETCH, OTHER, BUILD], ids=["fetch", "another source", "a build"])
def test_nobody_at_home_is_reached(place: tuple[Namespace, Path], uid: int, address: str) -> None:
    assert asked(place[0], uid, address) == "held"


@pytest.mark.parametrize("address", INTERNET)
@pytest.mark.parametrize("uid", [FETCH, OWN, BUILD], ids=["fetch", "a source", "a build"])
def test_the_internet_is_reached(place: tuple[Namespace, Path], uid: int, address: str) -> None:
    assert asked(place[0], uid, address) == "reached"


@pytest.mark.parametrize("address", ["10.77.0.20", "fd77::20"])
def test_a_listed_server_is_reached_by_its_source_alone(
    place: tuple[Namespace, Path], address: str
) -> None:
    found = [asked(place[0], uid, address) for uid in (OWN, OTHER, FETCH, BUILD)]
    assert found == ["reached", "held", "held", "held"]


def test_the_routers_own_programs_are_not_held(place: tuple[Namespace, Path]) -> None:
    assert asked(place[0], OURS, "10.77.0.20") == "reached"


@pytest.mark.parametrize("server", ["10.77.0.20", "192.0.2.1", "127.0.0.53"])
@pytest.mark.parametrize("uid", [FETCH, BUILD], ids=["fetch", "a build"])
def test_every_question_about_a_name_comes_to_us(
    place: tuple[Namespace, Path], uid: int, server: str
) -> None:
    assert looked_up(place[0], uid, server) == OUR_ANSWER


@pytest.mark.parametrize(
    ("uid", "source"),
    [(OWN, "a-lists-the-forge"), (OTHER, "b-lists-another"), (FETCH, "fetched-now"),
     (BUILD, "built-now")],
)  # fmt: skip
def test_an_attempt_is_told_with_its_source(
    place: tuple[Namespace, Path], uid: int, source: str
) -> None:
    router, told = place
    asked(router, uid, "10.77.0.1", 443)
    line = f"SourceHeldBack {source} 10.77.0.1, port 443"
    until(lambda: line in told.read_text().splitlines(), "it is told")
