from dataclasses import replace

import pytest

from appliance.model.compare import differences
from appliance.model.compare_ports import reworded
from appliance.model.config import RouterConfig
from appliance.model.vlan import Tagged
from appliance.model.wan import Wan
from tests.appliance.model.firewall_home import GUEST, HOME, LAN

MAC, SLOT = "52:54:00:00:01:01", "pci-0000:01:00.0"
NAMES = dict.fromkeys(("eth1", MAC, SLOT), "eth1")


def by(word: str) -> RouterConfig:
    guest = replace(GUEST, ports=(), tagged=(Tagged(word, 20),))
    return replace(HOME, networks=(replace(LAN, ports=(word,)), guest), wan=Wan("eth0"))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("eth1", SLOT, f"The port eth1 is known by its slot {SLOT} from now on, "
         "whatever card is there."),
        (SLOT, MAC, f"The port eth1 is known by its MAC {MAC} from now on, "
         "in whatever slot that card is."),
        (MAC, "eth1", "The port eth1 is known by its name from now on."),
    ],
)  # fmt: skip
def test_another_word_for_a_port_is_one_sentence(before: str, after: str, said: str) -> None:
    known, told = reworded(by(before), by(after), NAMES)
    assert told == (said,)
    assert differences(known, by(after)) == ()


def test_another_card_is_another_port() -> None:
    known, told = reworded(by("eth1"), by("pci-0000:02:00.0"), NAMES)
    assert told == ()
    assert known == by("eth1")


def test_a_port_that_keeps_its_word_is_not_told() -> None:
    assert reworded(by(SLOT), by(SLOT), NAMES) == (by(SLOT), ())
