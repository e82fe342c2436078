from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from appliance.model.config import Network, RouterConfig
from appliance.model.ipv6 import Ipv6
from appliance.model.pppoe import LINK, Pppoe
from appliance.model.wan import StaticAddress, Wan
from appliance.plan.sysctls import BRIDGED_V4, FORWARD_V4, Write, steps, wanted
from tests.appliance.model.firewall_home import HOME, SSH, ruled

LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"))
WAN = Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1")))


def test_a_setting_with_the_right_value_is_not_written() -> None:
    assert steps({"net/x": "1"}, {"net/x": "1"}) == ()


def test_a_setting_of_a_link_that_is_still_to_come_is_written() -> None:
    assert steps({"net/x": "1"}, {}) == (Write("net/x", "1"),)


def test_a_setting_that_this_kernel_lacks_is_passed_over() -> None:
    assert steps({"net/ipv6/x": "1"}, {"net/ipv6/x": None}) == ()


def test_forwarding_is_switched_off_when_no_config_wants_it_any_more() -> None:
    assert steps({}, {FORWARD_V4: "1", "net/x": "1"}) == (Write(FORWARD_V4, "0"),)


def test_without_a_way_out_forwarding_is_nobodys_business() -> None:
    assert FORWARD_V4 not in wanted(RouterConfig((LAN,)))


def test_with_a_way_out_the_router_forwards() -> None:
    assert wanted(RouterConfig((LAN,), WAN))[FORWARD_V4] == "1"


def test_announcements_of_other_routers_are_not_obeyed_on_the_internet_side() -> None:
    assert wanted(RouterConfig((LAN,), WAN))["net/ipv6/conf/eth0/accept_ra"] == "0"


def test_what_a_forward_sends_back_into_its_network_is_routed() -> None:
    assert wanted(ruled(forwards=(SSH,)))[BRIDGED_V4] == "0"


def test_without_forwards_bridged_frames_are_nobodys_business() -> None:
    assert BRIDGED_V4 not in wanted(HOME)


def test_a_session_obeys_its_provider_once_it_is_there() -> None:
    six = (replace(LAN, ipv6=Ipv6()),)
    there = replace(WAN, pppoe=Pppoe("me"))
    found = wanted(RouterConfig(six, there))
    assert found[f"net/ipv6/conf/{LINK}/accept_ra"] == "2"
    coming = wanted(RouterConfig(six, replace(there, static=None)))
    assert not [path for path in coming if LINK in path]


def test_a_link_that_leads_to_the_internet_no_more_forgets_what_it_was_told() -> None:
    there = "net/ipv6/conf/eth0/{}"
    assert steps({}, {there.format("accept_ra"): "2", there.format("disable_ipv6"): "0"}) == (
        Write(there.format("accept_ra"), "0"),
        Write(there.format("disable_ipv6"), "1"),
        Write(there.format("disable_ipv6"), "0"),
    )


def test_a_link_that_obeyed_nobody_keeps_its_ipv6() -> None:
    assert steps({}, {"net/ipv6/conf/eth0/accept_ra": "0"}) == ()
