"""RFC 2131 table 4 and what surrounds it; firmware is in test_booting.py."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.events import LeaseDeclined, LeaseRefused, PoolEmpty, Unanswered
from appliance.model.slices import DhcpNetwork
from services.dhcp.answer import answer
from services.dhcp.destination import Delivery
from services.dhcp.guard import LISTENING
from services.dhcp.lan import Lan
from services.dhcp.options import IPV6_ONLY
from services.dhcp.reply import Reply, Silence
from services.dhcp.wire import ACK, NAK, OFFER, decode, encode
from services.netboot.recipe import Nothing
from tests.services.dhcp.router import (
    LAN,
    LOADERS,
    MAC,
    Router,
    address,
    capture,
    number,
    says,
    with_reservation,
)

DISCOVER, REQUEST, DECLINE, RELEASE, INFORM = 1, 3, 4, 7, 8
OTHER = b"\x02\x00\x00\x00\x00\x09"
US = "10.77.0.1"
WORRIED = Nothing("another DHCP server answers here", Unanswered.FOREIGN_SERVER)


def kind_of(reply: Reply | Silence) -> int | None:
    return decode(reply.data).kind if isinstance(reply, Reply) else None


# ── DISCOVER ──────────────────────────────────────────────────────────────────────────────────────


def test_a_discover_is_offered_a_pool_address(router: Router) -> None:
    offer = router.reply(says(DISCOVER))
    assert (offer.kind, address(offer.yiaddr), offer.xid) == (OFFER, "10.77.0.100", 1)


def test_an_offer_says_mask_router_names_and_times(router: Router) -> None:
    options = router.reply(says(DISCOVER)).options
    assert options[1].hex() == "ffffff00"
    assert options[3] == options[6] == options[54] == bytes((10, 77, 0, 1))
    assert options[15] == b"lan"
    assert options[28] == bytes((10, 77, 0, 255))
    assert [int.from_bytes(options[code], "big") for code in (51, 58, 59)] == [3600, 1800, 3150]


def test_an_offer_is_not_written_to_disk(router: Router) -> None:
    reply = router.asked(says(DISCOVER))
    assert reply.lease is None


def test_an_ack_is_written_to_disk_first(router: Router) -> None:
    router.asked(says(DISCOVER))
    reply = router.asked(says(REQUEST, wanted="10.77.0.100", server=US))
    assert reply.lease is not None
    assert address(reply.lease.address) == "10.77.0.100"


def test_the_client_id_is_sent_back(router: Router) -> None:
    assert router.reply(says(DISCOVER, o61=b"\xffwho")).options[61] == b"\xffwho"


def test_an_ordinary_client_gets_no_boot_fields(router: Router) -> None:
    for name in ("laptop-discover", "windows-discover", "busybox-discover"):
        offer = router.reply(capture(name))
        assert not {43, 60, 66, 67, 97, 175} & set(offer.options)
        assert (offer.siaddr, offer.file, offer.server_name) == (0, b"", b"")


def test_a_client_without_an_address_is_reached_by_its_hardware_address(router: Router) -> None:
    reply = router.asked(says(DISCOVER))
    assert isinstance(reply, Reply)
    assert reply.delivery is Delivery.TO_HARDWARE
    assert (address(reply.address), reply.chaddr) == ("10.77.0.100", MAC)


def test_a_used_up_pool_is_silent_with_an_event(router: Router) -> None:
    for n in range(100):
        router.lease(mac=n.to_bytes(6, "big"))
    assert router.silence(says(DISCOVER, mac=OTHER)) == "the pool is used up"
    assert router.events[-1] == PoolEmpty("lan", "02:00:00:00:00:09", used=100, size=100)
    assert router.lan.full


def test_a_reserved_device_gets_its_address() -> None:
    router = Router(with_reservation(MAC, "10.77.0.7", "printer"))
    assert router.lease() == "10.77.0.7"


def test_a_reserved_name_is_told_to_who_asks() -> None:
    router = Router(with_reservation(MAC, "10.77.0.7", "printer"))
    assert router.reply(says(DISCOVER, o55=b"\x01\x0c")).options[12] == b"printer"
    assert 12 not in router.reply(says(DISCOVER, o55=b"\x01\x03")).options


def test_the_owners_options_are_sent() -> None:
    router = Router(replace(LAN, options=((42, bytes((10, 77, 0, 9))), (6, b"\x09\x09\x09\x09"))))
    options = router.reply(says(DISCOVER)).options
    assert options[42] == bytes((10, 77, 0, 9))
    assert options[6] == b"\x09\x09\x09\x09"


def test_the_owner_cannot_break_the_protocol_by_an_option() -> None:
    router = Router(replace(LAN, options=((53, b"\x06"), (54, b"\x01\x01\x01\x01"), (82, b"x"))))
    options = router.reply(says(DISCOVER)).options
    assert (options[53], options[54]) == (b"\x02", bytes((10, 77, 0, 1)))
    assert 82 not in options


def test_ipv6_only_is_told_only_to_who_asks_for_it() -> None:
    router = Router(replace(LAN, options=((IPV6_ONLY, b"\x00\x00\x07\x08"),)))
    assert IPV6_ONLY not in router.reply(says(DISCOVER, o55=b"\x01")).options
    assert router.reply(says(DISCOVER, o55=b"\x01\x6c")).options[IPV6_ONLY] == b"\x00\x00\x07\x08"


# ── REQUEST: table 4 ──────────────────────────────────────────────────────────────────────────────


def test_g29_selecting_us_is_acknowledged(router: Router) -> None:
    router.reply(says(DISCOVER))
    ack = router.reply(says(REQUEST, wanted="10.77.0.100", server=US))
    assert (ack.kind, address(ack.yiaddr)) == (ACK, "10.77.0.100")


def test_g29_selecting_another_server_is_not_answered(router: Router) -> None:
    router.reply(says(DISCOVER))
    request = says(REQUEST, wanted="10.77.0.100", server="10.77.0.250")
    assert router.silence(request) == "it chose another server (10.77.0.250)"


def test_an_offer_that_another_server_beat_is_free_again(router: Router) -> None:
    router.reply(says(DISCOVER))
    router.silence(says(REQUEST, wanted="10.77.0.100", server="10.77.0.250"))
    assert address(router.reply(says(DISCOVER, mac=OTHER, wanted="10.77.0.100")).yiaddr) == (
        "10.77.0.100"
    )


def test_g29_selecting_an_address_we_did_not_offer_is_refused(router: Router) -> None:
    router.lease(mac=OTHER)
    router.reply(says(DISCOVER))
    assert router.reply(says(REQUEST, wanted="10.77.0.100", server=US)).kind == NAK


def test_an_offer_survives_our_restart(router: Router) -> None:
    assert router.reply(says(REQUEST, wanted="10.77.0.142", server=US)).kind == ACK


def test_g29_init_reboot_with_the_right_address_is_acknowledged(router: Router) -> None:
    held = router.lease()
    ack = router.reply(says(REQUEST, wanted=held))
    assert (ack.kind, address(ack.yiaddr), ack.ciaddr) == (ACK, held, 0)


def test_g29_init_reboot_with_another_networks_address_is_refused(router: Router) -> None:
    reply = router.asked(capture("g29-init-reboot"))
    assert kind_of(reply) == NAK
    assert isinstance(reply, Reply)
    assert reply.delivery is Delivery.BROADCAST
    assert router.events[0] == LeaseRefused(
        "lan", "52:54:00:12:34:56", "192.168.7.9", "it belongs to another network."
    )


def test_g29_init_reboot_with_another_devices_address_is_refused(router: Router) -> None:
    held = router.lease(mac=OTHER)
    assert router.reply(says(REQUEST, wanted=held)).kind == NAK


def test_g29_init_reboot_with_the_wrong_pool_address_is_refused(router: Router) -> None:
    router.lease()
    assert router.reply(says(REQUEST, wanted="10.77.0.150")).kind == NAK


@pytest.mark.parametrize(
    "name",
    [
        "ovmf-x64-request",
        "arm64-request",
        "x64-http-request",
        "ipxe2-request",
        "seabios-e1000-request",
    ],
)
def test_g29_a_captured_request_is_acknowledged_by_its_server(name: str) -> None:
    there = replace(
        LAN,
        address=IPv4Interface("192.0.2.1/24"),
        first=IPv4Address("192.0.2.50"),
        last=IPv4Address("192.0.2.199"),
    )
    ack = Router(there).reply(capture(name))
    assert (ack.kind, ack.yiaddr) == (ACK, decode(capture(name)).wanted)
    assert ack.options[67]


def test_g29_init_reboot_of_a_client_we_forgot_keeps_its_free_address(router: Router) -> None:
    assert router.reply(says(REQUEST, wanted="10.77.0.150")).kind == ACK


def test_init_reboot_of_a_stranger_beside_other_servers_is_not_answered() -> None:
    router = Router(replace(LAN, answer_beside_others=True))
    assert router.silence(says(REQUEST, wanted="10.77.0.150"))
    assert router.lease() == "10.77.0.100"


def test_init_reboot_with_an_address_outside_the_pool_is_refused(router: Router) -> None:
    assert router.reply(says(REQUEST, wanted="10.77.0.20")).kind == NAK


def test_our_own_address_is_refused_to_everybody(router: Router) -> None:
    assert router.reply(says(REQUEST, wanted=US)).kind == NAK


def test_renewing_is_acknowledged_to_the_clients_own_address(router: Router) -> None:
    held = router.lease()
    reply = router.asked(says(REQUEST, ciaddr=held))
    assert kind_of(reply) == ACK
    assert isinstance(reply, Reply)
    assert (reply.delivery, address(reply.address)) == (Delivery.TO_CLIENT, held)


def test_renewing_makes_the_lease_last_longer(router: Router) -> None:
    held = router.lease()
    router.now += 1800
    router.reply(says(REQUEST, ciaddr=held))
    assert router.lan.pool.leases[number(held)].ends_at == router.now + 3600


def test_rebinding_with_a_foreign_address_is_refused(router: Router) -> None:
    assert router.reply(says(REQUEST, ciaddr="192.168.7.9")).kind == NAK


def test_renewing_an_address_that_is_now_reserved_for_another_is_refused() -> None:
    router = Router(with_reservation(OTHER, "10.77.0.100"))
    assert router.reply(says(REQUEST, ciaddr="10.77.0.100")).kind == NAK


def test_a_request_for_no_address_is_not_answered(router: Router) -> None:
    assert router.silence(says(REQUEST)) == "it asks for no address"


def test_a_requested_address_of_the_wrong_size_counts_as_none(router: Router) -> None:
    assert router.silence(says(REQUEST, o50=b"\x0a\x4d")) == "it asks for no address"


def test_a_refusal_carries_no_lease(router: Router) -> None:
    nak = router.reply(capture("g29-init-reboot"))
    assert set(nak.options) == {53, 54, 56}
    assert (nak.yiaddr, nak.ciaddr, nak.siaddr) == (0, 0, 0)


def test_a_refusal_through_a_relay_asks_the_relay_to_broadcast(router: Router) -> None:
    nak = router.reply(says(REQUEST, wanted="192.168.7.9", giaddr="10.77.0.2"))
    assert nak.flags & 0x8000


# ── a new slice while addresses are held ──────────────────────────────────────────────────────────


def adopted(before: Router, network: DhcpNetwork) -> Router:
    """The router after a new slice came."""
    after = Router(network)
    for lease in before.lan.pool.leases.values():
        after.lan.pool.load(lease, after.now, 3600)
    return after


def test_a_holder_is_refused_once_its_address_is_reserved_for_another(router: Router) -> None:
    held = router.lease()
    after = adopted(router, with_reservation(OTHER, held))
    assert after.lease(mac=OTHER) == "10.77.0.101"
    assert after.reply(says(REQUEST, ciaddr=held)).kind == NAK
    assert after.lease() == "10.77.0.102"
    assert after.reply(says(REQUEST, mac=OTHER, ciaddr="10.77.0.101")).kind == NAK
    assert after.lease(mac=OTHER) == held


def test_the_address_that_a_refused_holder_left_is_written_down(router: Router) -> None:
    held = router.lease()
    after = adopted(router, with_reservation(OTHER, held))
    reply = after.asked(says(DISCOVER))
    assert reply.lease is not None
    assert (address(reply.lease.address), reply.lease.ends_at) == (held, after.now)
    assert after.asked(says(DISCOVER)).lease is None


def test_a_holder_outside_a_shrunk_pool_is_refused(router: Router) -> None:
    held = router.lease()
    after = adopted(router, replace(LAN, first=IPv4Address("10.77.0.110")))
    assert after.reply(says(REQUEST, ciaddr=held)).kind == NAK
    assert after.lease() == "10.77.0.110"


def test_a_reserved_device_that_declines_gets_an_address_of_the_pool() -> None:
    router = Router(with_reservation(MAC, "10.77.0.7", "printer"))
    router.lease()
    router.silence(says(DECLINE, wanted="10.77.0.7", server=US))
    assert router.lease() == "10.77.0.100"
    assert router.reply(says(REQUEST, ciaddr="10.77.0.100")).kind == ACK


# ── RELEASE, DECLINE, INFORM, the rest ────────────────────────────────────────────────────────────


def test_a_released_address_is_written_down(router: Router) -> None:
    held = router.lease()
    reply = router.asked(says(RELEASE, ciaddr=held, server=US))
    assert isinstance(reply, Silence)
    assert reply.lease is not None


def test_nobody_gives_back_the_address_of_another(router: Router) -> None:
    held = router.lease()
    router.silence(says(RELEASE, mac=OTHER, ciaddr=held, server=US))
    assert router.reply(says(REQUEST, ciaddr=held)).kind == ACK


def test_a_release_meant_for_another_server_changes_nothing(router: Router) -> None:
    held = router.lease()
    assert router.asked(says(RELEASE, ciaddr=held, server="10.77.0.250")).lease is None


def test_a_declined_address_rests_with_an_event(router: Router) -> None:
    held = router.lease()
    router.silence(says(DECLINE, wanted=held, server=US))
    assert router.events[-1] == LeaseDeclined("lan", "52:54:00:12:34:56", held)
    assert router.lease() == "10.77.0.101"
    assert router.lease(mac=OTHER) == "10.77.0.102"


def test_nobody_declines_the_address_of_another(router: Router) -> None:
    held = router.lease()
    router.silence(says(DECLINE, mac=OTHER, wanted=held, server=US))
    assert router.reply(says(REQUEST, ciaddr=held)).kind == ACK


def test_an_inform_is_told_everything_but_a_lease(router: Router) -> None:
    ack = router.reply(says(INFORM, ciaddr="10.77.0.50"))
    assert (ack.kind, ack.yiaddr, address(ack.ciaddr)) == (ACK, 0, "10.77.0.50")
    assert not {51, 58, 59} & set(ack.options)
    assert ack.options[6] == bytes((10, 77, 0, 1))


def test_an_inform_does_not_make_a_lease(router: Router) -> None:
    router.reply(says(INFORM, ciaddr="10.77.0.50"))
    assert not router.lan.pool.leases


def test_a_reply_on_the_server_port_is_not_answered(router: Router) -> None:
    assert router.silence(capture("g22-foreign-offer")) == "it is not a request"


def test_plain_bootp_is_not_answered(router: Router) -> None:
    assert "BOOTP" in router.silence(encode(op=1, xid=1, chaddr=MAC, options=()))


def test_a_message_without_any_identity_is_not_answered(router: Router) -> None:
    assert "neither" in router.silence(says(DISCOVER, mac=b""))


def test_g12_infiniband_is_known_by_its_client_id(router: Router) -> None:
    offer = router.reply(capture("g12-infiniband"))
    assert (offer.htype, offer.chaddr) == (32, b"")
    assert address(offer.yiaddr) == "10.77.0.100"


def test_g12_garbage_behind_the_hardware_address_is_not_sent_back(router: Router) -> None:
    assert router.reply(capture("g12-garbage")).raw[34:44] == bytes(10)


def test_a_client_id_of_type_and_mac_is_the_mac(router: Router) -> None:
    held = router.lease()
    assert router.lease(o61=b"\x01" + MAC) == held


def test_the_name_a_client_gives_itself_is_kept(router: Router) -> None:
    held = router.lease(o12=b"Laptop.example")
    assert router.lan.pool.leases[number(held)].hostname == "laptop"


# ── while the guard is worried ────────────────────────────────────────────────────────────────────


def test_a_quiet_network_offers_nothing(router: Router) -> None:
    router.lan.quiet = WORRIED
    assert router.silence(says(DISCOVER)) == "another DHCP server answers here"


def test_a_quiet_network_still_renews_what_it_gave(router: Router) -> None:
    held = router.lease()
    router.lan.quiet = WORRIED
    assert router.reply(says(REQUEST, ciaddr=held)).kind == ACK


def test_a_quiet_network_refuses_nobody(router: Router) -> None:
    router.lan.quiet = WORRIED
    assert router.silence(says(REQUEST, ciaddr="192.168.7.9"))


def test_g29_a_quiet_network_says_nothing_to_a_client_that_remembers(router: Router) -> None:
    router.lan.quiet = WORRIED
    assert router.silence(says(REQUEST, wanted="10.77.0.150"))
    assert router.silence(says(REQUEST, wanted="192.168.7.9"))


def test_a_quiet_network_lets_who_must_leave_an_address_stay(router: Router) -> None:
    held = router.lease()
    after = adopted(router, with_reservation(OTHER, held))
    after.lan.quiet = WORRIED
    assert after.silence(says(REQUEST, ciaddr=held))


def test_after_a_restart_renewals_are_answered_before_the_first_listening_is_over(
    router: Router,
) -> None:
    held = router.lease()
    after = adopted(router, LAN)
    after.lan.quiet = LISTENING
    assert after.reply(says(REQUEST, ciaddr=held)).kind == ACK
    assert after.silence(says(DISCOVER, mac=OTHER)) == LISTENING.why


# ── any message ───────────────────────────────────────────────────────────────────────────────────


@given(
    kind=st.integers(0, 20),
    ciaddr=st.sampled_from(["0.0.0.0", "10.77.0.100", "10.77.0.1", "8.8.8.8"]),
    giaddr=st.sampled_from(["0.0.0.0", "10.77.0.2", "9.9.9.9"]),
    mac=st.binary(max_size=16),
    options=st.dictionaries(
        st.sampled_from([12, 43, 50, 54, 55, 57, 60, 61, 67, 77, 81, 82, 93, 94, 97, 118, 175]),
        st.one_of(st.binary(max_size=40), st.just(b"PXEClient:Arch:00007"), st.just(b"iPXE")),
    ),
)
def test_every_message_gets_a_reply_or_a_reason(
    kind: int, ciaddr: str, giaddr: str, mac: bytes, options: dict[int, bytes]
) -> None:
    named: dict[str, Any] = {f"o{code}": value for code, value in options.items()}
    message = decode(says(kind, mac=mac, ciaddr=ciaddr, giaddr=giaddr, **named))
    reply = answer(message, Lan(LAN, LOADERS), 1_700_000_000.0)
    if isinstance(reply, Silence):
        assert reply.why
        return
    said = decode(reply.data)
    assert 300 <= len(reply.data) <= 1472
    assert said.kind in (OFFER, ACK, NAK)
    assert (said.xid, said.chaddr, said.giaddr) == (message.xid, message.chaddr, message.giaddr)


@pytest.mark.parametrize("lease_time", [60, 2_592_000])
def test_every_allowed_lease_time_is_said(lease_time: int) -> None:
    router = Router(replace(LAN, lease_seconds=lease_time))
    assert int.from_bytes(router.reply(says(DISCOVER)).options[51], "big") == lease_time
