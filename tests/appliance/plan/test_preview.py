from dataclasses import replace
from ipaddress import IPv4Interface

from appliance.model.config import Network, RouterConfig
from appliance.plan.preview import preview
from hardware.inventory import Nic

NICS = (Nic("eth1", "52:54:00:00:00:01"), Nic("eth2", "52:54:00:00:00:02"))
LAN = Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"))
CONFIG = RouterConfig(networks=(LAN,))


def test_the_same_configuration_is_nothing_to_do() -> None:
    assert preview(CONFIG, CONFIG, NICS) == ()


def test_a_new_address_comes_before_the_old_one_goes() -> None:
    moved = replace(LAN, address=IPv4Interface("10.78.0.1/24"))
    assert preview(CONFIG, replace(CONFIG, networks=(moved,)), NICS) == (
        "Give br-lan the address 10.78.0.1/24.",
        "Take the address 10.77.0.1/24 from br-lan.",
    )


def test_a_port_by_its_mac_is_told_by_its_name() -> None:
    joined = replace(LAN, ports=("eth1", "52:54:00:00:00:02"))
    assert "Put eth2 into br-lan." in preview(CONFIG, replace(CONFIG, networks=(joined,)), NICS)
