from dataclasses import replace

from appliance.model.check import problems
from appliance.model.config import RouterConfig
from appliance.model.firewall import Rule, Zone
from appliance.model.guests import isolated, joined
from appliance.model.reachability import matrix
from tests.appliance.model.firewall_home import GUEST, LAN, WAN

TWO = RouterConfig((LAN, replace(GUEST, zone="lan")), WAN)
APART = isolated(TWO, "visitors")


def words(config: RouterConfig, source: str, destination: str) -> str:
    (found,) = (
        cell.words
        for cell in matrix(config)
        if (cell.source, cell.destination, cell.family) == (source, destination, 4)
    )
    return found


def test_a_guest_network_reaches_the_internet_alone() -> None:
    assert words(APART, "guest", "internet") == "everything"
    assert words(APART, "guest", "lan") == "nothing"


def test_a_guest_network_gets_what_it_needs_here() -> None:
    assert words(APART, "guest", "router") == "ping, DHCP, DNS, time"
    boots = isolated(replace(TWO, networks=(LAN, replace(GUEST, netboot=True))), "visitors")
    assert words(boots, "guest", "router") == "ping, DHCP, DNS, time, boot"


def test_an_isolated_network_is_a_good_configuration() -> None:
    assert problems(APART) == ()


def test_the_switch_goes_back() -> None:
    assert joined(APART, "visitors") == TWO


def test_a_zone_for_guests_that_the_owner_made_is_left_as_it_is() -> None:
    own = replace(TWO, zones=(*TWO.zones, Zone("guest", reaches=())))
    assert isolated(own, "visitors").zones == own.zones


def test_a_zone_for_guests_that_a_rule_names_stays() -> None:
    ruled = replace(APART, rules=(Rule("a", "guest", "internet", "drop"),))
    assert joined(ruled, "visitors").zones == APART.zones


def test_the_last_network_that_manages_is_not_isolated_unnoticed() -> None:
    alone = isolated(RouterConfig((LAN,), WAN), "lan")
    assert [problem.where for problem in problems(alone)] == [("zones",)]
