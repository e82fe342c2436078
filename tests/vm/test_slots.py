"""A port that is known by its slot: real cards on a bus that get other names."""

import json
from collections.abc import Iterator

import pytest

from tests.live.waiting import until
from tests.vm.router_vm import RouterVm, router_vm
from tests.vm.whole_room import SECONDS

pytestmark = pytest.mark.vm

OTHER = "52:54:00:7a:00:aa"
"""The MAC of the card that replaces the first."""


@pytest.fixture(scope="module")
def vm() -> Iterator[RouterVm]:
    with router_vm("slots") as found:
        found.run("ip", "addr", "add", "10.77.0.50/24", "dev", "pc0", within="pc")
        found.starts(
            ("net", "web"), wan=f"pci-{device(found, 'wan0')}", lan=f"pci-{device(found, 'lan0')}"
        )
        yield found


def device(vm: RouterVm, card: str) -> str:
    """The name of a card's device on its bus, as /sys has it."""
    return vm.run("readlink", "-f", f"/sys/class/net/{card}/device/..").strip().rpartition("/")[2]


def ports(vm: RouterVm) -> dict[str, str]:
    """The MACs of what is in the bridge of the LAN and on, by name."""
    text = vm.run("ip", "-j", "link", "show", "master", "br-lan", ok=False)
    rows = json.loads(text) if text.startswith("[") else []  # there is no bridge yet
    return {one["ifname"]: one["address"] for one in rows if "UP" in one.get("flags", ())}


def answers(vm: RouterVm) -> bool:
    return vm.does("ping", "-c1", "-W2", "10.77.0.1", within="pc")


def test_the_card_in_the_slot_is_the_port(vm: RouterVm) -> None:
    until(lambda: list(ports(vm)) == ["lan0"], "lan0 is a port of the LAN", SECONDS)
    until(lambda: answers(vm), "the router answers", SECONDS)


def test_a_renamed_card_stays_the_port_of_its_slot(vm: RouterVm) -> None:
    vm.run("ip", "link", "set", "lan0", "down")
    vm.run("ip", "link", "set", "lan0", "name", "odd9")
    until(lambda: list(ports(vm)) == ["odd9"], "odd9 is a port of the LAN", SECONDS)
    until(lambda: answers(vm), "the router answers", SECONDS)


def test_another_card_in_the_slot_is_the_port(vm: RouterVm) -> None:
    (name,) = ports(vm)
    slot = device(vm, name)
    vm.takes_out("lan0")
    until(lambda: not ports(vm), "the LAN has no port", SECONDS)
    assert not answers(vm)
    vm.puts_in("lan0", OTHER, slot)
    until(lambda: list(ports(vm).values()) == [OTHER], "the other card is a port", SECONDS)
    until(lambda: answers(vm), "the router answers", SECONDS)
