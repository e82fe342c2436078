from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from appliance import events, troubles
from appliance.events import Event, say
from appliance.model.dns import Dns
from appliance.model.slices import DhcpNetwork, DnsSlice, Slices
from appliance.store.inventory_view import MachineView
from appliance.store.journal import Entry
from appliance.store.leases import Trouble
from tests.appliance.test_diagnosis import boot

NOW = 1_000_000.0
FOREIGN = events.ForeignServer("lan", "10.77.0.254", "52:54:00:00:00:01")
LAN = DhcpNetwork(
    "lan", "br-lan", IPv4Interface("10.77.0.1/24"), IPv4Address("10.77.0.100"),
    IPv4Address("10.77.0.199"), 3600, "lan", netboot=True,
)  # fmt: skip
DNS = DnsSlice("nixie", "lan", (), Dns())
MISSING = events.LinkMissing("lan", "enp2s0")
BAD = events.GenerationBad("s/h", "h", 2, "image", "52:54:00:00:00:01", "b1", 2, "1 is served.")
UNCLEAR = events.LinkUnclear("lan", "enp2s0", "a and b")


def told(*pairs: tuple[float, Event]) -> list[Entry]:
    """Events by how many seconds ago they were, newest first."""
    return [Entry(seq, NOW - ago, event) for seq, (ago, event) in enumerate(pairs)]


@pytest.mark.parametrize(
    ("began", "over"),
    [
        (UNCLEAR, events.LinkReturned("lan", "enp2s0")),
        (MISSING, events.LinkReturned("lan", "enp2s0")),
        (events.RevisionRefused(3, "x"), events.RevisionApplied(3)),
        (events.NetworkUnreachable("x"), events.DriftRepaired("y")),
        (events.ClockDoubted(), events.ClockTrusted()),
        (BAD, events.GenerationGood("s/h", "h", 3, "mended", "52:54:00:00:00:01")),
        (BAD, events.GenerationChosen("s/h", "h serves generation 1.")),
    ],
)
def test_what_began_stands_until_it_is_over(began: Event, over: Event) -> None:
    assert [one.event for one in troubles.standing(told((9, began)), NOW)] == [began]
    assert troubles.standing(told((5, over), (9, began)), NOW) == []
    assert [one.event for one in troubles.standing(told((5, began), (9, over)), NOW)] == [began]


@pytest.mark.parametrize("ago", [31e6, -31e6], ids=["on", "back"])
def test_a_clock_that_was_set_in_between_prolongs_nothing(ago: float) -> None:
    down, up = (
        events.WanDown("enp1s0", "No cable."),
        events.WanUp("enp1s0", "198.51.100.7/24", "198.51.100.1"),
    )
    assert troubles.standing(told((5, up), (ago, down)), NOW) == []
    assert [one.event for one in troubles.standing(told((5, down), (ago, up)), NOW)] == [down]


@pytest.mark.parametrize("ago", [31e6, -31e6], ids=["on", "back"])
def test_what_is_told_for_a_while_is_not_told_for_years(ago: float) -> None:
    assert troubles.standing(told((ago, events.ServiceFailed("tftp", "no.", 2))), NOW) == []


@pytest.mark.parametrize(("began", "after"), [(MISSING, UNCLEAR), (UNCLEAR, MISSING)])
def test_a_port_is_missing_or_unclear_never_both(began: Event, after: Event) -> None:
    assert [one.event for one in troubles.standing(told((5, after), (9, began)), NOW)] == [after]


def test_the_end_of_one_thing_is_not_the_end_of_another() -> None:
    elsewhere = events.LinkReturned("guest", "enp2s0")
    assert [one.event for one in troubles.standing(told((5, elsewhere), (9, MISSING)), NOW)] == [
        MISSING
    ]
    other = events.GenerationGood("s/other", "other", 3, "mended", "52:54:00:00:00:01")
    assert [one.event for one in troubles.standing(told((5, other), (9, BAD)), NOW)] == [BAD]


def test_the_same_thing_is_told_once() -> None:
    stopped = [events.ServiceFailed("tftp", f"no {n}.", 2) for n in range(3)]
    found = troubles.standing(told(*((n, one) for n, one in enumerate(stopped))), NOW)
    assert [one.event for one in found] == [stopped[0]]


def test_what_dhcp_finds_is_told_until_the_owner_decides() -> None:
    found = [Trouble("lan", NOW, FOREIGN)]
    assert list(troubles.of_networks(found, None)) == [say(FOREIGN)]
    for decided in (False, True):
        slices = Slices(1, (replace(LAN, answer_beside_others=decided),), DNS, ())
        assert bool(list(troubles.of_networks(found, slices))) is not decided


def test_what_nobody_ends_grows_old() -> None:
    loop = events.BootLooping("lan", "52:54:00:00:00:01", "snponly.efi")
    assert troubles.standing(told((60, loop)), NOW)
    assert troubles.standing(told((3600, loop)), NOW) == []


def test_every_rule_names_fields_that_its_events_have() -> None:
    for began, rule in troubles.RULES.items():
        for kind in (began, *rule.until):
            assert set(rule.about) <= set(kind.__dataclass_fields__), kind


def test_only_the_last_boot_of_a_machine_of_the_owners_counts() -> None:
    machine = MachineView("m", "anvil", ((None, "a"),), "run", "i", None, None, None)
    boots = [
        replace(boot("short"), mac="a", diagnosis="kernel-no-sign-of-life"),
        replace(boot("short"), mac="a"),
        boot("short"),
    ]
    assert list(troubles.of_machines([machine], boots)) == [
        "The last boot of anvil fell short. The kernel was started, then fell silent."
    ]
    boots.insert(0, replace(boot("up"), mac="a"))
    assert list(troubles.of_machines([machine], boots)) == []
