from ipaddress import IPv4Address, IPv4Interface

from appliance.model.firewall import EVERYWHERE
from appliance.plan import order
from appliance.plan.addresses import AddAddress
from appliance.plan.firewall import Refill
from appliance.plan.routes import DropRoute, Route
from appliance.plan.sysctls import FORWARD_V4, Write
from appliance.plan.words import SPECIAL, WORDS, say


def test_every_kind_of_step_can_be_said() -> None:
    assert set(WORDS) | set(SPECIAL) == set(order.PHASES)


def test_an_address() -> None:
    step = AddAddress("br-lan", IPv4Interface("10.77.0.1/24"))
    assert say(step) == "Give br-lan the address 10.77.0.1/24."


def test_a_route() -> None:
    step = DropRoute(Route(EVERYWHERE, IPv4Address("192.0.2.1"), "eth0"))
    assert say(step) == "Stop sending 0.0.0.0/0 to 192.0.2.1 through eth0."


def test_forwarding() -> None:
    assert say(Write(FORWARD_V4, "1")) == "Start forwarding between networks."


def test_rules_that_only_changed_their_order() -> None:
    said = say(Refill((), (), (), (), (), ()))
    assert said == "Write the filter in one go: the same rules in another order."
