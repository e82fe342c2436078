"""Lifetimes of prefixes, as a device on the LAN hears them."""

from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface, IPv6Network

from appliance.model.announced import AnnouncedPrefix, Ipv6Slice
from appliance.model.config import Network, RouterConfig
from appliance.model.facts import NOTHING_FOUND, Delegation, Facts
from appliance.model.ipv6 import Ipv6
from appliance.model.wan import Wan
from appliance.plan.announced import announced, promised

NOW = 1_000_000_300.0
LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"), ipv6=Ipv6())
CONFIG = RouterConfig((LAN,), Wan("eth0"), ula=IPv6Network("fd12:3456:789a::/48"))
OWN, OLD, NEW = map(IPv6Network, ("fd12:3456:789a::/64", "2001:db8:42::/64", "2001:db8:77::/64"))


def lent(prefix: IPv6Network, preferred: int = 86_400, valid: int = 172_800) -> Facts:
    return Facts(Delegation(prefix.supernet(new_prefix=56), preferred, valid))


def told(found: Ipv6Slice) -> dict[IPv6Network, tuple[int, int]]:
    (network,) = found.networks
    return {it.prefix: (it.preferred_seconds, it.valid_seconds) for it in network.prefixes}


def test_long_lifetimes_are_cut_short() -> None:
    found = announced(CONFIG, lent(OLD), Ipv6Slice(), NOW)
    assert told(found) == {OWN: (2700, 5400), OLD: (2700, 5400)}


def test_a_prefix_is_not_promised_for_longer_than_we_have_it() -> None:
    found = announced(CONFIG, lent(OLD, 1000, 3500), Ipv6Slice(), NOW)
    assert told(found)[OLD] == (960, 3480)


def test_a_prefix_that_is_replaced_is_taken_back_at_once() -> None:
    before = announced(CONFIG, lent(OLD), Ipv6Slice(), NOW)
    assert told(announced(CONFIG, lent(NEW), before, NOW + 5))[OLD] == (0, 0)


def test_a_prefix_is_taken_back_until_nobody_can_believe_in_it() -> None:
    found = announced(CONFIG, lent(OLD), Ipv6Slice(), NOW)
    for seconds in (5_300, 6_100):
        found = announced(CONFIG, lent(NEW), found, NOW + seconds)
        assert (OLD in told(found)) == (seconds == 5_300)


def test_taking_back_does_not_make_the_memory_longer() -> None:
    found = announced(CONFIG, lent(OLD), Ipv6Slice(), NOW)
    first = announced(CONFIG, lent(NEW), found, NOW + 5)
    second = announced(CONFIG, lent(NEW), first, NOW + 1_000)
    assert [it for one in second.networks for it in one.prefixes if it.prefix == OLD] == [
        it for one in first.networks for it in one.prefixes if it.prefix == OLD
    ]


def test_a_prefix_that_comes_back_lives_again() -> None:
    gone = announced(CONFIG, NOTHING_FOUND, announced(CONFIG, lent(OLD), Ipv6Slice(), NOW), NOW)
    assert told(gone)[OLD] == (0, 0)
    assert told(announced(CONFIG, lent(OLD), gone, NOW + 9))[OLD] == (2700, 5400)


def test_a_clock_that_went_back_does_not_keep_an_old_prefix_for_ever() -> None:
    found = announced(CONFIG, lent(OLD), Ipv6Slice(), NOW)
    found = announced(CONFIG, lent(NEW), found, 0.0)
    (until,) = [it.until for one in found.networks for it in one.prefixes if it.prefix == OLD]
    assert until == 6_000.0


def test_ipv6_that_is_switched_off_is_taken_back() -> None:
    before = announced(CONFIG, lent(OLD), Ipv6Slice(), NOW)
    off = replace(CONFIG, networks=(replace(LAN, ipv6=None),))
    found = announced(off, lent(OLD), before, NOW)
    assert told(found) == {OWN: (0, 0), OLD: (0, 0)}
    assert found.ask_on is None


def test_we_are_a_default_router_only_with_a_delegated_prefix() -> None:
    alone, out = (
        announced(CONFIG, facts, Ipv6Slice(), NOW) for facts in (NOTHING_FOUND, lent(OLD))
    )
    assert [one.networks[0].default_route for one in (alone, out)] == [False, True]


def test_the_lasting_address_is_in_our_own_prefix() -> None:
    found = announced(CONFIG, lent(OLD), Ipv6Slice(), NOW)
    assert found.networks[0].router == IPv6Address("fd12:3456:789a::1")


def test_nothing_is_written_anew_while_nothing_changes() -> None:
    first = announced(CONFIG, lent(OLD), Ipv6Slice(), NOW)
    assert announced(CONFIG, lent(OLD, 86_385), first, NOW + 15) == first


def test_an_address_in_a_prefix_of_before_a_crash_is_ours_to_take_away() -> None:
    before = announced(CONFIG, lent(OLD), Ipv6Slice(), NOW)
    assert promised(CONFIG, before)["br-lan"] == {
        IPv6Interface("fd12:3456:789a::1/64"),
        IPv6Interface("2001:db8:42::1/64"),
    }


def test_an_old_prefix_has_lifetimes_of_nothing() -> None:
    before = announced(CONFIG, lent(OLD), Ipv6Slice(), NOW)
    until = before.networks[0].prefixes[1].until
    after = announced(CONFIG, lent(NEW), before, NOW)
    assert after.networks[0].prefixes[2] == AnnouncedPrefix(OLD, 0, 0, until)


def test_what_the_provider_lends_is_told() -> None:
    found = [announced(CONFIG, one, Ipv6Slice(), NOW) for one in (lent(OLD), NOTHING_FOUND)]
    assert [one.delegated for one in found] == [IPv6Network("2001:db8:42::/56"), None]


def test_nobody_is_asked_before_the_way_out_has_its_link() -> None:
    for out, link in ((False, None), (True, "eth0")):
        assert announced(CONFIG, NOTHING_FOUND, Ipv6Slice(), NOW, out=out).ask_on == link


def test_a_prefix_in_which_we_still_answer_is_on_the_cable_for_what_was_begun() -> None:
    before = announced(CONFIG, lent(OLD), Ipv6Slice(), NOW)
    moved = replace(CONFIG, networks=(replace(LAN, ipv6=Ipv6(7)),))
    held = {"br-lan": (OWN, OLD)}
    found = told(announced(moved, lent(OLD, 1000, 3500), before, NOW, held=held))
    assert {part: found[part] for part in (OWN, OLD)} == {OWN: (0, 5400), OLD: (0, 3480)}


def test_a_prefix_that_is_held_no_more_is_taken_back() -> None:
    moved = replace(CONFIG, networks=(replace(LAN, ipv6=Ipv6(7)),))
    trial = announced(moved, NOTHING_FOUND, Ipv6Slice(), NOW, held={"br-lan": (OWN,)})
    assert told(announced(moved, NOTHING_FOUND, trial, NOW + 90))[OWN] == (0, 0)


def test_another_end_of_the_router_leaves_its_prefix_alone() -> None:
    found = announced(CONFIG, NOTHING_FOUND, Ipv6Slice(), NOW, held={"br-lan": (OWN,)})
    assert told(found) == {OWN: (2700, 5400)}
