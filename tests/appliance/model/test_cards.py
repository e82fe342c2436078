import json
from dataclasses import replace

import pytest

from appliance.errors import Refused
from appliance.model import exchange, read
from appliance.model.cards import every_port, meant, named, names
from appliance.model.vlan import Tagged
from appliance.model.wan import Wan
from hardware.inventory import Nic
from tests.appliance.model.firewall_home import GUEST, HOME, LAN

MAC, SLOT = "52:54:00:00:01:01", "pci-0000:01:00.0"
USB = "pci-0000:00:14.0-usb-0:1.2:1.0"
CARD = Nic("eth1", MAC, path=SLOT)
BY_SLOT = replace(
    HOME,
    networks=(
        replace(LAN, ports=(SLOT,)),
        replace(GUEST, ports=(), tagged=(Tagged("platform-fd580000.ethernet", 20),)),
    ),
    wan=Wan(USB),
)


def test_a_card_is_meant_by_three_words() -> None:
    assert meant([CARD]) == dict.fromkeys(("eth1", MAC, SLOT), ("eth1",))


def test_two_sockets_of_one_device_are_not_told_apart_by_its_slot() -> None:
    other = Nic("eth2", "52:54:00:00:01:02", path=SLOT)
    assert meant([CARD, other])[SLOT] == ("eth1", "eth2")
    assert SLOT not in names([CARD, other])


def test_two_cards_of_one_mac_are_not_told_apart_by_it() -> None:
    assert meant([CARD, replace(CARD, name="eth2", path="pci-0000:02:00.0")])[MAC] == (
        "eth1",
        "eth2",
    )


def test_a_mac_means_the_card_and_not_what_is_made_over_it() -> None:
    assert names([Nic("bond0", MAC), CARD])[MAC] == "eth1"


def test_a_tag_is_meant_by_its_name_alone() -> None:
    tag = Nic("eth1.20", MAC, driver="802.1Q VLAN Support")
    assert names([CARD, tag]) == names([CARD]) | {"eth1.20": "eth1.20"}


def test_a_card_that_is_not_here_keeps_its_word() -> None:
    assert named(BY_SLOT, {}) == BY_SLOT


def test_every_place_of_a_port_gets_the_name() -> None:
    found = named(BY_SLOT, dict.fromkeys(every_port(BY_SLOT), "eth9"))
    assert set(every_port(found)) == {"eth9"}


@pytest.mark.parametrize("text", [exchange.exported(BY_SLOT), json.dumps(read.to_json(BY_SLOT))])
def test_slots_come_back_from_a_file(text: str) -> None:
    assert read.config(exchange.imported(text).stored) == BY_SLOT


@pytest.mark.parametrize(
    "word", ["pci-0000:01:00.0 ", "pci-0000:01", "usb-0:1.2:1.0", "0000:01:00.0"]
)
def test_what_is_no_word_for_a_port_is_refused(word: str) -> None:
    stored = read.to_json(HOME)
    stored["networks"][0]["ports"] = [word]
    with pytest.raises(Refused, match=r"write it like eth0, 52:54:00:12:34:56 or pci-0000:01:00"):
        read.config(stored)
