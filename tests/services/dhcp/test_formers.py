"""A network moves: what its clients are told before, during and after."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from appliance.model.slices import HELD, LEFT, SERVED, TRIED, DhcpNetwork
from services.dhcp.formers import on_link
from services.dhcp.guard import LISTENING
from services.dhcp.lan import Lan
from services.dhcp.rows import lease, row
from services.dhcp.wire import ACK, NAK, OFFER
from tests.services.dhcp.router import LAN, LOADERS, MAC, Router, address, says

DISCOVER, REQUEST, RELEASE, INFORM = 1, 3, 7, 8
HOME, AWAY = "10.77.0.1", "10.78.0.1"
TRIED_LAN = replace(
    LAN,
    address=IPv4Interface("10.78.0.1/24"),
    first=IPv4Address("10.78.0.100"),
    last=IPv4Address("10.78.0.199"),
    lease_seconds=60,
    stage=TRIED,
)
BEFORE = replace(LAN, lease_seconds=60, stage=HELD)
KEPT = replace(TRIED_LAN, lease_seconds=3600, stage=SERVED)


@pytest.fixture
def router() -> Router:
    """With a client that holds 10.77.0.100 for an hour."""
    made = Router()
    assert made.lease() == "10.77.0.100"
    return made


def adopt(router: Router, network: DhcpNetwork, *before: DhcpNetwork) -> None:
    """A new slice, and the leases as they are stored."""
    stored = [row("lan", one) for one in router.lan.pool.leases.values()]
    router.lan = Lan(network, LOADERS, before)
    for one in sorted(stored, key=lambda one: one[7]):
        router.lan.pool.load(lease(one, network.lease_seconds), router.now, 1e9)


def renewed(router: Router, at: str) -> int:
    return router.reply(says(REQUEST, ciaddr=at)).kind


def test_during_a_trial_a_holder_renews_at_the_old_server(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    ack = router.reply(says(REQUEST, ciaddr="10.77.0.100"))
    assert (ack.kind, address(ack.yiaddr)) == (ACK, "10.77.0.100")
    assert ack.options[54] == ack.options[3] == IPv4Address(HOME).packed
    assert int.from_bytes(ack.options[51], "big") == 60


def test_a_renewal_during_a_trial_is_on_disk_first(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    reply = router.asked(says(REQUEST, ciaddr="10.77.0.100"))
    assert reply.lease is not None
    assert reply.lease.ends_at == router.now + 60


def test_a_stranger_gets_an_address_of_the_tried_network_for_a_minute(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    offer = router.reply(says(DISCOVER, mac=b"\2\0\0\0\0\7"))
    assert (offer.kind, address(offer.yiaddr)) == (OFFER, "10.78.0.100")
    assert int.from_bytes(offer.options[51], "big") == 60


def test_who_begins_anew_during_a_trial_is_moved(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    assert router.reply(says(REQUEST, wanted="10.77.0.100")).kind == NAK
    reply = router.asked(says(DISCOVER))
    assert reply.lease is not None  # the old one, given back, goes to disk
    assert address(reply.lease.address) == "10.77.0.100"
    taken = router.reply(says(REQUEST, wanted="10.78.0.100", server=AWAY))
    assert (taken.kind, address(taken.yiaddr)) == (ACK, "10.78.0.100")


def test_who_pretends_to_hold_a_lease_is_refused(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    assert router.reply(says(REQUEST, mac=b"\2\0\0\0\0\7", ciaddr="10.77.0.100")).kind == NAK


def test_a_lease_that_has_ended_is_not_renewed(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    router.now += 3601
    assert renewed(router, "10.77.0.100") == NAK


def test_after_an_undo_a_client_of_the_tried_network_is_sent_back(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    router.asked(says(DISCOVER))
    router.reply(says(REQUEST, wanted="10.78.0.100", server=AWAY))
    adopt(router, LAN)
    assert renewed(router, "10.78.0.100") == NAK
    assert router.lease() == "10.77.0.100"  # the address that it had before


def test_after_keep_an_old_client_is_sent_on_at_its_next_renewal(router: Router) -> None:
    adopt(router, KEPT, replace(BEFORE, stage=LEFT))
    reply = router.asked(says(REQUEST, ciaddr="10.77.0.100"))
    assert reply.lease is not None
    assert reply.lease.ends_at == router.now  # nobody waits for it any more
    assert router.reply(says(REQUEST, ciaddr="10.77.0.100")).kind == NAK
    offer = router.reply(says(DISCOVER))
    assert address(offer.yiaddr) == "10.78.0.100"
    assert int.from_bytes(offer.options[51], "big") == 3600


def test_the_refusal_names_the_server_that_the_client_knows(router: Router) -> None:
    adopt(router, KEPT, replace(BEFORE, stage=LEFT))
    refused = router.reply(says(REQUEST, ciaddr="10.77.0.100"))
    assert (refused.kind, refused.options[54]) == (NAK, IPv4Address(HOME).packed)


def test_an_address_of_the_old_network_can_be_given_back(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    reply = router.asked(says(RELEASE, ciaddr="10.77.0.100", server=HOME))
    assert reply.lease is not None
    assert reply.lease.ends_at == router.now


def test_who_informs_us_from_the_old_network_hears_of_its_own_router(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    ack = router.reply(says(INFORM, ciaddr="10.77.0.100"))
    assert ack.options[3] == IPv4Address(HOME).packed


def test_a_holder_that_fits_into_the_tried_pool_is_served_by_it(router: Router) -> None:
    adopt(router, replace(LAN, domain="other", lease_seconds=60), BEFORE)
    ack = router.reply(says(REQUEST, ciaddr="10.77.0.100"))
    assert (ack.kind, ack.options[15]) == (ACK, b"other")


def test_a_holder_outside_the_tried_pool_renews_as_before(router: Router) -> None:
    adopt(router, replace(LAN, first=IPv4Address("10.77.0.150"), lease_seconds=60), BEFORE)
    assert renewed(router, "10.77.0.100") == ACK


def test_the_old_address_of_the_router_is_given_to_nobody(router: Router) -> None:
    beside = replace(TRIED_LAN, address=IPv4Interface("10.77.0.254/24"), first=IPv4Address(HOME))
    adopt(router, replace(beside, last=IPv4Address("10.77.0.1")), BEFORE)
    assert "used up" in router.silence(says(DISCOVER, mac=b"\2\0\0\0\0\7"))


def test_a_holder_renews_while_strangers_are_kept_waiting(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    router.lan.quiet = LISTENING
    assert renewed(router, "10.77.0.100") == ACK


def test_a_client_keeps_its_lease_across_a_trial(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    router.now += 30
    assert renewed(router, "10.77.0.100") == ACK
    adopt(router, LAN)
    router.now += 30
    ack = router.reply(says(REQUEST, ciaddr="10.77.0.100"))
    assert (ack.kind, int.from_bytes(ack.options[51], "big")) == (ACK, 3600)


def test_one_network_is_served_on_a_link_with_those_before_it() -> None:
    other = replace(LAN, name="guest", link="br-guest")
    assert on_link("br-lan", (TRIED_LAN, other, BEFORE)) == (TRIED_LAN, (BEFORE,))


def test_where_dhcp_ends_on_trial_its_holders_are_served() -> None:
    assert on_link("br-lan", (BEFORE,)) == (BEFORE, ())


def test_where_dhcp_has_ended_nobody_is_served() -> None:
    assert on_link("br-lan", (replace(BEFORE, stage=LEFT),)) == (None, ())


def test_a_client_is_known_by_the_lease_that_fits(router: Router) -> None:
    adopt(router, TRIED_LAN, BEFORE)
    router.now += 1
    router.asked(says(DISCOVER))
    adopt(router, LAN)
    found = router.lan.pool.find(MAC, b"h" + MAC, router.now, boot=False)
    assert found is not None
    assert address(found.address) == "10.77.0.100"


def test_a_lease_from_before_is_stored_under_the_name_of_its_network() -> None:
    lan = Lan(replace(TRIED_LAN, name="office"), LOADERS, (BEFORE,))
    assert lan.called(int(IPv4Address("10.77.0.100"))) == "lan"
    assert lan.called(int(IPv4Address("10.78.0.100"))) == "office"


def test_a_network_that_was_only_renamed_stores_everybody_under_its_new_name() -> None:
    lan = Lan(replace(LAN, name="office"), LOADERS, (BEFORE,))
    assert lan.called(int(IPv4Address("10.77.0.100"))) == "office"
