from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network

from appliance.model.able import NO_CAKE, NO_FLOWTABLE, NO_VLAN, lacks, refusals, within
from appliance.model.config import Network, RouterConfig
from appliance.model.dns import Dns, Forwarding, Upstream
from appliance.model.facts import Facts
from appliance.model.firewall import StaticRoute
from appliance.model.ipv6 import Ipv6
from appliance.model.shaping import Shaping
from appliance.model.slices import KernelSlice
from appliance.model.vlan import Tagged
from appliance.model.wan import Wan

NINE = Upstream(IPv4Address("9.9.9.9"))
NINE_SIX = Upstream(IPv6Address("2620:fe::fe"))
ADDRESS = IPv4Interface("10.78.0.1/24")
GUEST = Network("guest", "br-guest", ("eth2",), ADDRESS, tagged=(Tagged("eth1", 20),))
CONFIG = RouterConfig((GUEST,), Wan("eth0", shaping=Shaping(up_kbit=1000)))
POOR = Facts(ipv6=False, vlan=False, cake=False)


def test_a_kernel_that_has_everything_refuses_nothing() -> None:
    assert (tuple(refusals(CONFIG, Facts())), within(CONFIG, Facts())) == ((), CONFIG)


def test_what_a_kernel_lacks_is_refused_at_its_place() -> None:
    told = [(problem.where, problem.what) for problem in refusals(CONFIG, POOR)]
    assert told == [(("networks", 0, "tagged"), NO_VLAN), (("wan", "shaping"), NO_CAKE)]


def test_a_tag_of_the_internet_is_refused_too() -> None:
    config = RouterConfig((), Wan("eth0", vlan=7))
    assert [problem.where for problem in refusals(config, POOR)] == [("wan", "vlan")]
    assert within(config, POOR).wan is None


def test_the_rest_of_a_network_goes_on_without() -> None:
    config = replace(CONFIG, networks=(replace(GUEST, ipv6=Ipv6()),))
    left = within(config, POOR)
    assert left == RouterConfig((replace(GUEST, tagged=()),), Wan("eth0"))


BY_SIX = replace(
    CONFIG,
    dns=Dns((NINE, NINE_SIX), forwardings=(Forwarding("corp.example", (NINE_SIX,)),)),
    routes=(StaticRoute(IPv6Network("fd99::/48"), IPv6Address("fe80::9%guest")),),
)


def test_a_kernel_without_ipv6_reaches_nobody_by_it() -> None:
    told = [problem.where for problem in refusals(BY_SIX, Facts(ipv6=False))]
    assert told == [
        ("routes", 0, "gateway"),
        ("dns", "upstreams", 1, "address"),
        ("dns", "forwardings", 0, "upstreams", 0, "address"),
    ]


def test_without_ipv6_the_servers_with_ipv4_are_asked() -> None:
    left = within(BY_SIX, Facts(ipv6=False)).dns
    assert left == Dns((NINE,), forwardings=(Forwarding("corp.example", ()),))


def test_what_a_kernel_lacks_is_said_once_it_was_tried() -> None:
    assert tuple(lacks(KernelSlice())) == ()
    poor = KernelSlice(vlan=False, cake=False, flowtable=False)
    assert tuple(lacks(poor)) == (NO_VLAN, NO_CAKE, NO_FLOWTABLE)
