from ipaddress import IPv4Interface, IPv6Network

from appliance.model.config import Network, RouterConfig
from appliance.model.facts import NOTHING_FOUND, Delegation, Facts
from appliance.model.ipv6 import Ipv6
from appliance.plan.unreachable import AddUnreachable, DropUnreachable, steps, wanted

LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"), ipv6=Ipv6())
OLD, NEW = IPv6Network("2001:db8:42::/56"), IPv6Network("2001:db8:77::/56")


def test_the_whole_delegated_prefix_leads_nowhere() -> None:
    assert wanted(RouterConfig((LAN,)), Facts(Delegation(OLD, 1, 1))) == {OLD}


def test_without_a_delegation_there_is_nothing_to_refuse() -> None:
    assert wanted(RouterConfig((LAN,)), NOTHING_FOUND) == frozenset()


def test_a_new_prefix_is_refused_before_the_old_one_is_let_go() -> None:
    assert steps({NEW}, {OLD}) == (AddUnreachable(NEW), DropUnreachable(OLD))
