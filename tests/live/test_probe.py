"""The probe in a namespace of its own: what it sees there and what it leaves behind."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.probe import nics
from tests.live.namespaces import Namespace, cable, namespaces

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pair() -> Iterator[tuple[Namespace, Namespace]]:
    with namespaces("a", "b") as (here, there):
        cable(here, "p1", there, "far")
        yield here, there


def said(box: Namespace, expression: str) -> str:
    path = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    script = f"{path}; from hardware import probe; print({expression})"
    return box.run(sys.executable, "-c", script).strip()


def test_a_card_of_this_namespace_is_seen_with_its_mac(pair: tuple[Namespace, Namespace]) -> None:
    here, _ = pair
    mac = here.run("cat", "/sys/class/net/p1/address").strip()
    assert said(here, "[(nic.name, nic.mac, nic.driver) for nic in probe.nics()]") == str(
        [("p1", mac, "veth")]
    )


def test_a_cable_between_namespaces_sits_in_no_slot(pair: tuple[Namespace, Namespace]) -> None:
    assert said(pair[0], "[nic.path for nic in probe.nics()]") == "['']"


def test_a_card_on_a_bus_is_named_as_the_kernel_has_it() -> None:
    found = {nic.name: nic.path for nic in nics() if nic.path.startswith("pci-")}
    if not found:
        pytest.skip("no card of this computer is on PCI")
    for name, path in found.items():
        *_, device = path.partition("-pci-") if "-pci-" in path else path.partition("pci-")
        above = Path(f"/sys/class/net/{name}/device").resolve()
        assert device.partition("-usb")[0] in {one.name for one in (above, *above.parents)}


def test_a_bridge_is_no_card(pair: tuple[Namespace, Namespace]) -> None:
    here, _ = pair
    here.run("ip", "link", "add", "br0", "type", "bridge")
    assert "br0" not in said(here, "probe.nics()")


def test_a_plugged_cable_is_seen(pair: tuple[Namespace, Namespace]) -> None:
    here, there = pair
    assert said(here, "[nic.carrier for nic in probe.nics()]") == "[False]"
    here.run("ip", "link", "set", "p1", "up")
    there.run("ip", "link", "set", "far", "up")
    assert said(here, "[nic.carrier for nic in probe.nics()]") == "[True]"


def test_trying_what_the_kernel_can_do_leaves_nothing_behind(
    pair: tuple[Namespace, Namespace],
) -> None:
    here, _ = pair
    before = here.run("ip", "-br", "link")
    said(here, "probe.lacks()")
    assert here.run("ip", "-br", "link") == before


def test_a_kernel_that_makes_bridges_is_not_said_to_lack_them(
    pair: tuple[Namespace, Namespace],
) -> None:
    assert "bridges" not in said(pair[0], "probe.lacks()")
