from dataclasses import replace
from ipaddress import IPv4Interface

import pytest

from appliance.errors import Refused
from appliance.model import read
from appliance.model.check import problems
from appliance.model.config import Network, RouterConfig
from appliance.model.vlan import Tagged
from appliance.model.wan import Wan

LAN = Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"))
GUEST = Network(
    "guest", "br-guest", (), IPv4Interface("10.78.0.1/24"), tagged=(Tagged("eth1", 20),)
)
CONFIG = RouterConfig((LAN, GUEST), Wan("eth0"))


def found(config: RouterConfig) -> list[tuple[tuple[str | int, ...], str]]:
    return [(problem.where, problem.what) for problem in problems(config)]


def test_one_port_carries_a_network_as_it_is_beside_others_with_tags() -> None:
    assert found(CONFIG) == []


def test_a_tag_on_a_port_belongs_to_one_network() -> None:
    lab = replace(GUEST, name="lab", bridge="br-lab", address=IPv4Interface("10.79.0.1/24"))
    assert found(replace(CONFIG, networks=(LAN, GUEST, lab))) == [
        (
            ("networks", 2, "tagged", 0),
            "The tag 20 on eth1 is used twice; it belongs to one network.",
        )
    ]


def test_a_port_is_untagged_in_one_network_only() -> None:
    config = replace(CONFIG, networks=(LAN, replace(GUEST, ports=("eth1",))))
    assert found(config)[0][1] == "eth1 is used twice; a port has one place only."


def test_a_network_does_not_share_the_cable_of_an_internet_without_a_tag() -> None:
    config = replace(CONFIG, wan=Wan("eth1"), networks=(GUEST,))
    assert [where for where, _ in found(config)] == [("networks", 0, "tagged", 0, "port")]


def test_on_one_cable_the_internet_has_another_tag_than_a_network() -> None:
    config = replace(CONFIG, networks=(GUEST,))
    assert found(replace(config, wan=Wan("eth1", vlan=7))) == []
    assert found(replace(config, wan=Wan("eth1", vlan=20)))[0][0] == ("wan", "vlan")


def test_a_network_without_a_tag_does_not_share_the_internets_cable() -> None:
    config = replace(CONFIG, wan=Wan("eth1", vlan=7))
    assert found(config)[0][1] == "eth1 is used twice; a port has one place only."


def test_a_bridge_is_not_called_like_the_interface_of_a_tag() -> None:
    config = replace(CONFIG, networks=(replace(LAN, bridge="eth1.20"), GUEST))
    assert found(config) == [
        (
            ("networks", 1, "tagged", 0),
            "The interface for this tag is eth1.20, which is used already.",
        )
    ]


@pytest.mark.parametrize("vlan", [0, 4095])
def test_a_tag_is_between_1_and_4094(vlan: int) -> None:
    with pytest.raises(Refused, match="is not between 1 and 4094"):
        read.part(Tagged, {"port": "eth1", "vlan": vlan})
