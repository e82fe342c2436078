"""What net remembers across a restart, from the slices it published."""

from ipaddress import IPv4Interface, IPv6Interface, IPv6Network

from appliance.clock import FAR_SECONDS
from appliance.events import ClockDoubted, ClockTrusted
from appliance.model.config import Network, RouterConfig
from appliance.model.facts import NOTHING_FOUND, Delegation, Facts
from appliance.model.ipv6 import Ipv6
from appliance.model.slices import Slices
from appliance.model.wan import Wan
from appliance.plan.slices import cut
from services.net.aim import Aim, aim
from services.net.outside import Ears, Outside

NOW = 1_795_000_200.0
LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"), ipv6=Ipv6())
CONFIG = RouterConfig((LAN,), Wan("eth0"))
OLD = Facts(Delegation(IPv6Network("2001:db8:42::/56"), 3600, 7200))
NEW = Facts(Delegation(IPv6Network("2001:db8:77::/56"), 3600, 7200))


def led(facts: Facts) -> Aim:
    return aim(CONFIG, (), NOW, facts=facts)


def told(outside: Outside, facts: Facts, now: float = NOW) -> Slices:
    return outside.told(cut(CONFIG, 1, {}), led(facts), now)


def test_an_old_prefix_is_taken_back_by_a_role_that_starts_again() -> None:
    before = told(Outside(Ears(), None, NOW), OLD)
    after = told(Outside(Ears(), before, NOW), NEW)
    lifetimes = {str(it.prefix): it.valid_seconds for it in after.ipv6.networks[0].prefixes}
    assert lifetimes == {"2001:db8:77::/64": 5400, "2001:db8:42::/64": 0}


def test_the_address_in_an_old_prefix_is_ours_to_take_away() -> None:
    before = told(Outside(Ears(), None, NOW), OLD)
    scope = Outside(Ears(), before, NOW).promised(led(NEW))
    assert scope.addresses["br-lan"] == {IPv6Interface("2001:db8:42::1/64")}


def test_a_clock_in_1970_is_told_once() -> None:
    outside = Outside(Ears(), None, 0.0)
    assert not told(outside, NOTHING_FOUND, 0.0).time.trusted
    assert outside.news() == (ClockDoubted(),)
    assert outside.news() == ()


def test_a_clock_that_an_ntp_server_set_is_believed() -> None:
    outside = Outside(Ears(synchronised=lambda: True), None, 0.0)
    assert told(outside, NOTHING_FOUND).time.trusted
    assert outside.news() == ()


def test_a_doubted_clock_that_is_set_is_told() -> None:
    before = told(Outside(Ears(), None, 0.0), NOTHING_FOUND, 0.0)
    outside = Outside(Ears(synchronised=lambda: True), before, 60.0)
    told(outside, NOTHING_FOUND)
    assert outside.news() == (ClockTrusted(),)


def test_the_floor_is_on_disk() -> None:
    before = told(Outside(Ears(), None, NOW), NOTHING_FOUND)
    assert before.time.floor == NOW
    for now in (NOW - 86_400, NOW + FAR_SECONDS):
        assert not told(Outside(Ears(), before, now), NOTHING_FOUND, now).time.trusted
