"""The router itself puts a network behind a tag on trial, in a machine that can."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from appliance.cli.client import Failed
from tests.live.waiting import until
from tests.vm.router_vm import RouterVm, router_vm

pytestmark = pytest.mark.vm

GUEST: dict[str, Any] = {
    "name": "guest",
    "bridge": "br-guest",
    "ports": [],
    "tagged": [{"port": "lan0", "vlan": 20}],
    "address": "10.99.0.1/24",
    "dhcp": {"pool": {"first": "10.99.0.100", "last": "10.99.0.199"}},
    "netboot": False,
    "zone": "guest",
}


@dataclass
class Tried:
    """The machine, and the change that is on trial there."""

    vm: RouterVm
    change: str

    def links(self) -> str:
        return self.vm.run("ip", "-br", "link")


@pytest.fixture(scope="module")
def tried() -> Iterator[Tried]:
    with router_vm("tag") as vm:
        vm.starts(("net", "dhcp", "web"))
        config = patiently(vm, "/config")["config"]
        config["zones"].append({"name": "guest", "reaches": ["internet"]})
        config["networks"].append(GUEST)
        with suppress(Failed):  # it may be done, and only its answer late
            vm.client.post("/config?seconds=600", config)
        until(lambda: "lan0.20" in vm.run("ip", "-br", "link"), "the tag is there", 120)
        vm.run("ip", "link", "set", "pc0", "up", within="pc")
        vm.run("ip", "link", "add", "link", "pc0", "name", "pc20", "type", "vlan", "id", "20",
               within="pc")  # fmt: skip
        vm.run("ip", "link", "set", "pc20", "up", within="pc")
        yield Tried(vm, patiently(vm, "/change")["id"])


def patiently(vm: RouterVm, path: str) -> Any:
    """What the API says there, however slow the machine is."""
    found: list[Any] = []

    def told() -> bool:
        with suppress(Failed):
            found.append(vm.client.get(path))
        return bool(found)

    until(told, f"{path} is answered", 120)
    return found[0]


def test_a_device_behind_a_tag_gets_a_lease_of_its_network(tried: Tried) -> None:
    asks = ("udhcpc", "-i", "pc20", "-f", "-n", "-q", "-t", "30", "-T", "2", "-s", "/bin/true")
    said = tried.vm.run(*asks, within="pc", seconds=90, ok=False)
    assert "lease of 10.99.0.1" in said


def test_a_tag_that_somebody_removed_comes_back(tried: Tried) -> None:
    tried.vm.run("ip", "link", "del", "lan0.20")
    until(lambda: "lan0.20" in tried.links(), "the tag is back", 60)
    assert "Make lan0.20 of what" in str(patiently(tried.vm, "/journal?limit=100"))


def test_an_undo_leaves_nothing_of_the_tag(tried: Tried) -> None:
    with suppress(Failed):
        tried.vm.client.post(f"/change/{tried.change}/undo")
    until(lambda: "lan0.20" not in tried.links(), "the tag is gone", 60)
    until(lambda: "br-guest" not in tried.links(), "its bridge is gone", 60)
