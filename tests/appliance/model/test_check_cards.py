from dataclasses import replace
from itertools import permutations

import pytest

from appliance.model.check import problems
from appliance.model.check_cards import hidden
from appliance.model.vlan import Tagged
from appliance.model.wan import Wan
from tests.appliance.model.firewall_home import GUEST, HOME, LAN

WORDS = ("eth1", "52:54:00:00:01:01", "pci-0000:01:00.0")
NAMES = dict.fromkeys(WORDS, "eth1")


@pytest.mark.parametrize(("one", "other"), [*permutations(WORDS, 2)])
def test_a_card_by_two_words_is_one_card(one: str, other: str) -> None:
    config = replace(HOME, networks=(replace(LAN, ports=(one,)), GUEST), wan=Wan(other))
    assert problems(config) == ()
    (found,) = hidden(config, NAMES)
    assert found.what == "eth1 is used twice; a port has one place only."


@pytest.mark.parametrize(("one", "other"), [*permutations(WORDS, 2)])
def test_a_tag_on_a_card_belongs_to_one_network_however_it_is_called(one: str, other: str) -> None:
    lan, guest = (
        replace(net, tagged=(Tagged(port, 20),)) for net, port in ((LAN, one), (GUEST, other))
    )
    config = replace(HOME, networks=(lan, guest))
    assert problems(config) == ()
    assert [found.where[:2] for found in hidden(config, NAMES)] == [("networks", 1)]


def test_what_is_wrong_anyway_is_not_said_twice() -> None:
    both = replace(HOME, networks=(replace(LAN, ports=("eth1", "eth1")), GUEST))
    assert list(hidden(both, NAMES)) == []
