from dataclasses import replace

import pytest

from appliance.errors import Refused
from appliance.model.wan import Wan
from appliance.store.trials import PortRow
from tests.appliance.model.firewall_home import GUEST, HOME, LAN
from webui.pages.ports import PortChoice, chosen, known, offered

MAC, SLOT = "02:00:00:00:00:01", "pci-0000:01:00.0"
CARD = PortRow("eth1", MAC, True, "lan", SLOT)
BARE = PortRow("eth2", "02:00:00:00:00:02", False, None)
PORTS = (CARD, BARE)


@pytest.mark.parametrize("word", ["eth1", MAC, SLOT])
def test_a_port_is_ticked_by_any_word_for_it(word: str) -> None:
    assert [one.value for one in offered(PORTS, HOME, (word,), "lan") if one.chosen] == ["eth1"]


@pytest.mark.parametrize("word", ["eth1", MAC, SLOT])
def test_a_port_says_whose_it_is_by_any_word_for_it(word: str) -> None:
    config = replace(HOME, networks=(replace(LAN, ports=(word,)), GUEST), wan=Wan("eth9"))
    (card, _) = offered(PORTS, config, (), "guest")
    assert card.under == f"{MAC}, {SLOT}, plugged in, now of lan"


@pytest.mark.parametrize(
    ("word", "under"),
    [
        ("eth7", "not there today"),
        ("02:00:00:00:00:77", "no card has this MAC today"),
        ("pci-0000:07:00.0", "no card is in this slot today"),
    ],
)
def test_what_is_not_there_says_why(word: str, under: str) -> None:
    assert offered((), HOME, (word,), "lan") == (PortChoice(word, under, chosen=True),)


def test_a_slot_of_two_says_which() -> None:
    two = (CARD, replace(CARD, link="eth3", mac="02:00:00:00:00:03"))
    *_, last = offered(two, HOME, (SLOT,), "lan")
    assert last == PortChoice(SLOT, "may be eth1 and eth3 today", chosen=True)


@pytest.mark.parametrize(("by", "word"), [("name", "eth1"), ("mac", MAC), ("slot", SLOT)])
@pytest.mark.parametrize("picked", ["eth1", MAC, SLOT])
def test_a_picked_port_is_known_by_the_chosen_word(picked: str, by: str, word: str) -> None:
    assert chosen((picked,), PORTS, by) == (word,)


def test_each_port_keeps_its_word() -> None:
    assert chosen(("eth1", "eth2"), PORTS, "each", (SLOT, "eth2")) == (SLOT, "eth2")


def test_what_is_not_there_keeps_its_word() -> None:
    assert chosen(("pci-0000:07:00.0",), PORTS, "mac") == ("pci-0000:07:00.0",)


def test_a_port_in_no_slot_is_not_known_by_one() -> None:
    with pytest.raises(Refused, match="eth2 has no slot of its own"):
        chosen(("eth1", "eth2"), PORTS, "slot")


def test_a_slot_of_two_is_no_word_for_one() -> None:
    two = (CARD, replace(CARD, link="eth3", mac="02:00:00:00:00:03"))
    with pytest.raises(Refused, match="eth1 has no slot of its own"):
        chosen(("eth1",), two, "slot")


def test_slots_are_offered_where_there_are_any() -> None:
    assert [one.value for one in known(PORTS, "name")] == ["name", "mac", "slot"]
    assert [one.value for one in known((BARE,), "name")] == ["name", "mac"]


def test_what_holds_now_is_always_offered() -> None:
    assert [one.value for one in known((BARE,), "slot")] == ["name", "mac", "slot"]
    assert [one.value for one in known((BARE,), "each")] == ["name", "mac", "each"]
