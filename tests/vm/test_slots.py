"""A port that is known by its slot: real cards on a bus, which get other names and are replaced."""

import json
from collections.abc import Iterator

import pytest

from tests.live.waiting import until
from tests.vm.router_vm import RouterVm, router_vm
from tests.vm.whole_room import SECONDS

pytestmark = pytest.mark.vm

OTHER_MAC = "52:54:00:7a:00:99"


@pytest.fixture(scope="module")
def vm() -> Iterator[RouterVm]:
    with router_vm("slots") as found:
        found.run("ip", "addr", "add", "10.77.0.50/24", "dev", "pc0", within="pc")
        found.starts(
            ("net",), wan=f"pci-{device(found, 'wan0')}", lan=f"pci-{device(found, 'lan0')}"
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


def told(vm: RouterVm, kind: str) -> list[dict[str, str]]:
    rows = vm.rows("/state/net.db", f"SELECT body FROM event WHERE kind = '{kind}' ORDER BY id")
    return [json.loads(body) for (body,) in rows]


def test_the_card_in_the_slot_is_the_port(vm: RouterVm) -> None:
    until(lambda: list(ports(vm)) == ["lan0"], "lan0 is a port of the LAN", SECONDS)
    until(lambda: answers(vm), "the router answers", SECONDS)


def test_a_renamed_card_stays_the_port_of_its_slot(vm: RouterVm) -> None:
    vm.run("ip", "link", "set", "lan0", "down")
    vm.run("ip", "link", "set", "lan0", "name", "odd9")
    until(lambda: list(ports(vm)) == ["odd9"], "odd9 is a port of the LAN", SECONDS)
    until(lambda: answers(vm), "the router answers", SECONDS)
    assert told(vm, "LinkMissing") == []


def test_another_card_in_the_slot_takes_its_place(vm: RouterVm) -> None:
    slot = device(vm, "odd9")
    lost = {"network": "lan", "link": f"pci-{slot}"}
    vm.takes_out("lan0")
    until(lambda: told(vm, "LinkMissing") == [lost], "the empty slot is told", SECONDS)
    vm.puts_in("lan0", OTHER_MAC, slot)
    until(lambda: OTHER_MAC in ports(vm).values(), "the new card is a port of the LAN", SECONDS)
    until(lambda: told(vm, "LinkReturned") == [lost], "its return is told", SECONDS)
    until(lambda: answers(vm), "the router answers", SECONDS)
