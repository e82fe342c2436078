from dataclasses import replace
from ipaddress import IPv4Interface

from appliance.model.compare_cache import networks
from appliance.model.config import Network

LAN = Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"))
GUEST = replace(LAN, name="guest", zone="guest")


def test_the_cache_ends_and_begins() -> None:
    off = replace(LAN, cache="off")
    assert [*networks(LAN, off)] == ["The router is no longer a binary cache on lan."]
    assert [*networks(off, LAN)] == ["The router becomes a binary cache on lan."]


def test_a_network_of_another_zone_takes_it_along_or_not() -> None:
    assert [*networks(GUEST, replace(GUEST, zone="lan"))] == [
        "The router becomes a binary cache on guest."
    ]
    asked = replace(GUEST, cache="served")
    assert [*networks(asked, replace(asked, zone="lan"))] == []


def test_a_choice_that_changes_nothing_now_is_said_too() -> None:
    assert [*networks(LAN, replace(LAN, cache="served"))] == [
        "The binary cache on lan no longer follows the zone; for now it stays as it is."
    ]
