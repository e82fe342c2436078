from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from appliance.model.config import Network, RouterConfig
from appliance.model.wan import StaticAddress, Wan
from appliance.plan.links import (
    AddBridge,
    BringUp,
    DropBridge,
    Enslave,
    Link,
    Missing,
    Release,
    SetMac,
    SetMtu,
    located,
    owned,
    steps,
    together,
    wanted,
)
from hardware.inventory import Nic

LAN = Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"))
WAN = Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1")))
CONFIG = RouterConfig((LAN,), WAN)
NICS = (Nic("eth0", "52:54:00:00:00:00"), Nic("eth1", "52:54:00:00:00:01"))
BRIDGE = Link(bridge=True, up=True)


def test_a_port_known_by_mac_gets_todays_name() -> None:
    config = replace(CONFIG, networks=(replace(LAN, ports=("52:54:00:00:00:01",)),))
    found, missing = located(config, (NICS[0], Nic("enp3s0", "52:54:00:00:00:01")))
    assert (found.networks[0].ports, missing) == (("enp3s0",), ())


def test_a_port_that_is_not_there_is_named() -> None:
    found, missing = located(CONFIG, NICS[:1])
    assert (found.networks[0].ports, missing) == ((), (Missing("lan", "eth1"),))


def test_without_its_port_there_is_no_internet_side() -> None:
    found, missing = located(CONFIG, NICS[1:])
    assert (found.wan, missing) == (None, (Missing("wan", "eth0"),))


def test_a_renamed_card_is_not_guessed_from_its_name() -> None:
    _, missing = located(CONFIG, (NICS[0], Nic("eth2", "52:54:00:00:00:01")))
    assert missing == (Missing("lan", "eth1"),)


def test_a_bridge_takes_the_mac_of_its_first_port() -> None:
    assert AddBridge("br-lan", "eth1") in steps(wanted(CONFIG), {})


def test_a_wanted_port_that_is_absent_gives_no_step() -> None:
    assert steps({"eth1": Link(bridge=False, up=True)}, {}) == ()


def test_a_port_joins_its_bridge_before_it_comes_up() -> None:
    wanted = {"eth1": Link(bridge=False, up=True, master="br-lan")}
    present = {"eth1": Link(bridge=False, up=False)}
    assert steps(wanted, present) == (Enslave("eth1", "br-lan"), BringUp("eth1"))


def test_a_bridge_that_nobody_wants_any_more_goes() -> None:
    assert steps({}, {"br-old": BRIDGE}) == (DropBridge("br-old"),)


def test_a_port_that_nobody_wants_any_more_leaves_our_bridge() -> None:
    present = {"br-lan": BRIDGE, "eth1": Link(bridge=False, up=True, master="br-lan")}
    assert steps({"br-lan": BRIDGE}, present) == (Release("eth1"),)


def test_a_link_of_another_kind_with_our_name_is_left_to_the_kernel_to_refuse() -> None:
    present = {"br-lan": Link(bridge=False, up=True)}
    assert AddBridge("br-lan", None) in steps({"br-lan": BRIDGE}, present)


def test_a_link_that_no_config_names_is_not_ours() -> None:
    tap = Link(bridge=False, up=True, master="br-lan")
    assert owned({"tap0": tap, "br-lan": BRIDGE}, {"br-lan": BRIDGE}) == {"br-lan": BRIDGE}


CARD = Link(bridge=False, up=True, mtu=1500, mac="52:54:00:00:00:00", own_mac="52:54:00:00:00:00")
CLONED = replace(CONFIG, wan=replace(WAN, mac="02:00:00:00:00:99", mtu=1492))


def test_what_nobody_says_of_a_card_is_not_touched() -> None:
    odd = replace(CARD, mtu=1400, mac="02:00:00:00:00:01")
    scope = wanted(CONFIG)
    assert steps(scope, {**scope, **owned({"eth0": odd}, scope)}) == ()


def test_the_provider_sees_the_mac_that_the_owner_wrote() -> None:
    scope = wanted(CLONED)
    assert steps(scope, {**scope, **owned({"eth0": CARD}, scope)}) == (
        SetMac("eth0", "02:00:00:00:00:99"),
        SetMtu("eth0", 1492),
    )


def test_a_card_gets_back_what_is_its_own() -> None:
    scope = together((wanted(CLONED), wanted(CONFIG)))
    now = owned({"eth0": replace(CARD, mtu=1492, mac="02:00:00:00:00:99")}, scope)
    assert steps({"eth0": wanted(CONFIG)["eth0"]}, now) == (
        SetMac("eth0", "52:54:00:00:00:00"),
        SetMtu("eth0", 1500),
    )
    assert steps({"eth0": wanted(CONFIG)["eth0"]}, owned({"eth0": CARD}, scope)) == ()
