from dataclasses import replace
from ipaddress import IPv4Address

from appliance.model.slices import TRIED
from services.dhcp.guard import LISTENING
from services.dhcp.self_offer import self_offer
from tests.services.dhcp.router import LAN, Router, says


def test_a_stranger_would_be_offered_an_address() -> None:
    router = Router(replace(LAN, stage=TRIED))
    assert self_offer(router.lan, router.now) == ("10.77.0.100", "")


def test_what_was_offered_is_free_again() -> None:
    router = Router(replace(LAN, last=IPv4Address("10.77.0.100")))
    for _ in range(3):
        assert self_offer(router.lan, router.now) == ("10.77.0.100", "")
        router.now += 2
    assert router.lease() == "10.77.0.100"


def test_a_used_up_pool_says_so() -> None:
    router = Router(replace(LAN, last=IPv4Address("10.77.0.100")))
    router.lease()
    assert self_offer(router.lan, router.now) == ("", "the pool is used up")


def test_a_quiet_network_says_why() -> None:
    router = Router()
    router.lan.quiet = LISTENING
    assert self_offer(router.lan, router.now) == ("", LISTENING.why)


def test_others_are_offered_the_same_as_without_it() -> None:
    router = Router()
    self_offer(router.lan, router.now)
    assert router.reply(says(1)).yiaddr
