"""The router VM has what this computer's kernel lacks, and the real product runs in it."""

from collections.abc import Iterator
from ipaddress import IPv4Interface

import pytest

from tests.live.waiting import until
from tests.vm.router_vm import RouterVm, router_vm

pytestmark = pytest.mark.vm


@pytest.fixture(scope="module")
def vm() -> Iterator[RouterVm]:
    with router_vm("plain") as one:
        yield one


@pytest.mark.parametrize("module", ["pppoe", "8021q", "nft_flow_offload", "wireguard", "sch_cake"])
def test_its_kernel_has(vm: RouterVm, module: str) -> None:
    vm.run("modprobe", module)


def test_every_role_of_the_router_runs(vm: RouterVm) -> None:
    vm.starts()
    address = IPv4Interface(vm.client.get("/networks")[0]["address"])
    vm.run("ip", "addr", "add", f"{address.ip + 200}/24", "dev", "pc0", within="pc")
    ping = ("ping", "-c1", "-W2", str(address.ip))
    until(lambda: vm.does(*ping, within="pc"), "the router answers on its LAN", 60)


def test_a_cable_can_be_pulled_out(vm: RouterVm) -> None:
    carrier = ("grep", "-q", "1", "/sys/class/net/lan1/carrier")
    vm.run("ip", "link", "set", "lan1", "up")
    until(lambda: vm.does(*carrier), "lan1 has its cable", 60)
    vm.unplugs("lan1")
    until(lambda: not vm.does(*carrier), "lan1 has none", 60)
