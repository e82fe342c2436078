from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from appliance.model.config import Dhcp, Pool, Reservation, RouterConfig
from appliance.model.facts import Facts
from appliance.model.firewall import ACCEPT, REJECT, Forward, Ports, Rule
from appliance.model.pppoe import Pppoe
from appliance.model.shaping import Shaping
from appliance.model.wan import StaticAddress, Wan
from appliance.plan import firewall, order
from appliance.plan.flows import SHORTEN, Drop, Lay, State, steps, wanted
from tests.appliance.plan.test_links import CONFIG, LAN

FACTS = Facts(flowtable=True)


def ending(config: RouterConfig) -> dict[str, object]:
    """What becomes of a flow, by the line that it fits."""
    return {str(one["comment"]): one["expr"][-1] for one in wanted(config).rules}


def ruled(action: str) -> RouterConfig:
    return replace(CONFIG, rules=(Rule("r1", "lan", "internet", action),))


def test_its_links_are_bridges_and_never_the_ports_in_them() -> None:
    assert wanted(CONFIG).links == ("br-lan", "eth0")


def test_what_a_zone_reaches_takes_the_short_way() -> None:
    assert ending(CONFIG)["forward-lan-internet"] == SHORTEN


def test_a_flow_of_one_side_alone_does_not() -> None:
    first, second = wanted(CONFIG).rules[:2]
    assert (first["comment"], first["expr"][-1]) == ("not-yet", {"accept": None})
    assert (second["comment"], second["expr"][-1]) == ("answers", {"accept": None})


def test_what_a_rule_of_the_owner_counts_is_counted_to_its_end() -> None:
    found = ending(ruled(ACCEPT))
    assert found["rule:r1"] == {"accept": None}
    assert list(found).index("rule:r1") < list(found).index("forward-lan-internet")


def test_what_is_refused_never_comes_there() -> None:
    assert "rule:r1" not in ending(ruled(REJECT))


def test_without_a_way_out_there_is_none() -> None:
    assert wanted(replace(CONFIG, wan=None)) == State()


def test_a_kernel_without_flowtables_is_asked_for_none() -> None:
    assert order.wanted(CONFIG).flows == State()
    assert order.wanted(CONFIG, FACTS).flows == wanted(CONFIG)


def test_nothing_is_done_twice() -> None:
    assert steps(wanted(CONFIG), wanted(CONFIG), anew=False) == ()


def test_every_flow_is_judged_again_when_the_filter_changes() -> None:
    before = order.wanted(CONFIG, FACTS)
    for after in (ruled(REJECT), ruled(ACCEPT)):
        found = [type(step) for step in order.steps(order.wanted(after, FACTS), before)]
        assert found[:2] == [Drop, firewall.Refill]
        assert found[-1] is Lay


def test_an_edge_of_the_network_that_came_back_is_put_into_it() -> None:
    now = wanted(CONFIG)
    found = steps(now, replace(now, links=("br-lan",)), anew=False)
    assert found == (Drop(), Lay(now.links, now.rules))


def test_it_goes_with_the_way_out() -> None:
    before = order.wanted(CONFIG, FACTS)
    left = order.steps(order.wanted(replace(CONFIG, wan=None), FACTS), before)
    assert Drop() in left
    assert not any(isinstance(step, Lay) for step in left)


def test_what_is_bridged_or_led_back_in_takes_the_long_way() -> None:
    forward = Forward("web", "52:54:00:00:00:09", "tcp", Ports(8443))
    nas = Reservation(forward.mac, IPv4Address("10.77.0.9"))
    pool = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
    lan = replace(LAN, dhcp=Dhcp(pool, (nas,)))
    found = ending(replace(CONFIG, networks=(lan,), forwards=(forward,)))
    assert found["forward-within-lan"] == {"accept": None}
    assert found["forward:web"] == {"accept": None}


def test_a_session_that_is_not_there_yet_holds_nothing_up() -> None:
    wan = Wan("eth0", pppoe=Pppoe("me"), shaping=Shaping(up_kbit=1000))
    config = replace(CONFIG, wan=wan)
    found = order.wanted(config, FACTS)
    assert (found.flows, found.shaping) == (State(), order.State().shaping)


PAPER = StaticAddress(IPv4Interface("203.0.113.5/32"), IPv4Address("203.0.113.1"))
BY_SESSION = replace(CONFIG, wan=Wan("eth0", PAPER, vlan=7, pppoe=Pppoe("me")))


def test_flows_of_a_session_take_the_short_way_at_its_own_link() -> None:
    found = wanted(BY_SESSION)
    assert found.links == ("br-lan", "ppp-wan")
    assert ending(BY_SESSION)["forward-lan-internet"] == SHORTEN


def test_a_session_that_came_back_has_its_link_put_into_it() -> None:
    now = wanted(BY_SESSION)
    left = replace(now, links=("br-lan",))  # the kernel takes a link out that goes
    assert steps(now, left, anew=False) == (Drop(), Lay(now.links, now.rules))


def test_it_goes_with_the_session() -> None:
    assert BY_SESSION.wan
    over = replace(BY_SESSION, wan=replace(BY_SESSION.wan, static=None))
    assert steps(wanted(over), wanted(BY_SESSION), anew=False) == (Drop(),)
