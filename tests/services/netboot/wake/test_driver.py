import socket
from contextlib import closing
from ipaddress import IPv4Interface

import pytest

from appliance.model.slices import BootNetwork
from services.netboot.wake.driver import send


def test_a_link_that_is_away_says_so() -> None:
    with pytest.raises(OSError, match="No such device"):
        send(
            BootNetwork("lan", "no-such-link", IPv4Interface("10.77.0.1/24")), ["52:54:00:00:77:01"]
        )


def test_the_packet_goes_out_by_loopback_to_whoever_listens() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as ear:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ear.bind(("127.255.255.255", 9))
        ear.settimeout(5)
        send(BootNetwork("lan", "lo", IPv4Interface("127.0.0.1/8")), ["52:54:00:00:77:01"])
        assert ear.recv(2048).hex() == "ff" * 6 + "525400007701" * 16
