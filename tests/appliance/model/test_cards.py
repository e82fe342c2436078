from dataclasses import replace

from appliance.model.cards import hidden, named
from appliance.model.check import problems
from appliance.model.vlan import Tagged
from appliance.model.wan import Wan
from tests.appliance.model.firewall_home import GUEST, HOME, LAN

MAC = "52:54:00:00:01:01"
NAMES = {MAC: "eth1"}


def test_a_card_by_its_name_in_one_place_has_no_other_by_its_mac() -> None:
    config = replace(HOME, networks=(replace(LAN, ports=("eth1",)), GUEST), wan=Wan(MAC))
    assert problems(config) == ()
    (one,) = hidden(config, NAMES)
    assert one.what == "eth1 is used twice; a port has one place only."


def test_a_tag_on_a_card_belongs_to_one_network_however_it_is_called() -> None:
    lan, guest = (
        replace(one, tagged=(Tagged(port, 20),)) for one, port in ((LAN, "eth1"), (GUEST, MAC))
    )
    config = replace(HOME, networks=(lan, guest))
    assert problems(config) == ()
    assert [one.where[:2] for one in hidden(config, NAMES)] == [("networks", 1)]


def test_what_is_wrong_anyway_is_not_said_twice() -> None:
    both = replace(HOME, networks=(replace(LAN, ports=("eth1", "eth1")), GUEST))
    assert list(hidden(both, NAMES)) == []


def test_a_card_that_is_not_here_keeps_its_mac() -> None:
    config = replace(HOME, wan=Wan(MAC))
    assert named(config, {}) == config
