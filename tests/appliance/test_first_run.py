from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from appliance.errors import Refused
from appliance.first_run import SUBNETS, first_config
from appliance.model.check import problems
from appliance.model.config import Wan

WAN = Wan("eth0", IPv4Interface("10.77.0.5/24"), IPv4Address("10.77.0.1"))


def test_the_lab_has_one_network_without_ports() -> None:
    config = first_config(())
    assert [(one.name, one.bridge, str(one.address)) for one in config.networks] == [
        ("lan", "br-lan", "10.77.0.1/24")
    ]


def test_the_lan_takes_a_range_that_the_internet_side_does_not_have() -> None:
    config = first_config(("eth1",), wan=WAN)
    assert problems(config) == ()
    assert str(config.networks[0].address) == "10.177.0.1/24"


def test_when_every_range_is_taken_it_says_so() -> None:
    with pytest.raises(Refused, match="name a free one"):
        first_config((), taken=(*SUBNETS, IPv4Network("0.0.0.0/0")))
