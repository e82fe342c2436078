"""A device that opens more connections than the router has room for: the owner is told before new
ones are refused.

The kernel has one limit for all namespaces and lets none set its own, so the table is really filled
to the part at which it is told.
"""

import pytest

from appliance.events import FlowsCalm, FlowsNearlyFull
from services.conntrack.driver import MOST
from services.conntrack.share import NEARLY_FULL
from tests.live.net_room import Router, program, router
from tests.live.waiting import until

__all__ = ["program", "router"]

pytestmark = pytest.mark.live

OPEN = """
import socket, sys
left, most = int(sys.argv[1]), 60_000
sender = 20_000
while left > 0:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        asking.bind(("", sender))
        for port in range(1_024, 1_024 + min(left, most)):
            try:
                asking.sendto(b"", ("192.0.2.1", port))
            except OSError:
                pass
    sender, left = sender + 1, left - most
"""
FORGET = """
import socket, struct
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netlink:
    netlink.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 5, 1, 0, 0, 0, 0))
    print(netlink.recv(99).hex())
"""
"""IPCTNL_MSG_CT_DELETE of everything."""
MANY = 1_000_000
"""Connections that a test is willing to fill a table with: a kernel's usual limit is 262,144."""
HOUR = "3600"


@pytest.fixture
def room() -> int:
    """For how many connections this kernel has room."""
    try:
        most = int(MOST.read_text())
    except OSError:
        pytest.skip("this kernel tracks no connections")
    if most > MANY:
        pytest.skip(f"this kernel has room for {most} connections, too many to fill")
    return most


def begun_by_the_lan(router: Router, share: float, room: int) -> None:
    """The LAN's device has so large a part of them open."""
    router.lan.python(OPEN, str(int(share * room)))


def test_a_table_that_fills_is_told_before_it_is_full(router: Router, room: int) -> None:
    router.serve_lan()
    timeout = "/proc/sys/net/netfilter/nf_conntrack_udp_timeout"
    router.inside.run("sh", "-c", f"echo {HOUR} > {timeout}")
    mac = router.lan.run("cat", "/sys/class/net/eth0/address").strip()
    until(lambda: router.devices()[mac].addresses, "net knows the device")
    begun_by_the_lan(router, NEARLY_FULL / 2, room)
    assert router.told(FlowsNearlyFull) == []
    begun_by_the_lan(router, NEARLY_FULL + 0.02, room)
    (told,) = until(lambda: router.told(FlowsNearlyFull), "it is told")
    assert NEARLY_FULL * room <= told.count < room
    assert "were begun by" in told.whose
    assert "(10.77.0.50)" in told.whose
    router.kill()
    router.start()
    router.inside.python(FORGET)
    until(lambda: router.told(FlowsCalm), "that there is room is told")
    assert len(router.told(FlowsNearlyFull)) == 1
