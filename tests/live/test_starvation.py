"""5,000 invented devices a minute, each of which takes what it is given: whom that stops."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from appliance.events import PoolCalm, PoolFlooded
from appliance.model.slices import FixedAddress
from services.dhcp.strangers import FEWEST, FIRST_LEASE_SECONDS, WINDOW_SECONDS
from services.dhcp.wire import decode
from tests.live.dhcp_place import HERE, LAN, ROOT, Place, hex_of, place, told
from tests.live.waiting import until

pytestmark = pytest.mark.live
__all__ = ["place"]

MACHINE = FixedAddress("52:54:00:12:34:56", IPv4Address("10.77.0.7"), None)
HOME = replace(
    LAN,
    first=IPv4Address("10.77.1.0"),
    last=IPv4Address("10.77.1.99"),
    lease_seconds=43_200,
    reservations=(MACHINE,),
)


@pytest.fixture
def flood(place: Place) -> Iterator["subprocess.Popen[bytes]"]:
    """The flood, once it is told; the device of MAC 0 had its address before."""
    place.publish(HOME)
    place.start("unguarded")
    assert place.ask("exchanges", "1") == ["10.77.1.0"]
    script = (sys.executable, str(HERE / "dhcp_client.py"), "dev0", "flood", "5000")
    flood = place.client.start(*script, env={"PYTHONPATH": str(ROOT)})
    try:
        assert told(place, PoolFlooded) == [PoolFlooded("lan", FEWEST)]
        yield flood
    finally:
        flood.kill()
        flood.wait()


def test_nobody_who_is_known_is_starved(place: Place, flood: "subprocess.Popen[bytes]") -> None:
    assert PoolFlooded("lan", FEWEST) in [one.event for one in place.troubles()]
    assert decode(bytes.fromhex(place.ask("request", "10.77.1.0")[0])).kind == 5
    place.client.run("ip", "link", "set", "dev0", "address", MACHINE.mac)
    _, offer = place.ask("discover", hex_of("ovmf-x64-discover"))
    said = decode(bytes.fromhex(offer))
    assert (said.yiaddr, said.file) == (int(MACHINE.address), b"x64/snponly.efi")
    assert flood.poll() is None
    assert len(place.leases()) < 110


@pytest.mark.soak
def test_after_a_flood_new_devices_are_given_addresses(
    place: Place, flood: "subprocess.Popen[bytes]"
) -> None:
    flood.kill()
    until(lambda: PoolCalm("lan") in place.events(), "the flood is over", WINDOW_SECONDS + 10)
    until(lambda: not place.troubles(), "the pool has room", FIRST_LEASE_SECONDS)
    assert "none" not in place.ask("exchanges", "80")
