"""A stranger who asks all the time, also while the router begins: nothing is let in."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.live.namespaces import Namespace
from tests.live.net_room import Router, program, router
from tests.live.waiting import until

__all__ = ["program", "router"]

pytestmark = pytest.mark.live

PORT, MANY = 7000, 300
STRANGER = """
import socket, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.setblocking(False)
    while True:
        for address in sys.argv[1:]:
            try:
                one.sendto(b"?", (address, 7000))
            except OSError:
                pass
        time.sleep(0.0002)
"""
EAR = """
import socket, sys
from pathlib import Path
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, open(sys.argv[1], "wb", 0) as heard:
    one.bind(("", 7000))
    while True:
        heard.write(one.recv(9))
"""


def mac(where: Namespace, link: str) -> str:
    return str(json.loads(where.run("ip", "-j", "link", "show", link))[0]["address"])


@contextmanager
def running(where: Namespace, *words: str) -> Iterator[None]:
    with where.start(sys.executable, "-c", *words) as child:
        try:
            yield
        finally:
            child.kill()


@pytest.fixture
def heard(router: Router, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """What the router itself and a device of its LAN hear of a stranger who never stops."""
    files = tmp_path / "router", tmp_path / "device"
    isp = router.isp
    isp.run("ip", "neigh", "add", "192.0.2.2", "lladdr", mac(router.inside, "up0"), "dev", "eth0")
    isp.run("ip", "route", "add", "10.77.0.0/24", "via", "192.0.2.2")
    with ExitStack() as stack:
        for where, file in zip((router.inside, router.lan), files, strict=True):
            stack.enter_context(running(where, EAR, str(file)))
            until(file.exists, "somebody listens")
            until(lambda at=where: f":{PORT}" in at.run("ss", "-Hlnu"), "somebody listens")
        stack.enter_context(running(isp, STRANGER, "192.0.2.2", "10.77.0.50"))
        yield files


def held_back(router: Router, more_than: int = MANY) -> bool:
    """Did the stranger come as far as the filter, in both ways?"""
    return all(router.dropped(f"wan-{way}-dropped") > more_than for way in ("input", "forward"))


def test_from_the_first_packet_on_nobody_is_let_in(
    router: Router, heard: tuple[Path, Path]
) -> None:
    router.serve_lan()
    until(lambda: held_back(router), "the stranger is held back")
    assert [one.stat().st_size for one in heard] == [0, 0]


def test_after_a_power_cut_nobody_is_let_in_either(
    router: Router, heard: tuple[Path, Path]
) -> None:
    router.serve_lan()
    router.kill()
    for words in (
        "ip link set up0 down",
        "ip addr flush dev up0",
        "ip link del br-lan",
        "sysctl -qw net.ipv4.ip_forward=0",
        "nft flush ruleset",
    ):
        router.inside.run(*words.split())
    router.start()
    until(lambda: "policy drop" in router.ruleset(), "the filter is back")
    until(lambda: held_back(router), "the stranger is held back again")
    assert [one.stat().st_size for one in heard] == [0, 0]
