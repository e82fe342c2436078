from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Network

import pytest

from appliance.errors import Refused
from appliance.first_run import SUBNETS, first_config, ports, way_out
from appliance.model.check import problems
from appliance.model.wan import StaticAddress, Wan
from hardware.inventory import Nic

WAN = Wan("eth0", StaticAddress(IPv4Interface("10.77.0.5/24"), IPv4Address("10.77.0.1")))


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


def test_an_upstream_that_is_no_address_is_refused() -> None:
    with pytest.raises(Refused, match=r"dns\.example is no address"):
        first_config((), upstreams=("dns.example",))


CARDS = (Nic("eth0", "52:54:00:00:00:01"), Nic("eth1", "52:54:00:00:00:02"))


def test_ports_that_are_there_are_taken() -> None:
    assert ports(["eth1"], CARDS) == ("eth1",)


SLOTS = (replace(CARDS[0], path="pci-0000:01:00.0"), replace(CARDS[1], path="pci-0000:02:00.0"))


@pytest.mark.parametrize("word", ["eth1", "52:54:00:00:00:02", "pci-0000:02:00.0"])
def test_a_port_is_taken_by_any_word_for_it(word: str) -> None:
    assert ports([word], SLOTS) == (word,)


def test_one_card_is_not_the_lan_by_its_name_while_it_is_the_internet_by_its_slot() -> None:
    with pytest.raises(Refused, match="cannot be a port of the LAN and the internet's"):
        way_out("pci-0000:02:00.0", ["eth1"], SLOTS)


def test_a_port_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(Refused, match=r"no port eth7.*eth0 \(52:54:00:00:00:01\), eth1"):
        ports(["eth0", "eth7"], CARDS)


def test_without_a_port_nobody_starts() -> None:
    with pytest.raises(Refused, match="nobody has said yet which ports"):
        ports([], CARDS)


def test_a_new_router_has_an_ipv6_prefix_of_its_own() -> None:
    config = first_config(("eth1",), entropy=bytes.fromhex("0123456789"))
    assert problems(config) == ()
    assert config.ula == IPv6Network("fd01:2345:6789::/48")
    assert config.networks[0].ipv6 is not None


def test_the_internets_port_is_reached_by_dhcp() -> None:
    assert way_out("eth1", ["eth0"], CARDS) == Wan("eth1")
    assert way_out("", ["eth0"], CARDS) is None


@pytest.mark.parametrize(
    ("port", "why"), [("eth0", "a port of the LAN and the internet's"), ("eth7", "has: eth0, eth1")]
)
def test_an_internets_port_that_cannot_be_one_is_refused(port: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        way_out(port, ["eth0"], CARDS)
