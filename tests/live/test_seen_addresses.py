"""A device that has given itself an address of the pool: nobody else is given it."""

import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from tests.live.lan_client import LanClient
from tests.live.namespaces import run
from tests.live.standing import standing
from tests.live.waiting import until

pytestmark = pytest.mark.live


@pytest.fixture
def client() -> Iterator[LanClient]:
    with standing("seen") as router:
        made = LanClient(router)
        made.plug_in()
        until(made.is_served, "everything is served")
        yield made


def is_seen(client: LanClient, address: str) -> bool:
    words = ("ip", "netns", "exec", client.namespace, "ping", "-c1", "-W1", "-I", address)
    subprocess.run([*words, "10.77.0.1"], capture_output=True, timeout=60, check=False)
    found = client.router.client.get("/devices")
    return any(one["here"] and address in one["addresses"] for one in found)


AHEAD = 12
"""So many addresses are given meanwhile: by then dhcp has heard what net saw."""


def test_an_address_that_somebody_uses_is_given_to_nobody_else(client: LanClient) -> None:
    first = IPv4Address(client.leased(20))
    used = str(first + AHEAD)
    run("ip", "-n", client.namespace, "addr", "add", f"{used}/24", "dev", "dev0")
    until(lambda: is_seen(client, used), "the device is seen")
    given = [client.leased(21 + number) for number in range(AHEAD + 1)]
    expected = [str(first + number) for number in range(1, AHEAD + 3) if number != AHEAD]
    assert given == expected
