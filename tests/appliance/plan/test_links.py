from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from appliance.model.config import Network, RouterConfig
from appliance.model.pppoe import Pppoe
from appliance.model.vlan import Tagged
from appliance.model.wan import StaticAddress, Wan
from appliance.plan.links import (
    AddBridge,
    AddVlan,
    BringUp,
    DropBridge,
    DropVlan,
    Enslave,
    KeepTagsOut,
    Link,
    Missing,
    Release,
    SetMac,
    SetMtu,
    located,
    made_for_tags,
    owned,
    steps,
    together,
    trunks,
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


SLOT = "pci-0000:01:00.0"
BY_SLOT = replace(
    CONFIG,
    networks=(replace(LAN, ports=(SLOT,), tagged=(Tagged(SLOT, 20),)),),
    wan=replace(WAN, port="pci-0000:02:00.0"),
)
INTERNET_CARD = Nic("eth0", "52:54:00:00:00:00", path="pci-0000:02:00.0")


@pytest.mark.parametrize(
    "card",
    [
        Nic("enp3s0", "52:54:00:00:00:01", path=SLOT),
        Nic("eth7", "02:00:00:00:00:99", path=SLOT),
    ],
    ids=["renamed", "replaced"],
)
def test_a_port_known_by_its_slot_is_the_card_in_it(card: Nic) -> None:
    found, missing = located(BY_SLOT, (INTERNET_CARD, card))
    (lan,) = found.networks
    assert (lan.ports, lan.tagged) == ((card.name,), (Tagged(card.name, 20),))
    assert found.wan
    assert (found.wan.port, missing) == ("eth0", ())


def test_a_card_that_moved_to_another_slot_leaves_its_place() -> None:
    moved = Nic("eth1", "52:54:00:00:00:01", path="pci-0000:03:00.0")
    found, missing = located(BY_SLOT, (INTERNET_CARD, moved))
    assert (found.networks[0].members, missing) == ((), (Missing("lan", SLOT),))


def test_a_port_that_may_be_two_is_neither() -> None:
    two = tuple(Nic(name, mac, path=SLOT) for name, mac in (("eth1", "a"), ("eth2", "b")))
    found, missing = located(BY_SLOT, (INTERNET_CARD, *two))
    assert found.networks[0].members == ()
    assert missing == (Missing("lan", SLOT, ("eth1", "eth2")),)


def test_an_internet_port_that_may_be_two_is_neither() -> None:
    two = tuple(replace(INTERNET_CARD, name=name, mac=name) for name in ("eth0", "eth9"))
    found, missing = located(replace(BY_SLOT, networks=()), two)
    assert (found.wan, missing) == (None, (Missing("wan", "pci-0000:02:00.0", ("eth0", "eth9")),))


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


def test_a_session_of_large_packets_has_a_cable_of_larger_ones() -> None:
    by_session = replace(WAN, mtu=1500, pppoe=Pppoe("me"))
    assert wanted(replace(CONFIG, wan=by_session))["eth0"].mtu == 1508
    tagged = wanted(replace(CONFIG, wan=replace(by_session, vlan=7)))
    assert (tagged["eth0"].mtu, tagged["eth0.7"].mtu) == (1508, 1508)


def test_a_session_of_usual_packets_leaves_its_cable_alone() -> None:
    for mtu in (None, 1400, 1492):
        by_session = replace(WAN, mtu=mtu, pppoe=Pppoe("me"))
        assert wanted(replace(CONFIG, wan=by_session))["eth0"].mtu is None


GUEST = Network(
    "guest", "br-guest", (), IPv4Interface("10.78.0.1/24"), tagged=(Tagged("eth1", 20),)
)
TAGGED = replace(CONFIG, networks=(LAN, GUEST))
UP = Link(bridge=False, up=True)
CARDS = {"eth0": UP, "eth1": UP}
TAG = Link(bridge=False, up=True, master="br-guest", parent="eth1", vlan=20)


def test_a_tag_is_a_link_in_the_bridge_of_its_network() -> None:
    found = wanted(TAGGED)
    assert (found["eth1.20"], found["eth1"].master) == (TAG, "br-lan")


def test_a_tag_is_made_before_it_joins_its_bridge() -> None:
    found = steps(wanted(TAGGED), CARDS)
    tag = [step for step in found if getattr(step, "link", "") == "eth1.20"]
    assert tag == [
        AddVlan("eth1.20", "eth1", 20),
        Enslave("eth1.20", "br-guest"),
        BringUp("eth1.20"),
    ]


def test_a_port_is_on_before_its_tag() -> None:
    config = replace(CONFIG, networks=(replace(GUEST, tagged=(Tagged("zz-very-long-n", 20),)),))
    off = {"eth0": UP, "zz-very-long-n": Link(bridge=False, up=False)}
    found = [step.link for step in steps(wanted(config), off) if isinstance(step, BringUp)]
    assert found.index("zz-very-long-n") < found.index("vlan20-bada05")


def test_a_bridge_of_a_tag_takes_the_mac_of_its_port() -> None:
    assert AddBridge("br-guest", "eth1") in steps(wanted(TAGGED), CARDS)


def test_where_there_are_tags_a_bridge_takes_frames_without_one_only() -> None:
    found = steps(wanted(TAGGED), CARDS)
    assert KeepTagsOut("br-lan", untagged=True) in found
    assert not any(isinstance(step, KeepTagsOut) for step in steps(wanted(CONFIG), CARDS))


def test_a_bridge_takes_tags_again_when_nobody_has_any() -> None:
    scope = together((wanted(TAGGED), wanted(CONFIG)))
    now = owned({**wanted(TAGGED), **CARDS}, scope)
    assert KeepTagsOut("br-lan", untagged=False) in steps(wanted(CONFIG), now)


def test_a_tag_that_nobody_wants_any_more_goes() -> None:
    assert DropVlan("eth1.20") in steps(wanted(CONFIG), {**wanted(CONFIG), "eth1.20": TAG})


def test_a_tag_of_ours_is_known_after_a_crash() -> None:
    assert "eth1.20" in owned({**CARDS, "eth1.20": TAG}, wanted(CONFIG))


def test_an_interface_of_somebody_else_for_a_tag_is_not_ours() -> None:
    theirs = Link(bridge=False, up=True)
    assert owned({**CARDS, "eth1.30": theirs}, wanted(TAGGED)).keys() == CARDS.keys()


def test_a_tag_of_a_renamed_card_is_made_anew() -> None:
    now = {**wanted(TAGGED), "old.20": replace(TAG)}
    del now["eth1.20"]
    found = steps(wanted(TAGGED), now)
    assert AddVlan("eth1.20", "eth1", 20, instead_of="old.20") in found
    assert DropVlan("old.20") not in found


def test_an_applied_configuration_with_tags_leaves_nothing_to_do() -> None:
    assert steps(wanted(TAGGED), wanted(TAGGED)) == ()


def test_a_tag_on_a_port_that_is_not_there_is_named_once() -> None:
    found, missing = located(TAGGED, NICS[:1])
    assert found.networks[1].tagged == ()
    assert missing == (Missing("lan", "eth1"), Missing("guest", "eth1"))


def test_a_tag_is_on_the_port_that_its_mac_means() -> None:
    guest = replace(GUEST, tagged=(Tagged("52:54:00:00:00:01", 20),))
    found, _ = located(replace(CONFIG, networks=(guest,)), NICS)
    assert found.networks[0].tagged == (Tagged("eth1", 20),)


def test_a_mac_means_the_card_and_not_the_tag_on_it() -> None:
    tag = Nic("eth1.20", "52:54:00:00:00:01", driver="802.1Q VLAN Support")
    config = replace(CONFIG, networks=(replace(LAN, ports=("52:54:00:00:00:01",)),))
    assert located(config, (*NICS, tag))[0].networks[0].ports == ("eth1",)


def test_the_internet_with_a_tag_is_a_link_of_its_own() -> None:
    config = replace(CONFIG, wan=replace(WAN, vlan=7, mac="02:00:00:00:00:99", mtu=1508))
    found = wanted(config)
    assert found["eth0"] == Link(bridge=False, up=True, mtu=1508)
    assert found["eth0.7"] == Link(
        bridge=False, up=True, mtu=1508, mac="02:00:00:00:00:99", parent="eth0", vlan=7
    )


def test_a_port_with_nothing_but_tags_is_a_trunk() -> None:
    alone = replace(CONFIG, networks=(replace(LAN, ports=()), GUEST), wan=replace(WAN, vlan=7))
    assert trunks(TAGGED) == ()
    assert trunks(alone) == ("eth1", "eth0")
    assert made_for_tags(alone) == {"eth1.20", "eth0.7"}


def test_a_port_that_leads_to_the_internet_no_more_is_as_it_came() -> None:
    cloned = replace(CARD, mtu=1400, mac="02:00:00:00:00:07")
    own = (SetMac("eth0", "52:54:00:00:00:00"), SetMtu("eth0", 1500))
    assert steps({}, {"eth0": cloned}) == own


def test_a_port_of_which_nothing_was_asked_keeps_what_it_has() -> None:
    assert steps({}, {"eth0": replace(CARD, mtu=None, mac=None)}) == ()
